"""Has the head moved, or only the face? The skin that no expression moves is asked.

A tracker's landmarks lean with the expression: a crooked smile reads as a turn of three degrees, a
mouth wide open as a nod of five. Skin around eyes, nose bridge and temples stays where the head is,
so it is compared with the neutral frame, moved by several shares of the movement that was read.
What it denies is the expression's.
"""

import cv2
import numpy as np

from engine.frame import Pixels
from engine.geometry import Array, Similarity, smoothstep, vector_from_rotation
from engine.rig.driver.brow_band import BROWS
from engine.rig.driver.glimpse import Glimpse, Mask, part_of
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import EYES

_SIDE_PX = 48
"""Side of the small pictures."""

_REACH = 1.3
"""Side of the square that is looked at, in face heights."""

_DEPTH_CM = 7.0
"""Of that skin before the pivot, along the view."""

_TRUST = 0.3
"""Grey levels of difference that outweigh the landmarks."""

_DOUBTED_RAD, _BELIEVED_RAD = np.radians(6.0), np.radians(11.0)
"""A turn up to the first may be all expression (of rendered drivers who only act, one in ten reads
as more than 4.6 degrees); from the second on none is, and a flat picture of a face tells less."""

_DOUBTED_WAY, _BELIEVED_WAY = 0.06, 0.15
"""The same of how far the head as a whole went, in face heights."""

_AROUND = (
    127, 356, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109, 338, 10, 234, 454, 5, 195,
)  # fmt: skip
"""Temples, forehead and the bridge of the nose: the corners of what is compared."""


class FaceCheck:
    """Remembers the upper face in the driver's neutral frame."""

    def __init__(self, neutral: Reading, picture: Pixels) -> None:
        self._skin = Glimpse(
            neutral,
            picture,
            side_px=_SIDE_PX,
            reach=_REACH,
            depth_cm=_DEPTH_CM,
            mask=_skin_mask,
        )

    def confirmed(self, moved: Similarity, picture: Pixels) -> float:
        """0..1: the share of the movement `moved` (neutral to now, px) that the skin confirms."""
        believed = self._believed(moved)
        if believed >= 1.0:
            return 1.0
        share = self._skin.likeliest_share(moved, picture, expected=1.0, trust=_TRUST)
        return share + (1.0 - share) * believed

    def _believed(self, moved: Similarity) -> float:
        """0..1: how surely a movement is the head's whatever the picture shows."""
        pivot = self._skin.pivot
        turn = np.linalg.norm(vector_from_rotation(moved.rotation))
        way = np.linalg.norm((moved.apply(pivot[None])[0] - pivot)[:2]) / self._skin.face_height
        by_turn = smoothstep(_DOUBTED_RAD, _BELIEVED_RAD, np.asarray(turn))
        return float(max(by_turn, smoothstep(_DOUBTED_WAY, _BELIEVED_WAY, np.asarray(way))))

    def part_of(self, moved: Similarity, share: float) -> Similarity:
        """The movement gone that share of its way."""
        return moved if share >= 1.0 else part_of(moved, share, self._skin.pivot)


def _skin_mask(points: Array) -> Mask:
    """The upper face without eyes and brows."""

    def hull(indices: Array) -> Array:
        corners = np.round(points[indices]).astype(np.int32)
        return np.asarray(cv2.convexHull(corners))

    mask, moving = np.zeros((2, _SIDE_PX, _SIDE_PX), np.uint8)
    cv2.fillPoly(mask, [hull(np.array(_AROUND))], 255)
    for eye in EYES:
        cv2.fillPoly(moving, [hull(np.concatenate([eye.contour, eye.crease]))], 255)
    for upper, lower in BROWS:
        cv2.fillPoly(moving, [hull(np.array([*upper, *lower]))], 255)
    return np.asarray(cv2.subtract(mask, cv2.dilate(moving, np.ones((3, 3), np.uint8))), np.uint8)
