"""Recorded motion over time, of any family: between its frames, at rest, and again and again."""

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from engine.geometry import smoothstep
from engine.model import MotionT

SEAM_S = 0.4
"""A recording that runs again passes from its end to its beginning in this time."""


class Performance(ABC, Generic[MotionT]):
    """N frames of motion, N at least 1; a family's recording adds its rows."""

    __slots__ = ()

    times_ns: NDArray[np.int64]
    """(N,) since the first frame, growing strictly from 0."""
    tracked: NDArray[np.bool_]
    """(N,) False where no face drove the portrait: it was at rest, the other rows say nothing."""
    rate: Fraction
    """Frames per second of the source; single frames may deviate."""

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.times_ns)

    @property
    def length_ns(self) -> int:
        """From the first frame to the end of the last one."""
        return int(self.times_ns[-1]) + round(1_000_000_000 / self.rate)

    def motion(self, index: int) -> MotionT | None:
        """The motion of one frame; None is at rest."""
        return self._row(index) if self.tracked[index] else None

    def at(self, elapsed_ns: int) -> MotionT:
        """The motion at a moment after the beginning; past the end, the recording runs again.

        At a recorded time it is the recorded motion itself, in between on a straight line.
        """
        round_number, time_ns = divmod(max(elapsed_ns, 0), self.length_ns)
        motion = self._between_rows(time_ns)
        if round_number and time_ns < SEAM_S * 1e9:
            along = float(smoothstep(0.0, SEAM_S * 1e9, np.asarray(float(time_ns))))
            motion = self._between(self._row_or_rest(self.frames - 1), motion, along)
        return motion

    @abstractmethod
    def _row(self, index: int) -> MotionT:
        """The recorded motion of one frame."""

    @abstractmethod
    def _rest(self) -> MotionT:
        """A portrait's own still face."""

    @abstractmethod
    def _between(self, first: MotionT, second: MotionT, weight: float) -> MotionT:
        """On the straight line from one (weight 0) to another (1)."""

    def _between_rows(self, time_ns: int) -> MotionT:
        after = int(np.searchsorted(self.times_ns, time_ns))
        if after == self.frames:
            return self._row_or_rest(self.frames - 1)
        if self.times_ns[after] == time_ns:
            return self._row_or_rest(after)
        begin, end = (int(self.times_ns[index]) for index in (after - 1, after))
        weight = (time_ns - begin) / (end - begin)
        return self._between(self._row_or_rest(after - 1), self._row_or_rest(after), weight)

    def _row_or_rest(self, index: int) -> MotionT:
        return self._row(index) if self.tracked[index] else self._rest()
