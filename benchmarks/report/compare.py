"""What changed between two records, beyond their noise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.report.report import Figure, Report, Table
from benchmarks.report.uncertainty import Interval, ratio_of_medians

LEAST_ROUNDS = 5
"""Of each record: fewer say nothing of their spread."""
LEAST = 0.05
"""A smaller change of a figure with rounds is between two runs of the same code, too."""
ABOUT_THE_RUN = ("machine", "versions", "settings")

Says = Literal["worse", "better", "changed", "the same", "cannot be told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of one figure."""

    figure: Figure
    """After."""
    before: float
    says: Says
    ratio: float | None = None
    """After over before; None where that means nothing."""
    interval: Interval | None = None
    """Of the ratio, with 95 % confidence; None where it was not reckoned."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Of each figure that both records have, in the order of the second."""
    earlier = {each["name"]: each for each in before["figures"]}
    return [
        _change(earlier[each["name"]], each) for each in after["figures"] if each["name"] in earlier
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What else differs between the runs, in sentences."""
    found = []
    for part in ABOUT_THE_RUN:
        for name in sorted({*before[part], *after[part]} - {"load_average"}):
            a, b = before[part].get(name), after[part].get(name)
            if a != b:
                found.append(f"{part}: {name} was {a} and is {b}.")
    found += [
        f"The {which} run has changes that no commit has."
        for which, record in (("first", before), ("second", after))
        if record["dirty"]
    ]
    return found


def as_report(before: Mapping[str, Any], after: Mapping[str, Any], *, shows_all: bool) -> Report:
    """The changes, worst first; what is the same and what cannot be told is counted."""
    found = changes(before, after)
    order: tuple[Says, ...] = ("worse", "better", "changed", "cannot be told", "the same")
    shown = [
        each for says in (order if shows_all else order[:3]) for each in found if each.says == says
    ]
    counts = ", ".join(f"{sum(each.says == says for each in found)} {says}" for says in order)
    return Report(
        kind="compare",
        settings={"before": before["commit"], "after": after["commit"], "kind": after["kind"]},
        figures=tuple(
            Figure(
                name=f"change.{each.figure.name}",
                value=each.ratio,
                unit="",
                better=each.figure.better,
                interval=each.interval,
            )
            for each in found
            if each.ratio is not None and math.isfinite(each.ratio)
        ),
        tables=(
            Table(
                title=f"What changed from {before['commit']} to {after['commit']}",
                head=("figure", "before", "after", "times", "95 %", ""),
                rows=tuple(_row(each) for each in shown),
                notes=(f"Of {len(found)} figures: {counts}.", *differences(before, after)),
            ),
        ),
    )


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    figure = Figure(
        name=after["name"], value=after["value"], unit=after["unit"], better=after["better"]
    )
    a, b = before.get("rounds", ()), after.get("rounds", ())
    if min(len(a), len(b)) >= LEAST_ROUNDS and min(*a, *b) > 0.0:
        ratio, interval = ratio_of_medians(a, b)
        is_beyond = interval[0] > 1.0 + LEAST or interval[1] < 1.0 - LEAST
        is_within = interval[0] > 1.0 - LEAST and interval[1] < 1.0 + LEAST
        says = _says(figure, ratio - 1.0) if is_beyond else "cannot be told"
        if is_within:
            says = "the same"
        return Change(
            figure=figure, before=before["value"], says=says, ratio=ratio, interval=interval
        )
    ratio_only = after["value"] / before["value"] if before["value"] else None
    return Change(
        figure=figure, before=before["value"], says=_by_interval(figure, before, after),
        ratio=ratio_only,
    )  # fmt: skip


def _by_interval(figure: Figure, before: Mapping[str, Any], after: Mapping[str, Any]) -> Says:
    """By the two intervals' half widths, which add as independent errors do."""
    if before["value"] == after["value"]:
        return "the same"
    if before["interval"] is None or after["interval"] is None:
        return "cannot be told"
    halves = [(each["interval"][1] - each["interval"][0]) / 2 for each in (before, after)]
    change = after["value"] - before["value"]
    return _says(figure, change) if abs(change) > math.hypot(*halves) else "the same"


def _says(figure: Figure, change: float) -> Says:
    if figure.better is None:
        return "changed"
    return "worse" if (change > 0) == (figure.better == "lower") else "better"


def _row(change: Change) -> tuple[str, ...]:
    unit = f" {change.figure.unit}" if change.figure.unit else ""
    low_high = "" if change.interval is None else "{:.3f} to {:.3f}".format(*change.interval)
    return (
        change.figure.name,
        f"{change.before:.4g}{unit}",
        f"{change.figure.value:.4g}{unit}",
        "" if change.ratio is None else f"{change.ratio:.3f}",
        low_high,
        change.says,
    )
