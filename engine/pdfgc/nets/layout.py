"""The widths a PD-FGC is built with, and how they are read off released state dicts.

Depths, and the size of pictures, are fixed; the released widths are the default. Narrow ones serve
tests, and a generator of one's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.pdfgc.layout import MOTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Channels."""

    appearance: int = 64
    """Of the appearance encoder's stem; its code is 32 times as long. A multiple of 16."""
    motion: int = 64
    """Of the motion encoder's stem; a multiple of 4."""
    sound: int = 32
    """Of the sound encoder's first stage; a multiple of 8."""
    generator: tuple[int, ...] = (512, 512, 512, 512, 256, 128)
    """At 7, 14, ... 224 pixels; the first are also the map's."""

    @property
    def code(self) -> int:
        """Length of a portrait's appearance code."""
        return 32 * self.appearance

    @property
    def style(self) -> int:
        """Length of appearance and motion together."""
        return self.code + MOTION


RELEASED = Widths()
STEM = "model.conv1.weight"


def widths_of(
    appearance: Mapping[str, Tensor],
    motion: Mapping[str, Tensor],
    sound: Mapping[str, Tensor],
    generator: Mapping[str, Tensor],
) -> Widths:
    """Read the widths off four state dicts; what no tensor tells is as released.

    A width that does not go with the rest is found when names and shapes are compared.
    """
    levels = ["conv1", *(f"convs.{2 * level + 1}" for level in range(5))]
    found = [
        _size(generator, f"{level}.activate.bias", 1, released)
        for level, released in zip(levels, RELEASED.generator, strict=True)
    ]
    return Widths(
        appearance=_whole(_size(appearance, STEM, 0, RELEASED.appearance), 16),
        motion=_whole(_size(motion, STEM, 0, RELEASED.motion), 4),
        sound=_whole(_size(sound, STEM, 0, RELEASED.sound), 8),
        generator=tuple(found),
    )


def _size(state: Mapping[str, Tensor], name: str, axis: int, otherwise: int) -> int:
    shape = state[name].shape if name in state else ()
    return (shape[axis] if axis < len(shape) else 0) or otherwise


def _whole(width: int, factor: int) -> int:
    """The next multiple: a foreign file must be refused in words, not by a network's arithmetic."""
    return -(-width // factor) * factor
