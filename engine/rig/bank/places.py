"""Where on the face an appearance is pasted: the mouth, each eye's lids, the upper face."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.appearances import Part
from engine.geometry import Array
from engine.rig.landmarks import EYES, LEFT_EYE, RIGHT_EYE

BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
"""The upper edge of both brows."""

_AROUND_LIPS = (
    2, 97, 98, 203, 206, 216, 212, 202, 204, 194, 201,
    200, 421, 418, 424, 422, 432, 436, 426, 423, 327, 326,
)  # fmt: skip
"""Below the nose, within the folds beside the mouth, above the chin."""

_AROUND_LEFT_EYE = (
    359, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255,
)  # fmt: skip
_AROUND_RIGHT_EYE = (
    130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25,
)  # fmt: skip
_FOREHEAD = (69, 108, 151, 337, 299, 104, 333, 67, 297)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A region of the face that is pasted as one."""

    part: Part
    ring: tuple[int, ...]
    """Landmarks around it."""
    grown: float
    """The region over its ring."""
    blur: float
    """Of its edge, over its width."""
    step: int = 2
    """Pixels between the points at which its flow is worked out."""

    def outline(self, points: Array) -> Array:
        """(478, 2+) px -> (N, 2) px, convex."""
        hull = cv2.convexHull(points[list(self.ring), :2].astype(np.float32))[:, 0]
        middle = hull.mean(axis=0)
        grown: Array = (middle + (hull - middle) * self.grown).astype(np.float64)
        return grown

    def blur_px(self, outline: Array) -> float:
        """Of the edge of this outline."""
        return max(0.8, self.blur * float(np.ptp(outline[:, 0])))


MOUTH = Place(part="mouth", ring=_AROUND_LIPS, grown=1.25, blur=0.06, step=3)
"""With the folds beside it, which come and go with the lips."""
LIDS = tuple(
    Place(part="lids", ring=ring, grown=1.15, blur=0.05)
    for ring in (_AROUND_LEFT_EYE, _AROUND_RIGHT_EYE)
)
"""As `EYES`."""
UPPER_FACE = Place(
    part="upper_face",
    ring=(*BROWS, *_FOREHEAD, *_AROUND_LEFT_EYE, *_AROUND_RIGHT_EYE),
    grown=1.06,
    blur=0.03,
    step=4,  # skin over bone: its triangles are large, and it is the largest place
)

PLACES = (UPPER_FACE, *LIDS, MOUTH)
"""In the order in which they are pasted."""

assert EYES == (LEFT_EYE, RIGHT_EYE)
