"""What a decoding process writes: a line of JSON, then numbers and pixels.

The process has handled a stranger's file, so nothing that comes from it is trusted further than it
is checked here.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.appearances import PARTS, Appearance
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from stream.files.portrait_layout import MOST_APPEARANCES, KeptPortrait, are_faces
from stream.server.decode import LONGEST_SIDE


def packed(content: KeptPortrait) -> bytes:
    """A portrait on its way; of a picture, size and pixels are all there is."""
    pictures = [content.picture, *(each.picture for each in content.appearances)]
    faces = [content.face.landmarks, *(each.landmarks for each in content.appearances)]
    head = {
        "sizes": [picture.shape[:2] for picture in pictures],
        "confidence": content.face.confidence,
        "parts": [each.part for each in content.appearances],
        "gains": [each.gain.tolist() for each in content.appearances],
    }
    body = [np.asarray(faces, "<f4").tobytes(), *(picture.tobytes() for picture in pictures)]
    return json.dumps(head).encode() + b"\n" + b"".join(body)


def unpacked(written: bytes) -> Pixels | KeptPortrait:
    """The picture or the portrait; ValueError, KeyError or TypeError for anything else."""
    line, _, body = written.partition(b"\n")
    head = json.loads(line)
    if "sizes" not in head:
        return _pictures([[head["height"], head["width"]]], body)[0]
    sizes, parts = head["sizes"], head["parts"]
    if len(sizes) > 1 + MOST_APPEARANCES or not all(part in PARTS for part in parts):
        raise ValueError("these are not the parts of a portrait")
    cut = 4 * 3 * LANDMARKS * len(sizes)
    faces = np.frombuffer(body[:cut], "<f4").reshape(len(sizes), LANDMARKS, 3).astype(np.float32)
    gains = np.array(head["gains"], np.float32).reshape(len(sizes) - 1, 3)
    if not are_faces(faces) or not np.isfinite(gains).all():
        raise ValueError("these are not the numbers of a portrait")
    pictures = _pictures(sizes, body[cut:])
    appearances = [
        Appearance(part=part, picture=picture, landmarks=landmarks, gain=gain)
        for part, picture, landmarks, gain in zip(
            parts, pictures[1:], faces[1:], gains, strict=True
        )
    ]
    face = Face(landmarks=faces[0], confidence=float(head["confidence"]))
    return KeptPortrait(picture=pictures[0], face=face, appearances=tuple(appearances))


def _pictures(sizes: Sequence[Sequence[int]], body: bytes) -> list[NDArray[np.uint8]]:
    pictures, begin = [], 0
    for height, width in sizes:
        height, width = int(height), int(width)
        if not (1 <= height <= LONGEST_SIDE and 1 <= width <= LONGEST_SIDE):
            raise ValueError(f"a picture must fit {LONGEST_SIDE}, got {width} x {height}")
        end = begin + 3 * height * width
        pictures.append(np.frombuffer(body[begin:end], np.uint8).reshape(height, width, 3))
        begin = end
    if begin != len(body):
        raise ValueError(f"{len(body) - begin} bytes are left")
    return pictures
