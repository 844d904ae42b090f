"""A report: figures that a script reads, tables and charts that people read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.report.charts import Chart
from engine.errors import UnderstudyError

Better = Literal["lower", "higher"]


class CannotRunError(UnderstudyError):
    """A part of a benchmark cannot run on this machine; the message is the reason, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, and how sure it is."""

    name: str
    """Dotted, from the general to the particular: `step.render.p95`. Unique in its report."""
    value: float
    unit: str
    """Such as ms, MB, dB, pictures/s; empty for ratios and correlations."""
    better: Better | None
    """Which way is an improvement; None where neither is."""
    interval: tuple[float, float] | None = None
    """Where the value lies with 95 % confidence; None where the run cannot tell."""
    rounds: tuple[float, ...] = ()
    """The same figure of each repetition in this run, in order; empty where there was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as they are shown; the first column names the row."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    """Sentences under it: scope, what is skipped, how to read it."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"{self.title}: {len(row)} cells under {len(self.head)} heads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a benchmark found."""

    kind: str
    """The command's name: step, glass, load, ..."""
    settings: Mapping[str, object]
    """What was measured: model, backend, size, threads; values that JSON can hold."""
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    """In the HTML report alone."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """What was not measured -> why, in a sentence."""

    def __post_init__(self) -> None:
        names = [figure.name for figure in self.figures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"figures named twice: {', '.join(twice)}")
