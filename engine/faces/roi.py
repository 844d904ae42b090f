"""A rotated square in a picture, and how it is cut out for a network.

Landmark networks want the face (or the eye) upright, centred and always of the same size.
"""

from dataclasses import dataclass, replace
from math import cos, sin, sqrt
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

ROUNDED = 0.02
"""How far the aspect of a view may be off when it is sent at another size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square turned about its centre; coordinates as in `Face` (pixel centres at integers)."""

    x: float
    y: float
    side: float
    """In pixels of the picture."""
    angle_rad: float
    """Positive turns the square's own x axis towards the picture's y axis (down)."""
    is_mirrored: bool = False
    """The square's x axis points the other way (the left eye is shown as a right one)."""

    def to_picture(self, size: int) -> NDArray[np.float64]:
        """(2, 3) map from pixels of a size x size cut to the picture's; size / 2 is the centre.

        Half a pixel off the middle, as MediaPipe cuts: its networks learned their places so.
        """
        unit = self.side / size
        right = (unit * cos(self.angle_rad), unit * sin(self.angle_rad))
        flip = -1.0 if self.is_mirrored else 1.0
        linear = np.array([[right[0] * flip, -right[1]], [right[1] * flip, right[0]]])
        shift = np.array([self.x, self.y]) - linear @ np.full(2, size / 2)
        return np.column_stack([linear, shift])

    def scaled(self, scale: float) -> "Square":
        """The square in the same picture at another size."""
        middle = ((self.x + 0.5) * scale - 0.5, (self.y + 0.5) * scale - 0.5)
        return replace(self, x=middle[0], y=middle[1], side=self.side * scale)

    def points_to_picture(self, points: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Points (N, 3) of a size x size cut, in the picture; z is scaled alike."""
        matrix = self.to_picture(size)
        moved = np.empty((len(points), 3), np.float32)
        moved[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        moved[:, 2] = points[:, 2] * (self.side / size)
        return moved

    def cut(self, picture: Pixels, size: int) -> Pixels:
        """The square as a size x size picture; what lies outside the picture is black."""
        return warped(picture, self.to_picture(size), size, border=cv2.BORDER_CONSTANT)


def warped(picture: Pixels, matrix: NDArray[np.float64], size: int, *, border: int) -> Pixels:
    """(size, size, 3) whose pixel p shows the picture at `matrix` (2, 3) times p."""
    factor = int(np.hypot(*matrix[:, 0]))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if factor < 2:
        cut = cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=border)
        return as_pixels(cut)
    part, matrix = _reduced(picture, matrix, size, factor)
    # OpenCV samples four channels twice as fast as three, and this part is small.
    four = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
    cut = cv2.warpAffine(four, matrix, (size, size), flags=flags, borderMode=border)
    return as_pixels(cv2.cvtColor(cut, cv2.COLOR_RGBA2RGB))


def scale_of_view(before: tuple[int, int], now: tuple[int, int]) -> float | None:
    """How much larger (height, width) became; None where it isn't the same view any more.

    WebRTC sends a view smaller while a line is busy, and rounds its sides; a phone that is turned,
    or a camera that is cropped, changes the aspect.
    """
    by_height, by_width = now[0] / before[0], now[1] / before[1]
    if max(by_height, by_width) > (1.0 + ROUNDED) * min(by_height, by_width):
        return None
    return sqrt(by_height * by_width)


def as_pixels(array: object) -> Pixels:
    """What OpenCV returns for 8-bit pictures; its types say less."""
    return cast(Pixels, array)


def _reduced(
    picture: Pixels, matrix: NDArray[np.float64], size: int, factor: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """The part of the picture under the square, `factor` times smaller by averaging.

    Bilinear sampling alone would skip pixels: a large face would flicker with the sensor's noise.
    """
    corners = matrix[:, :2] @ np.array([[0, size, 0, size], [0, 0, size, size]]) + matrix[:, 2:]
    left, top = np.maximum(np.floor(corners.min(axis=1)).astype(int) - factor, 0)
    right, bottom = np.maximum(np.ceil(corners.max(axis=1)).astype(int) + factor, 0)
    # Whole cells only, so that the cell grid needs no second scale.
    part = picture[top:bottom, left:right]
    height, width = part.shape[0] // factor, part.shape[1] // factor
    if height == 0 or width == 0:
        return np.zeros((1, 1, 3), np.uint8), matrix
    whole = part[: height * factor, : width * factor]
    part = as_pixels(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
    # The centre of cell c lies at factor * c + (factor - 1) / 2 of the part.
    moved = matrix.copy()
    moved[:, 2] = (moved[:, 2] - (left, top) - (factor - 1) / 2) / factor
    moved[:, :2] /= factor
    return part, moved
