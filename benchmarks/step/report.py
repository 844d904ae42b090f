"""What the steps took, as a report."""

from collections.abc import Sequence

import numpy as np

from benchmarks.report.charts import Chart, Histogram, StackedBars, Timeline
from benchmarks.report.report import Figure, Report, Table
from benchmarks.report.uncertainty import bootstrap_median, paired_ratio, percentiles
from benchmarks.step.run import Measured, Timed, dropped
from benchmarks.step.settings import STAGES
from benchmarks.step.worker import Durations

TOTAL = "total"
NAMES = ("step", "other")
"""Of the set-ups' figures."""
SHARES = ("p50", "p95", "p99", "max")


def as_report(measured: Measured, rate: float) -> Report:
    """Stages with tails, and of two set-ups the ratios; pictures come at `rate` a second."""
    timed = measured.timed
    settings: dict[str, object] = dict(timed[0].settings.told()) | {"rate": rate}
    if len(timed) > 1:
        settings["vs"] = timed[1].settings.told()
    return Report(
        kind="step",
        settings=settings,
        figures=(
            *(figure for name, each in _named(timed) for figure in _figures(name, each, rate)),
            *_ratios(timed),
        ),
        tables=(
            *(_table(name, each, rate) for name, each in _named(timed)),
            *(_ratio_table(timed) for _ in timed[1:]),
        ),
        charts=_charts(timed, rate),
        skipped={"joules": measured.no_energy} if measured.no_energy else {},
    )


def stages_of(timed: Timed) -> list[str]:
    """Those that this set-up has, in order, then their sum."""
    seen = {stage for steps in timed.rounds for step in steps for stage in step}
    return [*(stage for stage in STAGES if stage in seen), TOTAL]


def milliseconds(steps: Sequence[Durations], stage: str) -> list[float]:
    """Of each step; a stage that did not run took none."""
    if stage == TOTAL:
        return [sum(step.values()) / 1e6 for step in steps]
    return [step.get(stage, 0) / 1e6 for step in steps]


def _named(timed: Sequence[Timed]) -> list[tuple[str, Timed]]:
    return list(zip(NAMES, timed, strict=False))


def _figures(name: str, timed: Timed, rate: float) -> list[Figure]:
    found = [figure for stage in stages_of(timed) for figure in _tails(name, timed, stage)]
    steps = [step for steps in timed.rounds for step in steps]
    found += [
        Figure(name=f"{name}.dropped", value=dropped(steps, rate), unit="", better="lower"),
        Figure(name=f"{name}.memory", value=timed.peak_mb, unit="MB", better="lower"),
    ]
    starts = {"cold_start": timed.cold_s, "warm_start": timed.warm_s}
    found += [
        Figure(name=f"{name}.{kind}", value=seconds, unit="s", better="lower")
        for kind, seconds in starts.items()
        if seconds is not None
    ]
    if timed.joules:
        found.append(
            Figure(
                name=f"{name}.joules",
                value=float(np.median(timed.joules)),
                unit="J",
                better="lower",
                interval=bootstrap_median(timed.joules),
                rounds=tuple(timed.joules),
            )
        )
    return found


def _tails(name: str, timed: Timed, stage: str) -> list[Figure]:
    by_round = [percentiles(milliseconds(steps, stage)) for steps in timed.rounds]
    whole = percentiles([ms for steps in timed.rounds for ms in milliseconds(steps, stage)])
    found = []
    for share in SHARES:
        rounds = tuple(each[share] for each in by_round) if share in ("p50", "p95") else ()
        found.append(
            Figure(
                name=f"{name}.{stage}.{share}",
                value=whole[share],
                unit="ms",
                better="lower",
                interval=bootstrap_median(rounds) if len(rounds) > 1 else None,
                rounds=rounds,
            )
        )
    return found


