"""Where source and wish differ by no more than they are misread, the film stays as it is.

Brows, gaze and lids are read with an error. A face that is to do what it does anyway would twitch
by that error, and its eyes would be drawn anew for nothing. So a way of the error's own size is
halved, a small one is nearly dropped, and one several times as large is gone whole.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array, smoothstep
from engine.rig.driver.brow_band import BROWS
from engine.rig.landmarks import EYES
from engine.rig.motion.motion import RigMotion

_BROWS_CM, _GAZE_CM, _LIDS = 0.1, 0.1, 0.08
"""Error of a brow's place, of an iris's, and of an opening over the usual one, between two films;
on rendered heads, whose truth is known."""
_WHOLE = 1.05
"""Over 1, so that a way of 4.5 errors is gone to its end."""
_LOWEST_CM = 1.5, 3.0
"""Canonical heights between which a point comes to go with the brows; as in `brow_check.py`."""
_MIDDLE_CM = 1.0
"""So far from the face's middle a point goes with the brow of its own side alone."""


def calmed(own: RigMotion, wish: RigMotion) -> RigMotion:
    """The wish, nearer to what the face does anyway where both are much alike."""
    way = wish.offsets - own.offsets
    brows = np.array([_share(way[[*upper, *lower], :2], _BROWS_CM) for upper, lower in BROWS])
    gaze = _share(way[[eye.iris for eye in EYES], :2], _GAZE_CM)
    above, left = _places()
    kept = np.ones(len(way))
    kept[:468] = 1.0 - above * (1.0 - (left * brows[0] + (1.0 - left) * brows[1]))
    kept[468:] = gaze
    change = wish.aperture - own.aperture
    lids = _share(change[:, None], _LIDS)
    return replace(
        wish, offsets=own.offsets + way * kept[:, None], aperture=own.aperture + change * lids
    )


def _share(ways: Array, error: float) -> float:
    """(n, d), told as one: how much of its way it goes."""
    square = float((ways.mean(axis=0) ** 2).sum())
    return min(1.0, _WHOLE * square / (square + error**2))


@cache
def _places() -> tuple[Array, Array]:
    """(468,) each: how far a point goes with the brows; and of them, with the left one."""
    points = load_basis().canonical[:468]
    left_side = np.sign(points[BROWS[0][0][0], 0])
    return (
        np.asarray(smoothstep(*_LOWEST_CM, points[:, 1])),
        np.asarray(smoothstep(-_MIDDLE_CM, _MIDDLE_CM, points[:, 0] * left_side)),
    )
