"""Which appearances a frame shows: the nearest ones, held on to and eased from frame to frame.

The portrait's own face is one of them: where it is the nearest, nothing is pasted.
"""

from dataclasses import dataclass

import numpy as np

from engine.geometry import Array, smoothstep

_NEIGHBOURS = 2
"""Appearances that are mixed; more of them blur teeth."""

_HELD = 0.2
"""By this share an appearance that is shown is nearer than it is: no hopping between equals."""

_EASE, _GATE_STEP = 0.5, 1.0 / 3.0
"""Of the way to what is asked for that is gone in a frame; and of the gate's way from shut to
open."""

_LEAST = 0.1
"""Weights below it are not worth their time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trust:
    """How near the nearest appearance must be, in feature distance."""

    on: float
    off: float
    """From nothing trusted to trusted, and back."""
    rest: tuple[float, float]
    """Distances from the portrait's own face: up to the first only it shows, from the second on
    it may be hidden."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recalled:
    """What one place shows in one frame; the next frame goes on from it."""

    weights: Array
    """(N,) of the appearances, before what is too small is left out; the portrait's own has the
    rest to 1."""
    gate: float
    """0 shut, 1 open."""
    is_open: bool
    """Where the gate goes."""
    share: float
    """0..1: how far appearances cover the place."""
    stretch: float = 0.0
    """Logarithm by which the opening between the lips is wider than in what is shown."""

    @property
    def shown(self) -> Array:
        """(N,) weights that sum to 1, at most `_NEIGHBOURS` of them above 0.

        All give way by the next one's weight, so that none appears or vanishes with a jump.
        """
        kept = np.where(self.weights > _LEAST, self.weights, 0.0)
        if len(kept) > _NEIGHBOURS:
            beyond = np.partition(kept, -_NEIGHBOURS - 1)[-_NEIGHBOURS - 1]
            if beyond < kept.max():
                kept = np.maximum(kept - beyond, 0.0)
        total = float(kept.sum())
        return kept / total if total > 0.0 else kept


def recall(
    before: Recalled | None, distances: Array, own_distance: float, trust: Trust
) -> Recalled:
    """Step one place: distances (N,) to its appearances, and to the portrait's own face."""
    was = np.zeros(len(distances)) if before is None else before.weights
    held = distances * (1.0 - _HELD * was)
    goal = _nearest(np.append(held, own_distance))[:-1]
    nearest = float(distances.min())
    is_open = nearest < (trust.off if before is not None and before.is_open else trust.on)
    if before is None:
        weights, gate = goal, float(is_open)
    else:
        weights = was + _EASE * (goal - was)
        gate = float(np.clip(before.gate + (_GATE_STEP if is_open else -_GATE_STEP), 0.0, 1.0))
    leaves_rest = float(smoothstep(*trust.rest, np.asarray(own_distance)))
    kept = float(np.where(weights > _LEAST, weights, 0.0).sum())
    share = gate * kept * leaves_rest
    return Recalled(weights=weights, gate=gate, is_open=is_open, share=share)


def _nearest(distances: Array) -> Array:
    """(N,) weights of the nearest, which sum to 1 and change steadily with the distances."""
    order = np.argsort(distances)
    count = min(_NEIGHBOURS, len(distances) - 1)
    near, beyond = distances[order[:count]], distances[order[count]]
    weights = np.zeros(len(distances))
    weights[order[:count]] = (near + 1e-3) ** -2 - (beyond + 1e-3) ** -2
    total = float(weights.sum())
    if total <= 0.0:
        weights[order[0]] = total = 1.0
    normed: Array = weights / total
    return normed
