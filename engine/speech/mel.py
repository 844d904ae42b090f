"""Log-mel pictures of sound: the shared filters, and PD-FGC's own `log_mel`.

`log_mel` is what PD-FGC's network of lips by sound was trained on (Wav2Lip's preprocessing, in the
authors' released inference code). The listener's streaming features are in `features.py`.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 16_000
HOP = 160
"""Samples from frame to frame: 10 ms."""

_WINDOW = 1280
_BANDS = 80
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 7600.0
_LEVEL = 0.1
"""Root mean square to which a whole waveform is brought."""
_LEAST_MAGNITUDE = 1e-5


def log_mel(waveform: NDArray[np.floating]) -> Floats:
    """(samples,) at 16 kHz, -1..1 -> (T, 80) in 0..1, one row each 10 ms.

    Row m has heard up to sample 160 (m + 1), and seven rows follow the end of the sound. The
    loudness of the whole is levelled, so pieces of a waveform give other rows than the whole.

    Raises:
        ValueError: not one row of finite samples.
    """
    wave = checked_samples(waveform).astype(np.float64)
    loudness = float(np.sqrt(np.mean(wave**2))) if len(wave) else 0.0
    if loudness > 0.0:
        wave = wave * (_LEVEL / loudness)
    padded = np.pad(wave, _WINDOW - HOP)
    if len(padded) < _WINDOW:
        return np.zeros((0, _BANDS), np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP]
    magnitude = np.abs(np.fft.rfft(pieces * _window(), axis=1)) @ _slaney_filters().T
    decibels = 20.0 * np.log10(np.maximum(magnitude, _LEAST_MAGNITUDE)) - 20.0
    return np.clip((decibels + 100.0) / 100.0, 0.0, 1.0).astype(np.float32)


def checked_samples(waveform: NDArray[np.floating]) -> NDArray[np.floating]:
    """The samples; ValueError where they are not one row of finite floats."""
    if waveform.ndim != 1 or not np.issubdtype(waveform.dtype, np.floating):
        raise ValueError(
            f"sound must be one row of floats, got {waveform.dtype} of shape {waveform.shape}"
        )
    if not np.isfinite(waveform).all():
        raise ValueError("sound must be finite")
    return waveform


def triangles(edges_hz: NDArray[np.float64], fft: int) -> NDArray[np.float64]:
    """(bands + 2,) ascending -> (bands, fft / 2 + 1): each rises from one edge to the next."""
    bins = np.arange(fft // 2 + 1) * RATE_HZ / fft
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.maximum(0.0, np.minimum(rising, falling))


@cache
def _window() -> NDArray[np.float64]:
    """Half a root of a Hann window, as the package `lws` has it."""
    turn = 2.0 * np.pi * (np.arange(_WINDOW) + 0.5) / _WINDOW
    return np.asarray(0.5 * np.sqrt(0.5 - 0.5 * np.cos(turn)))


@cache
def _slaney_filters() -> NDArray[np.float64]:
    """(80, 641) triangles of equal area on Slaney's scale (Auditory Toolbox, 1998)."""
    low, high = _slaney(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    edges = _slaney_hz(np.linspace(low, high, _BANDS + 2))
    return triangles(edges, _WINDOW) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


_LINEAR_TO_HZ, _HZ_PER_MEL = 1000.0, 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0
"""Above 1 kHz Slaney's scale is logarithmic: 27 steps to 6.4 kHz."""


def _slaney(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_TO_HZ / _HZ_PER_MEL + np.log(np.maximum(hz, 1.0) / _LINEAR_TO_HZ) / _LOG_STEP
    return np.where(hz < _LINEAR_TO_HZ, hz / _HZ_PER_MEL, above)


def _slaney_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_TO_HZ * np.exp(_LOG_STEP * (mel - _LINEAR_TO_HZ / _HZ_PER_MEL))
    return np.where(mel < _LINEAR_TO_HZ / _HZ_PER_MEL, mel * _HZ_PER_MEL, above)
