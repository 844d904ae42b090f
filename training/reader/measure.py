"""How well coefficients are read of people that no reader was learned from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.motion import ARKIT_NAMES
from engine.rig.landmarks import LIDS
from engine.rig.motion.arkit_reader import UNREAD, steadied
from training.reader.faces import RELAXED, probes_of
from training.reader.features import Rows

Values = NDArray[np.float64]

GROUPS: dict[str, tuple[str, ...]] = {
    "lips": ("jaw", "mouth", "cheekPuff"),
    "emotion": ("brow", "cheekSquint", "noseSneer"),
    "blink": ("eyeBlink", "eyeSquint", "eyeWide"),
    "gaze": ("eyeLook",),
}
"""Factor -> how the names of its coefficients begin."""

_MOVES = 0.02
"""A coefficient below this is not moved by a probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Over all held-out faces of the mix."""

    correlation: float
    error: float
    """Mean of the absolute difference."""
    at_rest: float
    """The same where the truth is 0: what is read though it does not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Over all people who make one single movement."""

    read: float
    """What is read of the coefficients that move, over their truth."""
    beside: float
    """Mean of the coefficients that do not move."""
    worst: str
    """The one of them that is read most."""
    worst_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GainEffect:
    """What ARKit gains do to the landmarks of people who make one single movement."""

    left: float
    """Movement that is left where what moves has gain 0, over the movement without a gain."""
    beside_cm: float
    """Mean movement that is added where all that does not move has gain 2."""


def members(group: str) -> list[int]:
    """Columns of a factor's coefficients."""
    return [
        k
        for k, name in enumerate(ARKIT_NAMES)
        if name.startswith(GROUPS[group]) and name not in UNREAD
    ]


def scores(read: Values, rows: Rows) -> dict[str, Score]:
    """By coefficient and by group; `read` (N, 52) belongs to `rows`."""
    is_mix = rows.probe < 0
    got, truth = read[is_mix], rows.truth[is_mix].astype(np.float64)
    each = {
        name: _score(got[:, k], truth[:, k])
        for k, name in enumerate(ARKIT_NAMES)
        if name not in UNREAD
    }
    pooled = {}
    for group in GROUPS:
        parts = [each[ARKIT_NAMES[k]] for k in members(group)]
        pooled[group] = Score(
            correlation=float(np.mean([part.correlation for part in parts])),
            error=float(np.mean([part.error for part in parts])),
            at_rest=float(np.mean([part.at_rest for part in parts])),
        )
    return {**pooled, **each}


def leaks(read: Values, rows: Rows) -> dict[str, Leak]:
    """By single movement."""
    found = {}
    for number, (name, _) in enumerate(probes_of(0)):
        chosen = rows.probe == number
        if not chosen.any():
            continue
        got = read[chosen].mean(axis=0)
        truth = rows.truth[chosen].astype(np.float64).mean(axis=0)
        moves = _moving(truth)
        still = np.flatnonzero(~moves)
        worst = int(still[got[still].argmax()])
        found[name] = Leak(
            read=float(got[moves].sum() / truth[moves].sum()),
            beside=float(got[still].mean()),
            worst=ARKIT_NAMES[worst],
            worst_value=float(got[worst]),
        )
    return found


def gain_effects(read: Values, rows: Rows) -> dict[str, GainEffect]:
    """By single movement of the landmarks; lids have fields of their own and are left out."""
    shapes = load_basis().arkit.copy()
    shapes[LIDS] = 0.0
    found = {}
    for number, (name, face) in enumerate(probes_of(0)):
        chosen = rows.probe == number
        if not chosen.any() or face.expression.blink[0] == 1.0:
            continue
        offsets = rows.offsets[chosen].astype(np.float64)
        moves = _moving(rows.truth[chosen].astype(np.float64).mean(axis=0))
        without = offsets - np.einsum("pck,nk->npc", shapes, read[chosen] * moves)
        beside = np.einsum("pck,nk->npc", shapes, read[chosen] * ~moves)
        found[name] = GainEffect(
            left=_distance(steadied(without)) / _distance(steadied(offsets)),
            beside_cm=_distance(beside),
        )
    return found


def _moving(truth: Values) -> NDArray[np.bool_]:
    """Which of the coefficients (52,) a probe moves; relaxed lids are no movement."""
    lids = np.array([name.startswith("eyeBlink") for name in ARKIT_NAMES])
    return truth > np.where(lids, _MOVES + RELAXED[0], _MOVES)


def _distance(offsets: NDArray[np.floating]) -> float:
    """Mean over points of how far they are moved, in cm."""
    return float(np.linalg.norm(offsets.reshape(len(offsets), -1, 3), axis=2).mean())


def _score(got: Values, truth: Values) -> Score:
    spread = got.std() * truth.std()
    covariance = ((got - got.mean()) * (truth - truth.mean())).mean()
    resting = truth == 0
    return Score(
        correlation=float(covariance / spread) if spread > 0 else 0.0,
        error=float(np.abs(got - truth).mean()),
        at_rest=float(got[resting].mean()) if resting.any() else 0.0,
    )
