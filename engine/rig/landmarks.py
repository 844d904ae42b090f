"""Which of the 478 landmarks make up which part of the face. Left and right are the subject's own.

Indices are those of MediaPipe's face mesh (Apache-2.0, Google).
"""

import numpy as np

from engine.geometry import Array

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The outline of the face, from the middle of the forehead round by the subject's left."""

FOREHEAD, CHIN = 10, 152

MOUTH_RIGHT, MOUTH_LEFT = 78, 308
INNER_UPPER = (191, 80, 81, 82, 13, 312, 311, 310, 415)
INNER_LOWER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
"""The inner lip contour between its corners, from the subject's right to the left, paired."""

INNER_LIPS = (MOUTH_RIGHT, *INNER_UPPER, MOUTH_LEFT, *reversed(INNER_LOWER))
"""The inner lip contour as a polygon."""

OUTER_LIPS = (
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
    375,
    321,
    405,
    314,
    17,
    84,
    181,
    91,
    146,
)
"""The outer lip contour as a polygon."""


class Eye:
    """The landmarks of one eye; both lids are paired, from the outer corner to the inner."""

    def __init__(
        self,
        *,
        outer: int,
        inner: int,
        upper: tuple[int, ...],
        lower: tuple[int, ...],
        crease: tuple[int, ...],
        iris: int,
    ) -> None:
        self.outer, self.inner = outer, inner
        self.upper, self.lower = np.array(upper), np.array(lower)
        self.crease = np.array(crease)
        """The fold above the upper lid, paired with it."""
        self.iris = iris
        """Centre of the iris; its four border points follow."""
        self.contour = np.array((outer, *upper, inner, *reversed(lower)))
        """The opening as a polygon."""


LEFT_EYE = Eye(
    outer=263,
    inner=362,
    upper=(466, 388, 387, 386, 385, 384, 398),
    lower=(249, 390, 373, 374, 380, 381, 382),
    crease=(467, 260, 259, 257, 258, 286, 414),
    iris=473,
)
RIGHT_EYE = Eye(
    outer=33,
    inner=133,
    upper=(246, 161, 160, 159, 158, 157, 173),
    lower=(7, 163, 144, 145, 153, 154, 155),
    crease=(247, 30, 29, 27, 28, 56, 190),
    iris=468,
)
EYES = (LEFT_EYE, RIGHT_EYE)

LIDS = np.concatenate([np.concatenate([eye.upper, eye.lower]) for eye in EYES])


def relative_lip_gap(points: Array) -> float:
    """Between the inner lips' middles, over the mouth's width; (478, 3) points in any unit."""
    middle = len(INNER_UPPER) // 2
    gap = np.linalg.norm(points[INNER_UPPER[middle]] - points[INNER_LOWER[middle]])
    return float(gap / np.linalg.norm(points[MOUTH_LEFT] - points[MOUTH_RIGHT]))