def _ratios(timed: Sequence[Timed]) -> list[Figure]:
    """How many times as long the second takes, stage by stage."""
    if len(timed) < 2:
        return []
    found = []
    for stage in stages_of(timed[0]):
        a, b = ([_median(steps, stage) for steps in each.rounds] for each in timed)
        if min(a) > 0.0:
            ratio, interval = paired_ratio(a, b)
            ratios = tuple(other / own for own, other in zip(a, b, strict=True))
            found.append(
                Figure(
                    name=f"ratio.{stage}",
                    value=ratio,
                    unit="",
                    better="lower",
                    interval=interval,
                    rounds=ratios,
                )
            )
    return found


def _median(steps: Sequence[Durations], stage: str) -> float:
    return float(np.median(milliseconds(steps, stage)))


def _table(name: str, timed: Timed, rate: float) -> Table:
    figures = {figure.name: figure for figure in _figures(name, timed, rate)}
    rows = []
    for stage in stages_of(timed):
        tails = [figures[f"{name}.{stage}.{share}"] for share in SHARES]
        low, high = tails[0].interval or (0.0, 0.0)
        rows.append((stage, *(f"{each.value:.2f}" for each in tails), f"{low:.2f} to {high:.2f}"))
    told = ", ".join(f"{key} {value}" for key, value in timed.settings.told().items())
    warm = percentiles(milliseconds(timed.warm_up, TOTAL))
    count = sum(map(len, timed.rounds))
    notes = [
        f"{count} steps in {len(timed.rounds)} rounds after {len(timed.warm_up)} of warm-up (whose "
        f"worst took {warm['max']:.0f} ms); peak memory {timed.peak_mb:.0f} MB.",
        f"At {rate:g} pictures a second the loop would drop "
        f"{figures[f'{name}.dropped'].value:.1%}: reckoned from its stages, which are all but "
        "decode and encode; these run beside it.",
    ]
    if timed.cold_s is not None and timed.warm_s is not None:
        notes.append(
            f"From the start of a process to its first picture: {timed.cold_s:.2f} s with its "
            "files dropped from memory (those that no other process uses), then "
            f"{timed.warm_s:.2f} s."
        )
    return Table(
        title=f"The live step: {told}",
        head=("stage", "p50 ms", "p95 ms", "p99 ms", "max ms", "p50, 95 %"),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _ratio_table(timed: Sequence[Timed]) -> Table:
    rows = []
    for figure in _ratios(timed):
        low, high = figure.interval or (0.0, 0.0)
        says = "slower" if low > 1.0 else "faster" if high < 1.0 else "cannot be told"
        stage = figure.name.partition(".")[2]
        rows.append((stage, f"{figure.value:.3f}", f"{low:.3f} to {high:.3f}", says))
    other = ", ".join(
        f"{key} {value}"
        for key, value in timed[1].settings.told().items()
        if timed[0].settings.told().get(key) != value
    )
    return Table(
        title=f"Times as long with {other or 'the same settings'}",
        head=("stage", "ratio", "95 %", ""),
        rows=tuple(rows),
        notes=("Medians of rounds that were run in turn; interval by bootstrap over rounds.",),
    )


def _charts(timed: Sequence[Timed], rate: float) -> tuple[Chart, ...]:
    totals = {
        name: [ms for steps in each.rounds for ms in milliseconds(steps, TOTAL)]
        for name, each in _named(timed)
    }
    return (
        StackedBars(
            title="Stages, medians",
            unit="ms",
            bars={
                name: {
                    stage: _median([step for steps in each.rounds for step in steps], stage)
                    for stage in stages_of(timed[0])[:-1]
                }
                for name, each in _named(timed)
            },
            limit=1000.0 / rate,
        ),
        Histogram(title="Time of a step", unit="ms", series=totals),
        Timeline(
            title="Every step, over its own time",
            unit="ms",
            series={
                name: list(zip(np.cumsum(each) / 1e3, each, strict=True))
                for name, each in totals.items()
            },
        ),
    )
