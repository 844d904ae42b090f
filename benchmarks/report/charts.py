"""The kinds of charts a report can have: only what they show; `drawing` makes SVG of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.frame import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often a value came; drawn with its median and 95th percentile."""

    title: str
    unit: str
    series: Mapping[str, Sequence[float]]
    """Name -> all values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Values over the seconds of the run, as points."""

    title: str
    unit: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    """Name -> (seconds, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBars:
    """One bar a row, made of parts that add up."""

    title: str
    unit: str
    bars: Mapping[str, Mapping[str, float]]
    """Row -> part -> value; parts in the same order everywhere."""
    limit: float | None = None
    """A line to stay under, such as the time of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One thing over another, as joined points, such as the tail over the number of sessions."""

    title: str
    x: str
    """What the horizontal axis is, with its unit."""
    unit: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSheet:
    """Pictures side by side, to be looked at."""

    title: str
    pictures: Sequence[tuple[str, Pixels]]
    """(caption, (H, W, 3) uint8 RGB), row after row."""
    columns: int = 6


Chart: TypeAlias = Histogram | Timeline | StackedBars | Curve | ImageSheet
