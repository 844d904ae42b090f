"""A portrait that PD-FGC moves: encoded once, drawn per frame, put back where it came from."""

from typing import Self

import cv2

from engine.faces.face import Face
from engine.frame import Pixels
from engine.head_setting import HeadSetting
from engine.motion import Edit, Mode
from engine.pdfgc.alignment import aligned
from engine.pdfgc.graphs import PdfgcGraphs, from_network, to_network
from engine.pdfgc.layout import SIZE
from engine.pdfgc.motion import PdfgcMotion
from engine.runtimes.base import Array


class PdfgcPortrait:
    """Who is shown, and the codes of the portrait's own face: those of rest."""

    def __init__(self, graphs: PdfgcGraphs, picture: Pixels, face: Face) -> None:
        alignment = aligned(face)
        self._graphs = graphs
        self._setting = HeadSetting.around(
            picture,
            alignment.face(face),
            alignment.to_picture(),
            SIZE,
            border=cv2.BORDER_CONSTANT,
            family="PD-FGC",
        )
        crop = to_network(self._setting.crop)
        self._appearance = graphs.encode(crop)
        self._own = graphs.read(crop)
        self._still: Pixels | None = None

    @property
    def modes(self) -> frozenset[Mode]:
        """As what it is shown in lets it."""
        return self._setting.modes

    def render(self, motion: PdfgcMotion, edit: Edit) -> Pixels:
        """One picture of the enrolled one's size.

        Raises:
            InputError: the mode moves the head of a whole picture, or a gain that PD-FGC has not.
        """
        backdrop = self._setting.backdrop(edit.mode)
        return backdrop.paste(from_network(self._drawn(motion.edited(edit).over(self._own))))

    def still(self) -> Pixels:
        """The portrait drawn with its own codes: as soft as while it moves, so nothing jumps."""
        if self._still is None:
            self._still = self._setting.face.paste(from_network(self._drawn(self._own)))
        return self._still.copy()

    def prepare(self) -> None:
        """Draw the still picture, and not in the thread that first shows it."""
        self.still()

    def for_stream(self) -> Self:
        """Nothing eases: each picture is of one motion alone."""
        return self

    def _drawn(self, codes: Array) -> Array:
        """The network's picture, (1, 3, 224, 224)."""
        return self._graphs.draw(self._appearance, codes)
