"""What a head does while nobody drives it: it blinks, and is never quite still.

The same moment always gives the same, so a film that is rendered twice is the same film.
"""

from dataclasses import dataclass

import numpy as np

from engine.geometry import Array

_TURNS_RAD = np.array([0.020, 0.028, 0.012])
"""How far the head nods, turns and leans."""
_SWAYS_CM = np.array([0.12, 0.08])
_PERIODS_S = np.array(
    [[6.1, 8.3, 10.7, 7.3, 9.1], [2.7, 3.9, 4.7, 3.1, 4.3], [13.1, 17.9, 19.3, 15.7, 21.1]]
)
"""Of three slow waves for each; no two agree, so that nobody sees it repeat."""
_SHARES = np.array([0.5, 0.3, 0.4])
_BLINK_S = 0.24
_CLOSES = 0.4
"""Share of a blink in which the lids close; they open more slowly."""
_LEAST_PAUSE_S, _MOST_PAUSE_S = 1.8, 5.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IdleMotion:
    """A head at one moment."""

    rotation: Array
    """(3,) rad, as in a motion file."""
    shift: Array
    """(2,) cm, right and down."""
    blink: float
    """0 open, 1 closed."""


class Idle:
    """Small movements from time 0 on; time may go forwards only."""

    def __init__(self, seed: int = 0) -> None:
        """Another seed is another sitter."""
        self._random = np.random.default_rng(seed)
        self._phases = self._random.uniform(0.0, 2.0 * np.pi, (3, 5))
        self._blinks_s = float(self._random.uniform(1.0, 2.5))

    def at(self, time_s: float) -> IdleMotion:
        """The head at this moment."""
        angles = 2.0 * np.pi * time_s / _PERIODS_S + self._phases
        waves = _SHARES @ np.sin(angles)  # (5,)
        return IdleMotion(
            rotation=waves[:3] * _TURNS_RAD,
            shift=waves[3:] * _SWAYS_CM,
            blink=self._blink(time_s),
        )

    def _blink(self, time_s: float) -> float:
        while time_s >= self._blinks_s + _BLINK_S:
            self._blinks_s += float(self._random.uniform(_LEAST_PAUSE_S, _MOST_PAUSE_S))
        along = (time_s - self._blinks_s) / _BLINK_S
        if along <= 0.0:
            return 0.0
        share = along / _CLOSES if along < _CLOSES else (1.0 - along) / (1.0 - _CLOSES)
        return float(share * share * (3.0 - 2.0 * share))
