"""PD-FGC's motion as plain arrays, one row per frame, and back: what a motion file holds."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.model import MotionRow
from engine.pdfgc.layout import PARTS
from engine.pdfgc.motion import PdfgcMotion
from engine.pdfgc.recording import PdfgcRecording


class PdfgcArrays:
    """Keeps `engine.model.MotionArrays`."""

    def row(self, motion: object) -> MotionRow:
        """The numbers of one motion by their names; those of rest for None."""
        if not isinstance(motion, PdfgcMotion | None):
            raise TypeError(f"only PD-FGC's motion can be kept here, got {type(motion).__name__}")
        shown = PdfgcMotion.still() if motion is None else motion
        codes = shown.codes.astype(np.float64)
        parts = np.split(codes, np.cumsum(list(PARTS.values()))[:-1])
        # A driver's motion is meant as a whole; only a mixer, which nobody records, divides it.
        return {**dict(zip(PARTS, parts, strict=True)), "share": float(shown.share[0])}

    def arkit(self, rows: NDArray[np.void]) -> NDArray[np.float32]:
        """(N, 52): zeros. Nobody knows what its codes are in ARKit's names."""
        return np.zeros((len(rows), 52), np.float32)

    def recording(
        self, arrays: Mapping[str, NDArray[np.generic]], tracked: NDArray[np.bool_], rate: Fraction
    ) -> PdfgcRecording:
        """The performance that arrays stand for."""
        parts = [np.asarray(arrays[part], np.float32) for part in PARTS]
        return PdfgcRecording(
            times_ns=np.asarray(arrays["times_ns"], np.int64),
            tracked=tracked,
            codes=np.concatenate(parts, axis=1),
            share=np.asarray(arrays["share"], np.float32),
            rate=rate,
        )
