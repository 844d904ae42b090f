"""What of the landmarks' way is the skin's: an expression, and not the head or the tracker.

A tracker's nose slides down with an opening mouth, and its eyes rise with a smile. A head that is
laid over such points moves, and all that does not move seems to go the other way; in a film whose
pose stays, eyes and brows would wander. So the head's movement and FaceKit's shapes are fitted to
the way together, and of the upper face only what such shapes explain is kept. Lips and brows keep
their own way, less the head's: no set of shapes has everybody's.
"""

from functools import cache

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array
from engine.motion import ARKIT_NAMES
from engine.rig.driver.brow_band import BROWS
from engine.rig.landmarks import EYES, LIDS
from engine.rig.motion.factors import factor_weights

_RIDGE_CM2 = 1.0
"""Pull of shapes to zero: the square of a way, summed over the face, that a whole shape costs."""
_HEAD_RIDGE_CM2 = 1e-3
_DEPTH = 0.3
"""Trust in the landmarks' depth, which a tracker guesses, beside their place in the picture."""
_OF_LIDS = ("eyeBlink", "eyeLook")
"""Shapes of lids and eyeballs, which are told by openings and irises."""


def of_skin(offsets: Array) -> Array:
    """(478, 3) cm in the canonical frame, lids 0 -> the same, without head and guesses.

    Irises lose the head's way at the corners of their eye.
    """
    shapes, head, fit = _fit()
    found = fit @ offsets[:468].ravel()
    explained = shapes @ found[: shapes.shape[2]]
    moved = head @ found[shapes.shape[2] :]
    skin = offsets.copy()
    skin[:468] = explained + _kept()[:, None] * (offsets[:468] - explained - moved)
    for eye in EYES:
        skin[eye.iris] -= (moved[eye.outer] + moved[eye.inner]) / 2.0
    skin[LIDS] = 0.0
    return skin


@cache
def _fit() -> tuple[Array, Array, Array]:
    """(468, 3, S) shapes, (468, 3, 7) ways of the head, (S + 7, 1404) the least-squares fit."""
    basis = load_basis()
    own = [k for k, name in enumerate(ARKIT_NAMES) if not name.startswith(_OF_LIDS)]
    shapes = basis.arkit[:468][:, :, own]
    head = _head_ways(basis.canonical[:468])
    trust = np.ones((468, 3))
    trust[:, 2] = _DEPTH
    trust[LIDS] = 0.0
    flat = (np.concatenate([shapes, head], axis=2) * trust[..., None]).reshape(1404, -1)
    ridge = np.repeat([_RIDGE_CM2, _HEAD_RIDGE_CM2], [shapes.shape[2], 7])
    fit = np.linalg.solve(flat.T @ flat + np.diag(ridge), flat.T * trust.ravel())
    return shapes, head, np.asarray(fit, np.float64)


def _head_ways(points: Array) -> Array:
    """(468, 3) cm -> (468, 3, 7): shifts by 1 cm, small turns and growth by 1/5."""
    x, y, z = points.T / 5.0
    none = np.zeros_like(x)
    turns = np.array([[none, -z, y], [z, none, -x], [-y, x, none]])  # (turn, axis, point)
    shifts = np.repeat(np.eye(3)[:, :, None], len(points), axis=2)
    growth = np.array([[x, y, z]])
    return np.concatenate([shifts, turns, growth]).transpose(2, 1, 0)


@cache
def _kept() -> Array:
    """(468,) how far each landmark keeps what neither head nor shapes explain."""
    kept = factor_weights()["lips"][:468].copy()
    for upper, lower in BROWS:
        brow = [*upper, *lower]
        kept[brow] = 1.0
    return kept
