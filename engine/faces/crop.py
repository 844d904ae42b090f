"""The square around a head that DPE sees: FOMM / VoxCeleb framing, in which the head moves freely.

The frame is slow and dull on purpose. What moves the frame is taken from the head's motion, so it
holds still until the head leaves the middle, then goes along without a jerk. Its size comes from
points that no expression and no turn moves, so that it does not breathe.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.faces.roi import warped
from engine.frame import Pixels
from engine.smoothing import OneEuroFilter

STILL_POINTS = [
    *(33, 133, 263, 362),  # eye corners
    *(6, 168, 195, 197),  # bridge of the nose
    *(8, 9, 10, 151, 21, 54, 251, 284),  # forehead
    *(127, 234, 356, 454),  # temples
]
"""Their spread in 3-D varies by 0.3 to 1.3 % over clips in which the face box varies by 4 %."""

CROP_SIDE = 4.8
"""Crop side over that spread: the face takes 0.58 of the side, as in the authors' own clip."""
CROP_BELOW = 0.39
"""How far the crop's centre lies below the points' mean, in their spread."""

FREE_SHIFT = 0.08
"""The head may leave the middle by so much of the side before the crop follows."""
FREE_SCALE = 0.08
"""The same for its size."""
JUMP = 0.5
"""A face so far off (of the side) is another face or a cut: the crop jumps there."""
CUTOFF_HZ = 0.8
BETA = 1.0
"""0.2 s late while the head moves slowly, 0.09 s at one crop side a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropBox:
    """A level square of a picture; pixel centres at integers."""

    x: float
    """Centre."""
    y: float
    side: float

    def crop_to_frame(self, size: int) -> NDArray[np.float64]:
        """(2, 3): a pixel of the size x size crop -> its place in the picture."""
        unit = self.side / size
        first = np.array([self.x, self.y]) - unit * (size - 1) / 2
        return np.column_stack([np.eye(2) * unit, first])

    def frame_to_crop(self, size: int) -> NDArray[np.float64]:
        """(2, 3): a place in the picture -> its pixel in the size x size crop."""
        unit = self.side / size
        first = np.array([self.x, self.y]) - unit * (size - 1) / 2
        return np.column_stack([np.eye(2) / unit, -first / unit])

    def cut(self, picture: Pixels, size: int) -> Pixels:
        """The crop as (size, size, 3); beyond the picture its edge pixels go on."""
        return warped(picture, self.crop_to_frame(size), size, border=cv2.BORDER_REPLICATE)

    def face(self, face: Face, size: int) -> Face:
        """A face of the picture, in pixels of the size x size crop."""
        matrix = self.frame_to_crop(size)
        return face.moved(float(matrix[0, 0]), (float(matrix[0, 2]), float(matrix[1, 2])))


def framing(face: Face) -> CropBox:
    """The crop that has the head in the middle."""
    points = face.landmarks[STILL_POINTS].astype(np.float64)
    middle = points.mean(axis=0)
    spread = float(np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))
    return CropBox(
        x=float(middle[0]), y=float(middle[1]) + CROP_BELOW * spread, side=CROP_SIDE * spread
    )


def portrait_crop(face: Face, width: int, height: int) -> CropBox:
    """The crop of a still portrait: moved into the picture as far as it fits."""
    box = framing(face)
    return CropBox(
        x=_inside(box.x, box.side, width), y=_inside(box.y, box.side, height), side=box.side
    )


class CropFollower:
    """Keeps the crop of one stream around its face."""

    def __init__(self) -> None:
        self._filter = OneEuroFilter(min_cutoff_hz=CUTOFF_HZ, beta=BETA)
        self._box: CropBox | None = None
        self._target: CropBox | None = None
        self._unit = 1.0

    @property
    def lag_ms(self) -> float:
        """How late the crop is behind a slowly moving head; the head in the crop is never late."""
        return self._filter.lag_ms()

    def update(self, face: Face, captured_ns: int) -> CropBox:
        """The crop for this picture."""
        wanted = framing(face)
        if self._box is None or self._target is None or _distance(wanted, self._box) > JUMP:
            self.reset()
            self._target, self._unit = wanted, wanted.side
        else:
            self._target = _within_reach(self._target, wanted)
        smooth = self._filter(_as_array(self._target) / self._unit, captured_ns) * self._unit
        self._box = CropBox(x=float(smooth[0]), y=float(smooth[1]), side=float(smooth[2]))
        return self._box

    def reset(self) -> None:
        """Forget the last face: the next one is framed at once."""
        self._filter.reset()
        self._box = self._target = None


def _within_reach(target: CropBox, wanted: CropBox) -> CropBox:
    """The target, moved no further than needed to keep the head inside the free zone."""
    shift = FREE_SHIFT * wanted.side
    return CropBox(
        x=min(max(target.x, wanted.x - shift), wanted.x + shift),
        y=min(max(target.y, wanted.y - shift), wanted.y + shift),
        side=min(max(target.side, wanted.side * (1 - FREE_SCALE)), wanted.side * (1 + FREE_SCALE)),
    )


def _distance(one: CropBox, other: CropBox) -> float:
    """Largest difference in place or size, in sides of the other."""
    return float(np.abs(_as_array(one) - _as_array(other)).max()) / other.side


def _as_array(box: CropBox) -> NDArray[np.float64]:
    return np.array([box.x, box.y, box.side])


def _inside(centre: float, side: float, length: int) -> float:
    """The centre nearest to this one with which the side lies in 0..length; else the middle."""
    if side >= length:
        return (length - 1) / 2
    return min(max(centre, side / 2 - 0.5), length - 0.5 - side / 2)
