"""Lip sync: how much later than its lips a film's sound is, and how sure that is.

The listener of `engine/speech` hears the sound and says how far the jaw should be open; the film's
own lip gap is read by the tracker. Pearson's correlation of both is taken at every lag:

    offset      the lag (ms) at which it is highest; positive where the sound comes later
    r           the correlation there
    confidence  how far r stands above what chance finds: (r - mean) / deviation of the highest
                correlations of the same film with 60 jaws that move as fast and as much, at other
                moments (the heard one's spectrum with random phases; Theiler 1992, "Testing for
                nonlinearity in time series"). Below 3 the offset means nothing.

The measure has an offset of its own, that of the listener and the tracker: a film as it was filmed
has its row, and what a model adds is the difference. SyncNet's confidence is another thing.
"""

from collections.abc import Iterator, Sequence
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

_SURROGATES = 60
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
    chance = [float(_all_lags(times, seen, other).max()) for other in _surrogates(jaw)]
    spread = max(float(np.std(chance)), 1e-3)
    return LipSync(
        offset_ms=1000.0 * float(LAGS_S[top]),
        r=float(own[top]),
        confidence=(float(own[top]) - float(np.mean(chance))) / spread,
    )


def _surrogates(jaw: Array) -> Iterator[Array]:
    """Others with the same spectrum."""
    random = np.random.default_rng(0)
    spectrum = np.fft.rfft(jaw - jaw.mean())
    for _ in range(_SURROGATES):
        turned = np.exp(2j * np.pi * random.uniform(size=len(spectrum)))
        yield np.asarray(np.fft.irfft(spectrum * turned, len(jaw)), np.float64)


def _all_lags(times: Array, seen: Array, jaw: Array) -> Array:
    places = (np.arange(len(jaw)) + 0.5) * FRAME_S
    asked = np.array([np.interp(times + lag, places, jaw) for lag in LAGS_S])
    asked = asked - asked.mean(axis=1, keepdims=True)
    own = seen - seen.mean()
    size = np.linalg.norm(asked, axis=1) * np.linalg.norm(own)
    return np.asarray(np.where(size > 1e-9, asked @ own / np.maximum(size, 1e-9), 0.0))
