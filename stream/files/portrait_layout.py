"""What a portrait file holds: names, sizes and ranges of its members (docs/portrait-format.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.canonical import is_face_shaped
from engine.faces.face import Face
from engine.frame import Pixels

FORMAT = "understudy-portrait"
VERSION = 1
"""Raised whenever a reader of the old one would misread the new one."""

SUFFIX = ".portrait"
MANIFEST = "portrait.json"
"""The first member, so that the file's first bytes say what it is."""
LANDMARKS_FILE = "landmarks.npy"
PICTURE_FILE = "picture.png"

LARGEST_BYTES = 16 << 20
"""Of a file, and of all that is unpacked of it but the pictures' pixels; most have 2 MB."""
LARGEST_MANIFEST = 256 << 10
LARGEST_DIRECTORY = 64 << 10
"""Bytes of the zip's list of members, which is read before anything is known of them."""
LONGEST_SIDE = 1920
"""Of the picture, in pixels; a larger one is reduced when it is written. Whatever is shown has at
most 1080 lines."""
LONGEST_APPEARANCE_SIDE = 1024
MOST_APPEARANCES = 96
FARTHEST_PX = 32768.0
"""Of any landmark: those of an appearance lie mostly outside its small picture."""
LEAST_GAIN, MOST_GAIN = 0.1, 10.0

SIGN = b"PK\x03\x04"
"""How a zip begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptPortrait:
    """What a portrait file says of a person."""

    picture: Pixels
    """(H, W, 3): the person at rest."""
    face: Face
    """Of `picture`."""
    appearances: Sequence[Appearance] = ()

    def scaled(self, scale: float) -> "KeptPortrait":
        """The same with a smaller picture."""
        rows, columns = self.picture.shape[:2]
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        picture = cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA)
        # Pixel centres lie at integers.
        half = scale / 2 - 0.5
        return KeptPortrait(
            picture=np.asarray(picture, np.uint8),
            face=self.face.moved(scale, (half, half)),
            appearances=tuple(each.scaled(scale) for each in self.appearances),
        )


def is_portrait_file(head: bytes) -> bool:
    """Whether these are a portrait file's first bytes (64 are enough); its name says nothing."""
    return head.startswith(SIGN) and head[30 : 30 + len(MANIFEST)] == MANIFEST.encode()


def are_faces(faces: NDArray[np.float32]) -> bool:
    """Whether (N, 478, 3) numbers, which came from a file, can be the landmarks of faces."""
    # NaN comes through `max`.
    return float(np.abs(faces).max()) <= FARTHEST_PX and all(map(is_face_shaped, faces))


def appearance_file(number: int) -> str:
    """The member that holds the picture of the appearance with this number."""
    return f"appearance-{number:02}.png"
