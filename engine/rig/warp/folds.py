"""Skin around the lips that a wide open mouth must not fold.

A driver's displacements are another face's, and a tracker reads lips better than the chin below
them. So a lip may be sent past the skin beside it: it would be drawn over it, and cut out along the
edges of triangles. Here rows of skin keep their order, from the nose to the upper lip and from the
lower lip to the outline.
"""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array

Row: TypeAlias = NDArray[np.int64]
"""Landmarks from the subject's right to the left; those of the next row lie below them."""

_BELOW_NOSE = np.array(
    (
        (216, 206, 98, 97, 2, 326, 327, 426, 436),
        (186, 92, 165, 167, 164, 393, 391, 322, 410),
        (185, 40, 39, 37, 0, 267, 269, 270, 409),
    )
)
_UPPER_LIP = np.array(
    (
        (184, 74, 73, 72, 11, 302, 303, 304, 408),
        (183, 42, 41, 38, 12, 268, 271, 272, 407),
        (191, 80, 81, 82, 13, 312, 311, 310, 415),
    )
)
"""Below the last row of those: it goes along."""

_BELOW_LIP = np.array(
    (
        (146, 91, 181, 84, 17, 314, 405, 321, 375),
        (43, 106, 182, 83, 18, 313, 406, 335, 273),
        (202, 204, 194, 201, 200, 421, 418, 424, 422),
        (210, 211, 32, 208, 199, 428, 262, 431, 430),
        (169, 170, 140, 171, 175, 396, 369, 395, 394),
        (150, 149, 176, 148, 152, 377, 400, 378, 379),
    )
)

_ABOVE_LIP, _UNDER_LIP = (0.2, 0.4), (0.35, 0.75)
"""Of the way between two rows at rest: they near each other freely down to the second of each pair,
and stop before the first. A smile does draw a lip near to the nose."""

_BENEATH_NOSE, _BENEATH_LIP = list(pairwise(_BELOW_NOSE)), list(pairwise(_BELOW_LIP))
_ABOVE, _ROWS = np.moveaxis(np.array([*_BENEATH_NOSE, *_BENEATH_LIP]), 1, 0)
_ALL_FREE = np.full((len(_ROWS), 1), _UNDER_LIP[1])
_ALL_FREE[: len(_BENEATH_NOSE)] = _ABOVE_LIP[1]
"""Every pair of rows at once, (pairs, 9)."""


def without_folds(rest: Array, placed: Array) -> Array:
    """The landmarks, with each row of skin held off the one above it.

    Args:
        rest: (478, 3) px: where the head alone takes them.
        placed: (478, 3) where head and expression take them; it is changed.
    """
    ways = (rest[_ROWS] - rest[_ABOVE])[..., :2]
    squares = np.maximum(np.einsum("pij,pij->pi", ways, ways), 1e-9)
    now = (placed[_ROWS] - placed[_ABOVE])[..., :2]
    if (np.einsum("pij,pij->pi", now, ways) >= _ALL_FREE * squares).all():
        return placed  # as in most frames
    count = len(_BENEATH_NOSE)
    lip = _BELOW_NOSE[-1]
    asked = placed[lip, :2]
    for pair, own, square in zip(_BENEATH_NOSE, ways[:count], squares[:count], strict=True):
        _hold_off(placed, *pair, own, square, _ABOVE_LIP)
    placed[_UPPER_LIP, :2] += placed[lip, :2] - asked
    for pair, own, square in zip(_BENEATH_LIP, ways[count:], squares[count:], strict=True):
        near = _hold_off(placed, *pair, own, square, _UNDER_LIP)
        way, share = _share(placed, *pair, own, square)
        placed[pair[1], :2] -= (way - share * own) * near  # pushed, and still in its column
    return placed


def _hold_off(
    placed: Array, above: Row, row: Row, own: Array, square: Array, limits: tuple[float, float]
) -> Array:
    """Push a row away from the one above it where it came too near; how near, (9, 1) in 0..1."""
    way, share = _share(placed, above, row, own, square)
    nearest, free = limits
    near = np.exp(np.minimum(share - free, 0.0) / (free - nearest))
    allowed = np.maximum(share, nearest + (free - nearest) * near)
    placed[row, :2] = placed[above, :2] + way + (allowed - share) * own
    return 1.0 - near


def _share(placed: Array, above: Row, row: Row, own: Array, square: Array) -> tuple[Array, Array]:
    """The way from the row above, (9, 2) px; how much of that at rest, `own`, is in it."""
    way = (placed[row] - placed[above])[:, :2]
    return way, (np.einsum("ij,ij->i", way, own) / square)[:, None]
