"""A performance in PD-FGC's codes, frame by frame: it replays without a network."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.pdfgc.motion import PdfgcMotion, between
from engine.performance import Performance
from engine.runtimes.base import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PdfgcRecording(Performance[PdfgcMotion]):
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

    def _rest(self) -> PdfgcMotion:
        return PdfgcMotion.still()

    def _between(self, first: PdfgcMotion, second: PdfgcMotion, weight: float) -> PdfgcMotion:
        return between(first, second, weight)

    def _row(self, index: int) -> PdfgcMotion:
        return PdfgcMotion.of(self.codes[index]).eased(1.0 - float(self.share[index]))
