"""Where source and wish differ by no more than they are misread, the brows stay as they are.

Brows that are to do what they do anyway would twitch by the reading's error. So a way of the
error's own size is halved, a small one is nearly dropped, and one several times as large is gone
whole. Gaze and lids go all of their way: of real people a part of it is more than their error.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array, smoothstep
from engine.rig.driver.brow_band import BROWS
from engine.rig.motion.motion import RigMotion

_BROWS_CM = 0.1
"""Error of a brow's place between two films, on rendered heads, whose truth is known."""
_WHOLE = 1.05
"""Over 1, so that a way of 4.5 errors is gone to its end."""
_LOWEST_CM = 1.5, 3.0
"""Canonical heights between which a point comes to go with the brows; as in `brow_check.py`."""
_MIDDLE_CM = 1.0
"""So far from the face's middle a point goes with the brow of its own side alone."""


def calmed(own: RigMotion, wish: RigMotion) -> RigMotion:
    """The wish, nearer to what the face does anyway where both are much alike."""
    way = wish.offsets - own.offsets
    brows = [_share(way[[*upper, *lower], :2]) for upper, lower in BROWS]
    above, left = _places()
    kept = np.ones(len(way))
    kept[:468] = 1.0 - above * (1.0 - (left * brows[0] + (1.0 - left) * brows[1]))
    return replace(wish, offsets=own.offsets + way * kept[:, None])


def _share(ways: Array) -> float:
    """(n, 2) cm of a brow's points: how much of their way they go."""
    square = float((ways.mean(axis=0) ** 2).sum())
    return min(1.0, _WHOLE * square / (square + _BROWS_CM**2))


@cache
def _places() -> tuple[Array, Array]:
    """(468,) each: how far a point goes with the brows; and of them, with the left one."""
    points = load_basis().canonical[:468]
    left_side = np.sign(points[BROWS[0][0][0], 0])
    return (
        np.asarray(smoothstep(*_LOWEST_CM, points[:, 1])),
        np.asarray(smoothstep(-_MIDDLE_CM, _MIDDLE_CM, points[:, 0] * left_side)),
    )
