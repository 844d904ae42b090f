"""Axes of a drawing: where a value lies, and round numbers beside it."""

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 480, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 36
"""Room around the plot, in the drawing's own pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """A plot from `x0` to `x1` and from zero, or `y0`, to `y1`."""

    x0: float
    x1: float
    y1: float
    y0: float = 0.0

    def x(self, value: float) -> float:
        """Pixels from the left."""
        share = (value - self.x0) / ((self.x1 - self.x0) or 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        share = (value - self.y0) / ((self.y1 - self.y0) or 1.0)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def levels(self) -> str:
        """Lines across, each with its number."""
        return "".join(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(y)}" '
            f'y2="{self.y(y)}"/>'
            f'<text class="end" x="{LEFT - 5}" y="{self.y(y) + 4}">{short(y)}</text>'
            for y in ticks(self.y0, self.y1, 4)
        )

    def drawn(self, x_name: str, y_name: str) -> str:
        """Lines, numbers and names."""
        numbers = "".join(
            f'<text class="mid" x="{self.x(x)}" y="{HEIGHT - BOTTOM + 15}">{short(x)}</text>'
            for x in ticks(self.x0, self.x1, 6)
        )
        return self.levels() + numbers + named(x_name, y_name)


def named(x_name: str, y_name: str) -> str:
    """What the axes are."""
    return (
        f'<text class="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}">{escape(x_name)}</text>'
        f'<text x="2" y="{HEIGHT - 5}">{escape(y_name)}</text>'
    )


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers in a range, roughly so many."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in (1.0, 2.0, 5.0, 10.0) if power * each >= raw)
    first = math.ceil(low / step - 1e-9)
    return [each * step for each in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number in few signs."""
    return f"{value:.4g}"


def svg(content: str, label: str, height: int = HEIGHT) -> str:
    """The drawing, as wide as its place."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{content}</svg>"
    )
