"""A portrait that DPE moves: encoded once, drawn per frame, put back where it came from."""

from typing import Self

import numpy as np

from engine.dpe.graphs import DpeGraphs, from_network, to_network
from engine.dpe.motion import DpeMotion
from engine.dpe.setting import setting_of
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit, Mode
from engine.runtimes.base import Array


class DpePortrait:
    """A portrait; what it is shown in stands in `setting.py`."""

    def __init__(self, graphs: DpeGraphs, picture: Pixels, face: Face) -> None:
        self._graphs = graphs
        self._setting = setting_of(picture, face, graphs.size)
        with graphs.encode(to_network(self._setting.crop)) as found:
            self._encoded = found.kept()
        self._still: Pixels | None = None

    @property
    def modes(self) -> frozenset[Mode]:
        """As what it is shown in lets it."""
        return self._setting.modes

    def render(self, motion: DpeMotion, edit: Edit) -> Pixels:
        """One picture of the enrolled one's size.

        Raises:
            InputError: the mode moves the head of a whole picture, or a gain that DPE has not.
        """
        backdrop = self._setting.backdrop(edit.mode)
        return backdrop.paste(from_network(self._drawn(motion.edited(edit), edit.mode)))

    def still(self) -> Pixels:
        """The portrait drawn without motion: as soft as it is while it moves, so nothing jumps."""
        if self._still is None:
            rest = np.zeros_like(self._encoded.code)
            drawn = self._graphs.draw("expression", self._encoded, rest)
            self._still = self._setting.face.paste(from_network(drawn))
        return self._still.copy()

    def prepare(self) -> None:
        """Draw the still picture, and not in the thread that first shows it."""
        self.still()

    def for_stream(self) -> Self:
        """Nothing eases: each picture is of one motion alone."""
        return self

    def _drawn(self, motion: DpeMotion, mode: Mode) -> Array:
        """The network's picture, (1, 3, size, size)."""
        if mode == "expression":
            return self._graphs.draw("expression", self._encoded, motion.expression)
        if mode == "pose":
            return self._graphs.draw("pose", self._encoded, motion.pose)
        first = self._graphs.draw("expression", self._encoded, motion.expression)
        # The pose generator warps the features of what is there now: they must be found anew.
        with self._graphs.encode(first) as found:
            return self._graphs.draw("pose", found, motion.pose)
