"""What should not move, and does: flicker, breathing of size, wobble, dropped faces.

Taken in the mode "expression", in which the head must stay where the portrait has it.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.edit_measures import rim_moves
from benchmarks.quality.played import Played
from benchmarks.quality.rim import rim_mask
from benchmarks.quality.takes import Drive
from benchmarks.regions import Mask
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.model import Model
from engine.motion import Edit, Mode
from training.heads.webcam import Webcam, photographed

NOISY_FRAMES = 12

CAMERA = Webcam(
    blur_px=0.4,
    shrink=1.0,
    sharpening=0.0,
    gamma=1.0,
    gain=np.ones(3),
    saturation=1.0,
    vignette=0.0,
    grey_noise=0.005,
    colour_noise=0.003,
    jpeg_quality=92,
)
"""A usual webcam, reduced to the clip's size: most of its noise is averaged away by that."""


def steadiness(row: Played, drive: Drive) -> dict[str, float]:
    """Of a row in which the head should stay; nothing for fewer than three pictures.

    `rim flicker`: mean size of the second difference in time, of 255, around the face (hair, ears,
    what is behind), where no expression shows. `breathing`: standard deviation of the rim's size
    in %, as its pixels show (Lucas and Kanade), `swing` that of its roll in degrees. `wobble`:
    root mean square of the second difference of the face's middle, in thousandths of its height.
    """
    found = {"dropped": 100.0 * sum(face is None for face in row.faces) / max(len(row.faces), 1)}
    if len(row.pictures) < 3:
        return found
    rim = rim_mask(drive.face, drive.picture.shape[:2])
    if rim.any():
        found["rim flicker"] = _second_difference(row.pictures, rim)
    landmarks = drive.face.landmarks
    moves = np.array([rim_moves(drive.picture, picture, landmarks) for picture in row.pictures])
    found["breathing"], found["swing"] = (float(value) for value in moves.std(axis=0))
    found["wobble"] = wobble(row.faces)
    return found


def _second_difference(pictures: Sequence[Pixels], mask: Mask) -> float:
    parts = [picture[mask].astype(np.float32) for picture in pictures]
    bends = [c - 2.0 * b + a for a, b, c in zip(parts, parts[1:], parts[2:], strict=False)]
    return float(np.mean([np.abs(bend).mean() for bend in bends]))


def wobble(faces: Sequence[Face | None]) -> float:
    """See `steadiness`; over frames whose neighbours have a face, too."""
    middles = [None if face is None else face.landmarks[:468, :2].mean(axis=0) for face in faces]
    seen = next((face for face in faces if face is not None), None)
    if seen is None:
        return 0.0
    _, top, _, bottom = seen.box
    bends = [
        b - 2.0 * a + c
        for (c, a), (_, b) in pairwise(pairwise(middles))
        if a is not None and b is not None and c is not None
    ]
    if not bends:
        return 0.0
    return 1000.0 * float(np.sqrt(np.square(bends).sum(axis=1).mean())) / (bottom - top)


def still_flicker(model: Model[Any], drive: Drive, mode: Mode = "both") -> float | None:
    """Before a driver who sits still: mean change (of 255) from picture to picture in the face.

    The drive's frame farthest from neutral, taken again and again by a camera with noise, and
    tracked anew; None where the tracker finds it in none.
    """
    held = max(drive.frames, key=lambda frame: _apart(frame.face, drive.neutral.face))
    tracker, driver = MeshTracker(), model.driver()
    driver.calibrate(drive.neutral.picture, drive.neutral.face)
    stream = model.enroll(drive.picture, drive.face, drive.appearances).for_stream()
    pictures: list[Pixels] = []
    for number in range(NOISY_FRAMES):
        taken = photographed(held.picture, CAMERA, number)
        now_ns = round((number + 1) * 1e9 / drive.rate)
        face = tracker.find(taken, now_ns)
        if face is not None:
            motion = driver.read(taken, face, now_ns)
            pictures.append(stream.render(motion, Edit(mode=mode)))
    return flicker(pictures, drive.face.box) if len(pictures) > 1 else None


def flicker(pictures: Iterable[Pixels], box: tuple[float, float, float, float]) -> float:
    """Mean absolute difference (of 255) of each picture to the one before, inside the box.

    `box` is left, top, right, bottom in px; fewer than two pictures have none: 0.
    """
    left, top, right, bottom = (max(round(edge), 0) for edge in box)
    parts = [p[top:bottom, left:right].astype(np.float32) for p in pictures]
    steps = [np.abs(b - a).mean() for a, b in pairwise(parts)]
    return float(np.mean(steps)) if steps else 0.0


def _apart(face: Face, other: Face) -> float:
    return float(np.abs(face.landmarks[:, :2] - other.landmarks[:, :2]).mean())
