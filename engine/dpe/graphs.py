"""The four graphs of a loaded DPE bundle, called by meaning instead of by tensor names."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.dpe.motion import DpeMotion
from engine.frame import Pixels
from engine.runtimes.base import Array, Graph

Kind = Literal["expression", "pose"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """What the encoder finds in a portrait: all that its motion is drawn from."""

    code: Array
    features: dict[str, Array]
    """`feature_<size>`: the maps that are warped, but for the largest."""
    colours: dict[str, Array]
    """`<kind>_colour_<size>`: what each generator would paint of the maps, for each size."""

    def kept(self) -> "Encoded":
        """A copy that is not borrowed, and that a GPU need take over only once."""
        return Encoded(
            code=_fixed(self.code),
            features={name: _fixed(array) for name, array in self.features.items()},
            colours={name: _fixed(array) for name, array in self.colours.items()},
        )


def _fixed(array: Array) -> Array:
    """A contiguous copy that never changes, as engine/runtimes/base.py has it."""
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy


class DpeGraphs:
    """Encodes, reads and draws, for any number of threads at once."""

    def __init__(self, graphs: dict[str, Graph], size: int) -> None:
        self.size = size
        """Height and width of all pictures, in pixels."""
        self._graphs = graphs

    @contextmanager
    def encode(self, picture: Array) -> Iterator[Encoded]:
        """(1, 3, size, size) in [-1, 1] -> tens of megabytes, borrowed until the block ends."""
        with self._graphs["encode"].borrow({"picture": picture}) as found:
            yield Encoded(
                code=found["code"],
                features={name: found[name] for name in found if name.startswith("feature_")},
                colours={name: found[name] for name in found if "_colour_" in name},
            )

    def read(self, picture: Array) -> DpeMotion:
        """(1, 3, size, size) in [-1, 1] -> the motion it shows."""
        found = self._graphs["read"].run({"picture": picture})
        return DpeMotion(expression=found["expression"], pose=found["pose"])

    def draw(self, kind: Kind, portrait: Encoded, motion: Array) -> Array:
        """The portrait with a motion code, (1, 3, size, size)."""
        colours = {
            name.removeprefix(f"{kind}_"): array
            for name, array in portrait.colours.items()
            if name.startswith(kind)
        }
        inputs = {"code": portrait.code, "motion": motion, **portrait.features, **colours}
        return self._graphs[f"generate_{kind}"].run(inputs)["picture"]


def to_network(pixels: Pixels) -> Array:
    """(size, size, 3) in 0..255 -> (1, 3, size, size) in [-1, 1]; nothing else is normalised."""
    planes = pixels.transpose(2, 0, 1)[None].astype(np.float32)
    return np.ascontiguousarray(planes / np.float32(127.5) - 1, np.float32)


def from_network(picture: Array) -> Array:
    """(1, 3, size, size) in [-1, 1] -> (size, size, 3) in 0..255, not rounded."""
    levels = (np.clip(picture[0], -1, 1) + 1) * np.float32(127.5)
    return np.ascontiguousarray(levels.transpose(1, 2, 0), np.float32)
