"""Lip sync: how much later than its lips a film's sound is, and how sure that is.

The listener of `engine/speech` hears the sound and says how far the jaw should be open; the film's
own lip gap is read by the tracker. Pearson's correlation of both is taken at every lag:

    offset      the lag (ms) at which it is highest; positive where the sound comes later
    r           the correlation there
    confidence  how far r stands above what chance finds: (r - mean) / deviation of the highest
                correlations of the same film with the same sound begun elsewhere (turned round by
                more than two search widths). Below 3 the offset means nothing.

The measure has an offset of its own, that of the listener and the tracker: a film as it was filmed
has its row, and what a model adds is the difference. SyncNet's confidence is another thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.speech.articulation import JAW
from engine.speech.features import FRAME_S
from engine.speech.track import lips_of

LAGS_S = np.arange(-0.5, 0.5001, 0.01)
BELIEVED = 3.0
"""Least confidence."""

_TURNS = 40
_LEAST_S = 2.0
_STILL = 0.004
"""Deviation of a lip gap (over the mouth's width) below which lips do not move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LipSync:
    """Of one film."""

    offset_ms: float
    r: float
    confidence: float

    @property
    def is_believed(self) -> bool:
        """Whether the offset means anything."""
        return self.confidence >= BELIEVED


def heard_jaw(samples: NDArray[np.float32]) -> Array:
    """(T,) every 10 ms: how far the jaw should be open, from samples at 16 kHz."""
    return np.asarray(lips_of([samples]).mouth.curves[:, JAW], np.float64)


def lip_sync(
    times_s: Sequence[float] | Array, gaps: Sequence[float] | Array, jaw: Array
) -> LipSync | None:
    """A film's lip gaps at its times against `heard_jaw`, whose frame t begins at t / 100 s.

    None where lips or sound don't move, or less than two seconds are seen.
    """
    times, seen = np.asarray(times_s, np.float64), np.asarray(gaps, np.float64)
    if len(times) < 3 or times[-1] - times[0] < _LEAST_S or seen.std() < _STILL:
        return None
    if jaw.std() < 1e-6:
        return None
    own = _all_lags(times, seen, jaw)
    top = int(np.argmax(own))
    reach = round(2.0 * float(LAGS_S[-1] - LAGS_S[0]) / FRAME_S)
    if len(jaw) <= 2 * reach:
        jaw = np.concatenate([jaw, np.zeros(2 * reach + 1 - len(jaw))])
    turns = np.linspace(reach, len(jaw) - reach, _TURNS).astype(int)
    chance = [float(_all_lags(times, seen, np.roll(jaw, turn)).max()) for turn in turns]
    spread = max(float(np.std(chance)), 1e-3)
    return LipSync(
        offset_ms=1000.0 * float(LAGS_S[top]),
        r=float(own[top]),
        confidence=(float(own[top]) - float(np.mean(chance))) / spread,
    )


def _all_lags(times: Array, seen: Array, jaw: Array) -> Array:
    places = (np.arange(len(jaw)) + 0.5) * FRAME_S
    asked = np.array([np.interp(times + lag, places, jaw) for lag in LAGS_S])
    asked = asked - asked.mean(axis=1, keepdims=True)
    own = seen - seen.mean()
    size = np.linalg.norm(asked, axis=1) * np.linalg.norm(own)
    return np.asarray(np.where(size > 1e-9, asked @ own / np.maximum(size, 1e-9), 0.0))
