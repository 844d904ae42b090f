"""Turns the pictures of one driving stream into PD-FGC's codes."""

from dataclasses import replace

import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Neutral
from engine.pdfgc.alignment import AlignmentFollower
from engine.pdfgc.graphs import PdfgcGraphs, to_network
from engine.pdfgc.layout import INDICES
from engine.pdfgc.motion import PdfgcMotion
from engine.pdfgc.smoothing import PoseMean
from engine.runtimes.base import Array


class PdfgcDriver:
    """Reads the pictures of one driving stream; keeps the face aligned.

    PD-FGC reads a face as it is, not against a neutral one, so there is nothing to calibrate.
    """

    def __init__(self, graphs: PdfgcGraphs, *, smooths: bool = True) -> None:
        self._graphs = graphs
        self._follower = AlignmentFollower()
        self._pose = PoseMean() if smooths else None
        self._last: tuple[Pixels, Array] | None = None

    @property
    def neutral(self) -> Neutral:
        """There is none."""
        return "none"

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> PdfgcMotion:
        """The motion of this picture; one that is the last one again is not read again."""
        alignment = self._follower.update(face, captured_ns)
        codes = self._known(picture)
        if codes is None:
            codes = self._graphs.read(to_network(alignment.cut(picture)))
            self._last = picture.copy(), codes
        motion = PdfgcMotion.of(codes)
        return motion if self._pose is None else self._smoothed(motion, captured_ns)

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Does nothing: there is no neutral face."""

    def recalibrate(self) -> None:
        """Does nothing: there is no neutral face."""

    def _known(self, picture: Pixels) -> Array | None:
        if self._last is None or not np.array_equal(self._last[0], picture):
            return None
        return self._last[1]

    def _smoothed(self, motion: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        assert self._pose is not None
        codes, pose = motion.codes.copy(), INDICES["pose"]
        codes[pose] = self._pose(codes[pose], captured_ns)
        return replace(motion, codes=codes)
