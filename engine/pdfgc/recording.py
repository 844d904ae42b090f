"""A performance in PD-FGC's codes, frame by frame: it replays without a network."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.geometry import smoothstep
from engine.pdfgc.motion import PdfgcMotion, between
from engine.runtimes.base import Array

SEAM_S = 0.4
"""A recording that runs again passes from its end to its beginning in this time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PdfgcRecording:
    """N frames of motion, N at least 1."""

    times_ns: NDArray[np.int64]
    """(N,) since the first frame, growing strictly from 0."""
    tracked: NDArray[np.bool_]
    """(N,) False where no face drove the portrait: it was at rest."""
    codes: Array
    """(N, 542)"""
    share: Array
    """(N,) how much of the codes is meant: less than 1 on the way to rest."""
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

    def motion(self, index: int) -> PdfgcMotion | None:
        """The motion of one frame; None is at rest."""
        return self._row(index) if self.tracked[index] else None

    def at(self, elapsed_ns: int) -> PdfgcMotion:
        """The motion at a moment after the beginning; past the end, the recording runs again.

        At a recorded time it is the recorded motion itself, in between on a straight line.
        """
        round_number, time_ns = divmod(max(elapsed_ns, 0), self.length_ns)
        motion = self._between_rows(time_ns)
        if round_number and time_ns < SEAM_S * 1e9:
            along = float(smoothstep(0.0, SEAM_S * 1e9, np.asarray(float(time_ns))))
            motion = between(self._row_or_rest(self.frames - 1), motion, along)
        return motion

    def _between_rows(self, time_ns: int) -> PdfgcMotion:
        after = int(np.searchsorted(self.times_ns, time_ns))
        if after == self.frames:
            return self._row_or_rest(self.frames - 1)
        if self.times_ns[after] == time_ns:
            return self._row_or_rest(after)
        begin, end = (int(self.times_ns[index]) for index in (after - 1, after))
        weight = (time_ns - begin) / (end - begin)
        return between(self._row_or_rest(after - 1), self._row_or_rest(after), weight)

    def _row_or_rest(self, index: int) -> PdfgcMotion:
        return self._row(index) if self.tracked[index] else PdfgcMotion.still()

    def _row(self, index: int) -> PdfgcMotion:
        return PdfgcMotion.of(self.codes[index]).eased(1.0 - float(self.share[index]))
