"""How a face lies in the picture that PD-FGC sees: upright by its portrait, its mouth in place.

The authors align as PC-AVS does (`align_68.py`): eyes and inner lips go to fixed places of a
square, which is then cropped to 192 of 224 pixels and enlarged again. Scale and rotation are found
once for a stream, so that a head that rolls, turns or nods is seen to; each picture is only
shifted, which keeps the mouth where it is.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.faces.roi import warped
from engine.frame import Pixels
from engine.pdfgc.layout import SIZE

RIGHT_EYE = [33, 160, 158, 133, 153, 144]
LEFT_EYE = [362, 385, 387, 263, 373, 380]
INNER_LIPS = [78, 81, 13, 311, 308, 402, 14, 87]
"""The mesh's points at those of the 68 that are averaged: 36-41, 42-47 and 60-67."""

PLACES = np.array([[87.0, 59.0], [137.0, 59.0], [112.0, 120.0]])
"""Right eye, left eye and inner lips in the aligned square of 224 pixels."""
CUT = (16, 0)
"""First column and row of the 192 x 192 pixels that are enlarged to 224."""
ENLARGED = 7 / 6
TARGETS = (PLACES + 0.5 - np.array(CUT)) * ENLARGED - 0.5
"""(3, 2) the same points in the network's picture."""

NOW = 0.8
"""Of a shift: so much is this picture's own, at 25 a second; the rest is the last one's."""
PERIOD_S = 0.04
LEARNED_S = 1.0
"""So long scale and rotation are still averaged: the authors average the whole clip."""
OTHER = 1.4
"""A face larger or smaller by this factor came from elsewhere: it is aligned anew."""

Affine = NDArray[np.float64]
"""(2, 3)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alignment:
    """A picture's face in the network's square."""

    to_crop: Affine
    """A place in the picture -> its pixel in the square."""

    def to_picture(self, size: int = SIZE) -> Affine:
        """A pixel of the square, at any size of it, -> its place in the picture."""
        unit = SIZE / size
        back = np.asarray(cv2.invertAffineTransform(self.to_crop), np.float64)
        enlarge = np.array([[unit, 0.0, (unit - 1) / 2], [0.0, unit, (unit - 1) / 2], [0, 0, 1]])
        return np.asarray(back @ enlarge)

    @property
    def side(self) -> float:
        """Of the square, in pixels of the picture."""
        return float(SIZE / np.hypot(self.to_crop[0, 0], self.to_crop[1, 0]))

    def face(self, face: Face) -> Face:
        """A face of the picture, in the pixels of the square."""
        points = face.landmarks.astype(np.float64)
        moved = np.empty_like(face.landmarks)
        moved[:, :2] = points[:, :2] @ self.to_crop[:, :2].T + self.to_crop[:, 2]
        moved[:, 2] = points[:, 2] * (SIZE / self.side)
        return replace(face, landmarks=moved)

    def cut(self, picture: Pixels, size: int = SIZE) -> Pixels:
        """The square as (size, size, 3); beyond the picture it is black, as the authors have it."""
        return warped(picture, self.to_picture(size), size, border=cv2.BORDER_CONSTANT)


def three_points(face: Face) -> NDArray[np.float64]:
    """(3, 2): right eye, left eye, inner lips, each the mean of its landmarks."""
    points = face.landmarks[:, :2].astype(np.float64)
    return np.array([points[group].mean(axis=0) for group in (RIGHT_EYE, LEFT_EYE, INNER_LIPS)])


def aligned(face: Face) -> Alignment:
    """A single picture, fitted by itself: it loses its roll. Its mouth, too, is in its place."""
    points = three_points(face)
    turned = turning(points)
    shift = TARGETS[2] - turned @ points[2]
    return Alignment(to_crop=np.column_stack([turned, shift]))


def turning(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 2): scale and rotation that bring three points nearest to TARGETS, in least squares."""
    here, there = points - points.mean(axis=0), TARGETS - TARGETS.mean(axis=0)
    one, other = here @ [1, 1j], there @ [1, 1j]
    factor = complex(np.vdot(one, other) / max(np.vdot(one, one).real, 1e-12))
    return np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])


class AlignmentFollower:
    """Keeps one stream aligned."""

    def __init__(self) -> None:
        self._turned: NDArray[np.float64] | None = None
        self._mean = np.zeros((3, 2))
        self._count = 0
        self._shift = np.zeros(2)
        self._shot = 0
        self._began_ns = self._last_ns = 0

    def update(self, face: Face, captured_ns: int) -> Alignment:
        """The alignment for this picture."""
        points = three_points(face)
        if self._is_new(face, points):
            self._turned, self._count = None, 0
            self._mean[:] = 0.0
            self._began_ns, self._shot = captured_ns, face.shot
        if self._turned is None or captured_ns - self._began_ns < LEARNED_S * 1e9:
            self._count += 1
            # About the lips: a face that moves across the picture has the same shape.
            self._mean += (points - points[2] - self._mean) / self._count
            self._turned = turning(self._mean)
        wanted = TARGETS[2] - self._turned @ points[2]
        self._shift = self._smoothed(wanted, captured_ns)
        self._last_ns = captured_ns
        return Alignment(to_crop=np.column_stack([self._turned, self._shift]))

    def _is_new(self, face: Face, points: NDArray[np.float64]) -> bool:
        if self._turned is None or face.shot != self._shot:
            return True
        ratio = float(np.sqrt(np.linalg.det(turning(points)) / np.linalg.det(self._turned)))
        return not 1 / OTHER < ratio < OTHER

    def _smoothed(self, wanted: NDArray[np.float64], captured_ns: int) -> NDArray[np.float64]:
        elapsed_s = (captured_ns - self._last_ns) / 1e9
        if captured_ns == self._began_ns or elapsed_s < 0:
            return wanted
        before = (1.0 - NOW) ** (elapsed_s / PERIOD_S)
        return np.asarray(wanted + (self._shift - wanted) * before)
