"""Where are the brows? The driving picture itself is asked.

A tracker's brows are half a guess: on a bald forehead it leaves raised brows where they were, and
hair before them draws its points along. So the bands of skin that hold the brows are compared in
two pictures, the driver's neutral frame and the frame at hand, laid out in the canonical frame so
that the head's own movement is gone: each of three parts of a brow is looked for above and below
its place, near where the landmarks say.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.frame import Pixels
from engine.geometry import Array, smoothstep, vector_from_rotation
from engine.motion import ARKIT_NAMES
from engine.rig.driver.brow_band import BROWS, PARTS, SHIFTS, alike_at, between, cut_bands
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import LIDS

_PULL, _DOUBT_CM = 0.12, 0.5
"""How much likeness (of 1) it costs at most to lie above the landmarks' word, and where half of
it."""

_LOWER_PULL = 0.5
"""The same for a centimetre below it: a tracker overlooks raised brows, and makes few up; but the
fold of a lid looks like a brow."""

_BEND = 0.35
"""The same for a centimetre between two parts beside each other."""

_UNLIKE, _ALIKE = 0.5, 0.8
"""Correlation of a band with its match: below the first the landmarks are taken as they are, above
the second the picture is."""

_MOST = 0.75
"""How far a clear brow is followed: a band goes farther than the skin does, landmarks less far."""

_TURNED_RAD, _AWAY_RAD = np.radians([12.0, 28.0])
"""Turn against the neutral frame from which on the bands shrink and hide, and at which nothing is
taken from them."""

_OF_NODS = 3.0
"""How many times a nod counts of that. `yes` nods: L1 of its face is 5.35 where it counts once,
5.29 where twice, 5.26 so."""

_BENT = -_BEND * (SHIFTS[:, None] - SHIFTS) ** 2
"""(S, S): what two parts beside each other lose by not going together."""


class BrowCheck:
    """Remembers the brows of the driver's neutral frame."""

    def __init__(self, neutral: Reading, picture: Pixels) -> None:
        self._neutral = neutral
        self._bands = cut_bands(neutral, picture)
        self._heights = neutral.points[self._bands.points, 1]

    def corrected(self, reading: Reading, picture: Pixels) -> Reading:
        """The reading, with brows and forehead where the picture shows them."""
        by = self.higher(reading, picture)
        if np.abs(by).max() < 1e-4:
            return reading
        points = reading.points.copy()
        points[:468, 1] += spread() @ by
        return replace(reading, points=points, landmarks=reading.placement.apply(points))

    def higher(self, reading: Reading, picture: Pixels) -> Array:
        """(6,) cm by which the brows' parts are higher than they are read; for `spread`."""
        bands = self._bands
        own = (reading.points[bands.points, 1] - self._heights).mean(axis=1)
        alike = alike_at(bands, reading, picture)
        off = SHIFTS - own[:, None]
        higher = _PULL * off**2 / (off**2 + _DOUBT_CM**2)
        best = _best_chains(alike - np.where(off > 0.0, higher, _LOWER_PULL * off**2))
        there = alike[np.arange(len(best)), best]
        sure = _MOST * bands.trust * smoothstep(_UNLIKE, _ALIKE, there)
        turn = _hiding(reading.placement.rotation @ self._neutral.placement.rotation.T)
        return np.asarray(sure * (between(alike, best) - bands.at_rest - own) * seen_at(turn))


def _hiding(turn: Array) -> float:
    """Radians that count of a turn (3, 3): a nod foreshortens brows and the skin above them."""
    return float(np.linalg.norm(vector_from_rotation(turn) * (_OF_NODS, 1.0, 1.0)))


def seen_at(turn_rad: float) -> float:
    """How well the brows of a head turned so far from its neutral place are seen, 1..0."""
    return 1.0 - float(smoothstep(_TURNED_RAD, _AWAY_RAD, np.asarray(turn_rad)))


def _best_chains(score: Array) -> NDArray[np.int64]:
    """(6, S) of two brows' three parts -> (6,): shifts of the highest sum, near to each other."""
    inner, middle, outer = score.reshape(2, 3, -1).transpose(1, 0, 2)
    with_inner = inner[:, None] + _BENT  # (brows, S of the middle, S of the inner part)
    with_outer = outer[:, None] + _BENT
    best = (middle + with_inner.max(axis=2) + with_outer.max(axis=2)).argmax(axis=1)
    brows = np.arange(len(best))
    aside = [beside[brows, best].argmax(axis=1) for beside in (with_inner, with_outer)]
    return np.stack([aside[0], best, aside[1]], axis=1).ravel()


@cache
def spread() -> Array:
    """(468, 6): how far each landmark goes along with each part of the brows.

    As FaceKit's brows take forehead and lids along, over how far the brow below goes itself.
    """
    basis = load_basis()
    raised = basis.arkit[..., [ARKIT_NAMES.index(name) for name in _RAISES]].sum(axis=-1)[:468, 1]
    raised[LIDS] = 0.0
    x = basis.canonical[:468, 0]
    middles, goes = [], []
    for upper, lower in BROWS:
        line = (basis.canonical[list(upper), 0] + basis.canonical[list(lower), 0]) / 2.0
        way = (raised[list(upper)] + raised[list(lower)]) / 2.0
        middles += (line[0] + np.array(PARTS) * (line[-1] - line[0])).tolist()
        goes += np.interp(PARTS, np.abs((line - line[0]) / (line[-1] - line[0])), way).tolist()
    order = np.argsort(middles)
    knots = np.array(middles)[order]
    shares = np.stack(
        [np.interp(x, knots, np.eye(len(knots))[k]) for k in range(len(knots))], axis=1
    )
    below = shares @ np.array(goes)[order]
    along = np.clip(raised / below, 0.0, 1.0)
    along *= smoothstep(*_LOWEST_CM, basis.canonical[:468, 1])
    spread = np.zeros((468, len(knots)))
    spread[:, order] = shares * along[:, None]
    return spread


_LOWEST_CM = 1.5, 3.0
"""Canonical heights between which a point comes to follow the brows: below and above the eyes."""

_RAISES = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
