"""A part of the driver's head, small and grey, in the neutral frame: does it move as was read?

The neutral frame's picture is moved by several shares of a movement that was read from landmarks
and compared with the frame at hand, where a mask says.
"""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import PIVOT_CM, to_picture
from engine.frame import Pixels
from engine.geometry import Array, Similarity, rotation_from_vector, vector_from_rotation
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import CHIN, FOREHEAD

Grey: TypeAlias = NDArray[np.float32]
"""(rows, columns) in 0..255."""

Mask: TypeAlias = NDArray[np.uint8]
"""(rows, columns), 255 where pictures are compared, else 0."""

_SHARES = np.linspace(0.0, 1.0, 4)

_ROOM = 0.1
"""How far around the mask a moved one is followed: sides of the square. What goes farther is no
error of a tracker."""

_FARTHEST_LEVELS = 40.0
"""No difference counts for more."""


class Glimpse:
    """One part of the head in the driver's neutral frame."""

    def __init__(
        self,
        neutral: Reading,
        picture: Pixels,
        *,
        side_px: int,
        reach: float,
        depth_cm: float,
        mask: Callable[[Array], Mask],
    ) -> None:
        """Look at the neutral frame.

        Args:
            neutral: its face.
            picture: the frame.
            side_px: of the square, as it is compared.
            reach: side of the square that is looked at, in face heights.
            depth_cm: how far the part lies before the head's pivot, along the view.
            mask: what is compared, (side_px, side_px), from (478, 2) the landmarks in the square.
        """
        self.pivot = neutral.placement.apply(PIVOT_CM[None])[0]
        """(3,) px, y up: what the head turns about."""
        self._depth = float(self.pivot[2] + depth_cm * neutral.placement.scale)
        points = to_picture(neutral.landmarks)[:, :2]
        top, chin = points[FOREHEAD], points[CHIN]
        self.face_height = float(np.linalg.norm(chin - top))
        side = reach * self.face_height
        corner = (top + chin) / 2.0 - (side / 2.0, side * 0.58)  # more above than below
        scale = side_px / side
        square = mask((points - corner) * scale)
        # Of the square only what is compared, and what may come to lie there, is looked at.
        left, above, width, height = _around(square)
        self._mask = np.ascontiguousarray(square[above : above + height, left : left + width])
        self._size = width, height
        corner = corner + np.array([left, above]) / scale
        self._to_small = np.hstack([np.eye(2) * scale, -corner[:, None] * scale])
        # Pictures are thinned out before the affine map, which doesn't average.
        self._step = step = max(int(0.5 / scale), 1)
        self._reach = [
            (
                max(int(low / step) - 1, 0) * step,
                max(int((low + long / scale) / step) + 3, 2) * step,
            )
            for low, long in zip(corner, self._size, strict=True)
        ]
        """First and last column, first and last row of what is looked at, with a rim."""
        self._small = self._look(picture)

    def likeliest_share(
        self, moved: Similarity, picture: Pixels, *, expected: float, trust: float
    ) -> float:
        """0..1: the share of a movement by which the part went.

        Args:
            moved: from the neutral frame to this one, px, y up.
            picture: this frame.
            expected: the share that is thought likely beforehand.
            trust: grey levels of mean difference that outweigh a wholly wrong expectation.
        """
        now, costs = self._look(picture), np.full(len(_SHARES), np.inf)
        matrices = [None, *self._in_small(moved, _SHARES[1:])]
        downhill = range(len(costs)) if expected < 0.5 else range(len(costs) - 1, -1, -1)
        last = np.inf
        for k in downhill:
            costs[k] = trust * (_SHARES[k] - expected) ** 2 + self._difference(now, matrices[k])
            if costs[k] > last:
                break  # it only gets worse
            last = costs[k]
        return _lowest(costs)

    def _difference(self, now: Grey, matrix: Array | None) -> float:
        """Mean grey difference in the mask between the moved neutral frame and now.

        `matrix` (2, 3) moves the small picture; None leaves it.
        """
        if matrix is None:
            return _differing(now, self._small, self._mask)
        mask = cv2.warpAffine(self._mask, matrix, self._size)
        then = cv2.warpAffine(self._small, matrix, self._size, borderMode=cv2.BORDER_REPLICATE)
        # What lies around the part doesn't move with it: either picture may show it in the mask.
        either = np.asarray(cv2.max(mask, self._mask), np.uint8)
        return _differing(now, np.asarray(then, np.float32), either)

    def _in_small(self, moved: Similarity, shares: Array) -> Array:
        """(S, 2, 3): shares of the movement as affine maps of the small picture, at its depth."""
        # As `part_of` has them, all at once.
        turn = vector_from_rotation(moved.rotation)
        scales = (moved.scale**shares)[:, None, None]
        linear = scales * np.array([rotation_from_vector(turn * share) for share in shares])
        way = moved.apply(self.pivot[None])[0] - self.pivot
        shift = self.pivot + shares[:, None] * way - linear @ self.pivot
        # y points up in `moved` and down in the picture.
        flat = linear[:, :2, :2] * np.array([[1.0, -1.0], [-1.0, 1.0]])
        moves = (linear[:, :2, 2] * self._depth + shift[:, :2]) * (1.0, -1.0)
        corner = self._to_small[:, 2]
        there = moves @ self._to_small[:, :2].T + corner
        return np.concatenate([flat, (there - flat @ corner)[:, :, None]], axis=2)

    def _look(self, picture: Pixels) -> Grey:
        """What is compared of a picture, small and grey."""
        step = self._step
        (left, right), (top, bottom) = self._reach
        # A stream may change its size, so the head may lie beyond this picture's border.
        left, top = min(left, picture.shape[1] - 1), min(top, picture.shape[0] - 1)
        grey = cv2.cvtColor(picture[top:bottom:step, left:right], cv2.COLOR_RGB2GRAY)
        thin = np.ascontiguousarray(grey[:, ::step])
        matrix = self._to_small.copy()
        matrix[:, 2] += matrix[:, :2] @ (left, top)
        matrix[:, :2] *= step
        return np.asarray(
            cv2.warpAffine(thin, matrix, self._size, borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )


def _around(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is compared, with room to move; all where nothing is."""
    rows, columns = mask.shape
    if not mask.any():
        return 0, 0, columns, rows
    left, top, width, height = cv2.boundingRect(mask)
    room = round(_ROOM * max(rows, columns))
    right, bottom = min(left + width + room, columns), min(top + height + room, rows)
    left, top = max(left - room, 0), max(top - room, 0)
    return left, top, right - left, bottom - top


def part_of(moved: Similarity, share: float, pivot: Array) -> Similarity:
    """A movement gone part of its way: turn and scale about the pivot (3,), and its shift."""
    rotation = rotation_from_vector(vector_from_rotation(moved.rotation) * share)
    scale = moved.scale**share
    after = pivot + (moved.apply(pivot[None])[0] - pivot) * share
    return Similarity(scale=scale, rotation=rotation, translation=after - scale * rotation @ pivot)


def _differing(now: Grey, then: Grey, where: Mask) -> float:
    """Mean grey difference where the mask says."""
    levels = cv2.min(cv2.absdiff(now, then), _FARTHEST_LEVELS)  # type: ignore[call-overload]
    return float(cv2.mean(levels, where)[0])


def _lowest(costs: Array) -> float:
    """Where between 0 and 1 the costs at `_SHARES` are lowest, by a parabola through the best.

    Beside the upper end the parabola reaches half a step towards it; there that half counts for a
    whole one, so that the share of a head that moves does not jump from frame to frame.
    """
    best = int(np.argmin(costs))
    if best in (0, len(costs) - 1):
        return float(_SHARES[best])
    before, here, after = costs[best - 1 : best + 2]
    bend = before - 2.0 * here + after
    aside = 0.5 * (before - after) / bend if bend > 1e-9 else 0.0
    towards_end = best == len(costs) - 2 and aside > 0.0
    return float(_SHARES[best] + aside * (2.0 if towards_end else 1.0) * _SHARES[1])
