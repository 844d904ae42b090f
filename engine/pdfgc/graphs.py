"""The four graphs of a loaded PD-FGC bundle, called by meaning instead of by tensor names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.pdfgc.layout import MOTION, PARTS
from engine.runtimes.base import Array, Graph


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appearance:
    """All that a portrait is drawn from, besides a motion; it never changes."""

    start: Array
    """(1, C, 7, 7): the generator's start."""
    modulation: Array
    """(1, inputs of all layers): what the appearance adds to each layer's modulation."""


class PdfgcGraphs:
    """Encodes, reads, hears and draws, for any number of threads at once."""

    def __init__(self, graphs: dict[str, Graph], *, reads_lips: bool) -> None:
        self._graphs = graphs
        self.reads_lips = reads_lips
        """Whether lips are read off pictures; if not, their codes are zero."""

    def encode(self, picture: Array) -> Appearance:
        """(1, 3, 224, 224) in [-1, 1] -> who is shown."""
        found = self._graphs["encode"].run({"picture": picture})
        return Appearance(start=_fixed(found["map"]), modulation=_fixed(found["modulation"]))

    def read(self, picture: Array) -> Array:
        """(1, 3, 224, 224) in [-1, 1] -> (542,): the motion it shows."""
        found = self._graphs["read"].run({"picture": picture})
        nothing = np.zeros((1, PARTS["lips"]), np.float32)
        return np.concatenate([found.get(part, nothing)[0] for part in PARTS])

    def hear(self, window: Array) -> Array:
        """(80, 20) log-mel in 0..1 -> (500,): the lips."""
        lips: Array = self._graphs["hear"].run({"window": _fixed(window[None, None])})["lips"][0]
        return lips

    def draw(self, appearance: Appearance, codes: Array) -> Array:
        """A portrait with the codes (542,) of a motion -> (1, 3, 224, 224) in [-1, 1]."""
        inputs = {
            "map": appearance.start,
            "modulation": appearance.modulation,
            "motion": np.ascontiguousarray(codes, np.float32).reshape(1, MOTION),
        }
        return self._graphs["generate"].run(inputs)["picture"]


def _fixed(array: NDArray[np.float32]) -> Array:
    """A contiguous copy that never changes, as engine/runtimes/base.py has it."""
    copy = np.array(array, np.float32, order="C")
    copy.flags.writeable = False
    return copy


def to_network(pixels: Pixels) -> Array:
    """(224, 224, 3) in 0..255 -> (1, 3, 224, 224) in [-1, 1]; nothing else is normalised."""
    planes = pixels.transpose(2, 0, 1)[None].astype(np.float32)
    return np.ascontiguousarray(planes / np.float32(127.5) - 1, np.float32)


def from_network(picture: Array) -> Array:
    """(1, 3, 224, 224) in [-1, 1] -> (224, 224, 3) in 0..255, not rounded."""
    levels = (np.clip(picture[0], -1, 1) + 1) * np.float32(127.5)
    return np.ascontiguousarray(levels.transpose(1, 2, 0), np.float32)
