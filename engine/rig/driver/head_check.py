"""How much of the head's movement does its rim show? The driving picture itself is asked.

A tracker's landmarks lean with the expression: a crooked smile reads as a turn of three degrees. So
the rim of the head (hair, ears, silhouette; no expression moves them) is compared in two small
pictures: the driver's neutral frame, moved by several shares of the movement that was read, and the
frame at hand. By the share that explains it best a portrait's rim goes along; its face goes where
the landmarks went, all the way.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import PIVOT_CM, to_picture
from engine.frame import Pixels
from engine.geometry import (
    Array,
    Similarity,
    rotation_from_vector,
    smoothstep,
    vector_from_rotation,
)
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL

Grey: TypeAlias = NDArray[np.float32]
"""(_SIDE_PX, _SIDE_PX) in 0..255."""

_SIDE_PX = 72
"""Side of the small pictures."""

_REACH = 2.4
"""Side of the square they show, in face heights."""

_SHARES = np.linspace(0.0, 1.0, 4)
_MOVING = _SHARES[1:]

_ERRS, _SURELY = 0.03, 0.11
"""Movement of the crown, in face heights: up to the first it may well be an error, from the second
on it hardly is. The picture's word is weighed against this expectation."""

_MOST_DOUBTED = 0.12
"""Movement of the crown, in face heights, that no error exceeds: whatever the picture says, no more
than that is taken for expression."""

_MOST_DOUBTED_RAD = float(np.radians(8.0))
"""The same for a turn: a head that shakes hardly moves its crown, and its rim shows other hair than
before, so the picture contradicts a turn of 25 degrees, too."""

_TRUST = 1.5
"""Grey levels of difference at the rim that outweigh a wrong expectation."""

_CROWN_CM = np.array([[-4.0, 9.0, -3.0], [0.0, 11.0, -3.0], [4.0, 9.0, -3.0]])

_RIM_DEPTH_CM = 2.0
"""The rim's distance before the pivot, along the view."""


