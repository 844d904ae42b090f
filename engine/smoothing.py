"""The One-Euro filter: still things stand still, fast things are not late.

Casiez, Roussel, Vogel 2012, "1 € Filter". A first-order low-pass whose cutoff rises with speed.
"""

from math import inf, pi

import numpy as np
from numpy.typing import NDArray


class OneEuroFilter:
    """Smooths an array over time, each element by itself.

    Behind a steady motion the output is late by `lag_ms(speed)`, whatever the frame rate.
    """

    def __init__(
        self, *, min_cutoff_hz: float, beta: float, derivative_cutoff_hz: float = 1.0
    ) -> None:
        """`beta`: rise of the cutoff in Hz per unit of speed (the array's own unit, a second)."""
        if not 0 < min_cutoff_hz < inf or not 0 < derivative_cutoff_hz < inf:
            raise ValueError(
                "the cutoffs must be positive and finite, got "
                f"min_cutoff_hz={min_cutoff_hz}, derivative_cutoff_hz={derivative_cutoff_hz}"
            )
        if not 0 <= beta < inf:
            raise ValueError(f"beta must be finite and not negative, got {beta}")
        self._min_cutoff_hz = min_cutoff_hz
        self._beta = beta
        self._derivative_cutoff_hz = derivative_cutoff_hz
        self._last_ns: int | None = None
        self._raw = np.zeros(0)
        self._value = np.zeros(0)
        self._speed = np.zeros(0)

    def lag_ms(self, speed: float = 0.0) -> float:
        """How late the output is behind a motion of this steady speed: 1 / (2 pi cutoff)."""
        return 1000.0 / (2 * pi * (self._min_cutoff_hz + self._beta * abs(speed)))

    def reset(self) -> None:
        """Forget the past: the next value is taken as it is."""
        self._last_ns = None

    def __call__(
        self, value: NDArray[np.float32] | NDArray[np.float64], captured_ns: int
    ) -> NDArray[np.float64]:
        """The smoothed value. A moment seen before gives the same again; going back starts anew."""
        if self._last_ns is None or captured_ns < self._last_ns:
            self._raw = self._value = np.array(value, np.float64)
            self._speed = np.zeros_like(self._value)
        elif captured_ns > self._last_ns:
            self._advance(np.asarray(value, np.float64), (captured_ns - self._last_ns) / 1e9)
        self._last_ns = captured_ns
        return self._value.copy()

    def _advance(self, value: NDArray[np.float64], elapsed_s: float) -> None:
        # From raw to raw, as in the authors' later code: from the smoothed value (the paper's text)
        # the speed would count the lag as motion.
        speed = (value - self._raw) / elapsed_s
        self._speed += share(self._derivative_cutoff_hz, elapsed_s) * (speed - self._speed)
        cutoff_hz = self._min_cutoff_hz + self._beta * np.abs(self._speed)
        self._value = self._value + share(cutoff_hz, elapsed_s) * (value - self._value)
        self._raw = value.copy()


def share(cutoff_hz: float | NDArray[np.float64], elapsed_s: float) -> NDArray[np.float64]:
    """How much of the new value a low-pass takes after so much time (eq. 3 and 5 of the paper)."""
    return 1.0 / (1.0 + 1.0 / (2 * pi * np.asarray(cutoff_hz) * elapsed_s))
