"""What the listener hears: 40 log-mel bands every 10 ms against a running level, as they come.

Frame t ends at sample 160 (t + 1): nothing of the future is in it. The level follows loud sound
within some 30 ms and lets go slowly, so speech after silence and speech that is recorded too low
look alike after a moment; what is below the level by 40 dB is as good as silence.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.speech.mel import HOP, RATE_HZ, Floats, checked_samples, triangles

FRAME_S = HOP / RATE_HZ
BANDS = 40
WINDOW, FFT = 400, 512

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7600.0
_VOICE = slice(4, 28)
"""Bands of about 300 to 3400 Hz, by which loudness is judged."""

_FIRST_LEVEL = 1.5
"""Natural logarithm of the voice bands' mean power: speech at -26 dB of full scale."""
_LEAST_LEVEL = -4.5
"""About 26 dB below that: whatever is softer stays soft."""
_ATTACK = 0.3
"""Share of the way up to a louder frame, in 10 ms."""
_RELEASE = 0.007
"""Of the logarithm of power, in 10 ms: 3 dB a second."""
_FLOOR = 1e-4
"""Of the level's power; added, so that silence is a number."""
SILENT = float(np.log(_FLOOR))
"""What silence is as a feature, and as loudness."""


class Features:
    """Belongs to one stream; `hear` gives the frames that its samples complete."""

    def __init__(self) -> None:
        self._past: Floats = np.zeros(WINDOW - HOP, np.float32)
        self._level = _FIRST_LEVEL

    def hear(self, samples: NDArray[np.floating]) -> Floats:
        """(any number,) at 16 kHz, -1..1 -> (frames, 40), natural logarithms.

        Raises:
            ValueError: not one row of finite samples.
        """
        heard = np.concatenate([self._past, checked_samples(samples).astype(np.float32)])
        count = max((len(heard) - WINDOW) // HOP + 1, 0)
        self._past = heard[count * HOP :]
        if not count:
            return np.zeros((0, BANDS), np.float32)
        pieces = np.lib.stride_tricks.sliding_window_view(heard, WINDOW)[: count * HOP : HOP]
        power = _powers(pieces)
        return np.asarray(np.log(power / self._levels(power)[:, None] + _FLOOR), np.float32)

    def _levels(self, power: Floats) -> Floats:
        """(frames,) the running level, as power."""
        loudness = np.log(power[:, _VOICE].mean(axis=1) + 1e-9).tolist()
        levels, level = [], self._level
        for loud in loudness:
            level = level + _ATTACK * (loud - level) if loud > level else level - _RELEASE
            level = max(level, _LEAST_LEVEL)
            levels.append(level)
        self._level = level
        return np.exp(np.array(levels, np.float32))


def loudness(features: Floats) -> Floats:
    """(frames, 40) -> (frames,): the voice's against the running level, logarithm of power."""
    return np.asarray(np.log(np.exp(features[:, _VOICE]).mean(axis=1)), np.float32)


def _powers(pieces: Floats) -> Floats:
    """(frames, 400) -> (frames, 40)."""
    spectrum = np.fft.rfft(pieces * _hann(), FFT, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(power @ _filters().T, np.float32)


@cache
def _hann() -> Floats:
    return np.hanning(WINDOW).astype(np.float32)


@cache
def _filters() -> Floats:
    """(40, 257) on the usual scale of 2595 log10(1 + f / 700)."""
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, BANDS + 2) / 2595.0) - 1.0)
    return triangles(edges, FFT).astype(np.float32)