class HeadCheck:
    """Remembers the rim of the head in the driver's neutral frame."""

    def __init__(self, neutral: Reading, picture: Pixels) -> None:
        self._neutral = neutral
        self.pivot = neutral.placement.apply(PIVOT_CM[None])[0]
        """(3,) px, y up: what the head turns about."""
        self._crown = neutral.placement.apply(_CROWN_CM)
        outline = to_picture(neutral.landmarks[list(OVAL)])[:, :2]
        top, chin = (to_picture(neutral.landmarks[[k]])[0, :2] for k in (FOREHEAD, CHIN))
        self._face_height = float(np.linalg.norm(chin - top))
        side = _REACH * self._face_height
        corner = (top + chin) / 2.0 - (side / 2.0, side * 0.58)  # more above than below
        self._scale = _SIDE_PX / side
        self._to_small = np.hstack([np.eye(2) * self._scale, -corner[:, None] * self._scale])
        # Pictures are thinned out before the affine map, which doesn't average.
        self._step = step = max(int(0.5 / self._scale), 1)
        self._reach = [
            (max(int(low / step) - 1, 0) * step, max(int((low + side) / step) + 3, 2) * step)
            for low in corner
        ]
        """First and last column, first and last row of what is looked at, with a rim."""
        self._small = self._look(picture)
        self._rim = self._rim_mask(outline, chin)

    def trusted_share(self, moved: Similarity, picture: Pixels) -> float:
        """0..1: the share of the movement `moved` (neutral to now, px) that the rim confirms."""
        now = self._look(picture)
        still = _differing(now, self._small, self._rim)
        differences = [still, *(self._difference(now, m) for m in self._in_small(moved, _MOVING))]
        expected = float(smoothstep(_ERRS, _SURELY, np.asarray(self._way(moved))))
        return _lowest(np.array(differences) + _TRUST * (_SHARES - expected) ** 2)

    def least_share(self, moved: Similarity) -> float:
        """0..1: the share of a movement that is real whatever the pictures say."""
        turn = float(np.linalg.norm(vector_from_rotation(moved.rotation)))
        by_way = 1.0 - _MOST_DOUBTED / max(self._way(moved), _MOST_DOUBTED)
        return max(by_way, 1.0 - _MOST_DOUBTED_RAD / max(turn, _MOST_DOUBTED_RAD))

    def _way(self, moved: Similarity) -> float:
        """How far the crown has moved, in face heights."""
        x, y, _ = (moved.apply(self._crown) - self._crown).T
        return float(np.hypot(x, y).mean()) / self._face_height

    def _difference(self, now: Grey, matrix: Array) -> float:
        """Mean grey difference at the rim between the moved neutral frame and now.

        `matrix` (2, 3) moves the small picture.
        """
        size = (_SIDE_PX, _SIDE_PX)
        rim = cv2.warpAffine(self._rim, matrix, size)
        then = cv2.warpAffine(self._small, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        # What is behind the head doesn't move with it: either picture may show it at the rim.
        either = np.asarray(cv2.max(rim, self._rim), np.uint8)
        return _differing(now, np.asarray(then, np.float32), either)

    def _in_small(self, moved: Similarity, shares: Array) -> Array:
        """(S, 2, 3): shares of the movement as affine maps of the small picture.

        Gone part of its way: turn and scale about the pivot, and its shift; at the rim's depth.
        """
        depth = self.pivot[2] + _RIM_DEPTH_CM * self._neutral.placement.scale
        way = moved.apply(self.pivot[None])[0] - self.pivot
        scales = (moved.scale**shares)[:, None, None]
        turn = vector_from_rotation(moved.rotation)
        linear = scales * np.array([rotation_from_vector(turn * share) for share in shares])
        shift = self.pivot + shares[:, None] * way - linear @ self.pivot
        # y points up in `moved` and down in the picture.
        flat = linear[:, :2, :2] * np.array([[1.0, -1.0], [-1.0, 1.0]])
        moves = (linear[:, :2, 2] * depth + shift[:, :2]) * (1.0, -1.0)
        corner = self._to_small[:, 2]
        there = moves @ self._to_small[:, :2].T + corner
        return np.concatenate([flat, (there - flat @ corner)[:, :, None]], axis=2)

    def _look(self, picture: Pixels) -> Grey:
        """The square around the neutral head in a picture, small and grey."""
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
            cv2.warpAffine(thin, matrix, (_SIDE_PX, _SIDE_PX), borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )

    def _rim_mask(self, outline: Array, chin: Array) -> NDArray[np.uint8]:
        """Around the face's outline, above the chin, as far as hair and silhouette reach."""
        small = outline @ self._to_small[:, :2].T + self._to_small[:, 2]
        middle = small.mean(axis=0)
        mask = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
        cv2.fillPoly(mask, [np.round(middle + (small - middle) * 1.75).astype(np.int32)], 255)
        cv2.fillPoly(mask, [np.round(middle + (small - middle) * 1.08).astype(np.int32)], 0)
        below = (self._to_small[:, :2] @ chin + self._to_small[:, 2])[1] - 0.12 * _SIDE_PX
        mask[max(int(below), 0) :] = 0
        return mask


def _differing(now: Grey, then: Grey, where: NDArray[np.uint8]) -> float:
    """Mean grey difference where the mask says, none counted for more than 40."""
    levels = cv2.min(cv2.absdiff(now, then), 40.0)  # type: ignore[call-overload]
    return float(cv2.mean(levels, where)[0])


def _lowest(costs: Array) -> float:
    """Where between 0 and 1 the costs at `_SHARES` are lowest, by a parabola through the best."""
    best = int(np.argmin(costs))
    if best in (0, len(costs) - 1):
        return float(_SHARES[best])
    before, here, after = costs[best - 1 : best + 2]
    bend = before - 2.0 * here + after
    shift = 0.5 * (before - after) / bend if bend > 1e-9 else 0.0
    return float(_SHARES[best] + shift * (_SHARES[1] - _SHARES[0]))
