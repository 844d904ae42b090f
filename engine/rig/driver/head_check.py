"""How much of the head's movement does its rim show? The driving picture itself is asked.

A yaw shows other hair than before, and a tracker's landmarks lean with the expression. So the rim
of the head (hair, ears, silhouette; no expression moves them) is compared with the neutral frame,
moved by several shares of the movement that was read. By the share that explains it best a
portrait's rim goes along; its face goes all the way.
"""

import cv2
import numpy as np

from engine.frame import Pixels
from engine.geometry import Array, Similarity, smoothstep, vector_from_rotation
from engine.rig.driver.glimpse import Glimpse, Mask
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import CHIN, OVAL

_SIDE_PX = 72
"""Side of the small pictures."""

_REACH = 2.4
"""Side of the square that is looked at, in face heights."""

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
        self._crown = neutral.placement.apply(_CROWN_CM)
        self._rim = Glimpse(
            neutral,
            picture,
            side_px=_SIDE_PX,
            reach=_REACH,
            depth_cm=_RIM_DEPTH_CM,
            mask=_rim_mask,
        )

    def trusted_share(self, moved: Similarity, picture: Pixels) -> float:
        """0..1: the share of the movement `moved` (neutral to now, px) that the rim confirms."""
        expected = float(smoothstep(_ERRS, _SURELY, np.asarray(self._way(moved))))
        return self._rim.likeliest_share(moved, picture, expected=expected, trust=_TRUST)

    def least_share(self, moved: Similarity) -> float:
        """0..1: the share of a movement that is real whatever the pictures say."""
        turn = float(np.linalg.norm(vector_from_rotation(moved.rotation)))
        by_way = 1.0 - _MOST_DOUBTED / max(self._way(moved), _MOST_DOUBTED)
        return max(by_way, 1.0 - _MOST_DOUBTED_RAD / max(turn, _MOST_DOUBTED_RAD))

    def _way(self, moved: Similarity) -> float:
        """How far the crown has moved, in face heights; a nod moves it away from the viewer."""
        way = moved.apply(self._crown) - self._crown
        return float(np.sqrt((way**2).sum(axis=1)).mean()) / self._rim.face_height


def _rim_mask(points: Array) -> Mask:
    """Around the face's outline, above the chin, as far as hair and silhouette reach."""
    small = points[list(OVAL)]
    middle = small.mean(axis=0)
    mask = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
    cv2.fillPoly(mask, [np.round(middle + (small - middle) * 1.75).astype(np.int32)], 255)
    cv2.fillPoly(mask, [np.round(middle + (small - middle) * 1.08).astype(np.int32)], 0)
    below = points[CHIN, 1] - 0.12 * _SIDE_PX
    mask[max(int(below), 0) :] = 0
    return mask
