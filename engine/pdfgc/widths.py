"""The widths a PD-FGC is built with. Depths, and the size of pictures, are fixed.

Narrow ones serve tests, and a generator of one's own.
"""

from dataclasses import dataclass

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
"""The published ones."""
