"""How many people a machine carries, as a report."""

from collections.abc import Sequence

import numpy as np

from benchmarks.load.run import FRAME_MS, MOST_DROPPED, Level, Load
from benchmarks.report.charts import Curve
from benchmarks.report.report import Figure, Report, Table


def suggested(levels: Sequence[Level]) -> int:
    """The most people with whom the server kept up; 0 where it did with none."""
    return max((each.people for each in levels if each.keeps_up), default=0)


def as_report(asked: Load, levels: Sequence[Level]) -> Report:
    """The tail over the number of people, and what `--sessions` should be."""
    return Report(
        kind="load",
        settings={
            "model": asked.model,
            "backend": asked.backend,
            "refine": asked.refine,
            "size": asked.size,
            "seconds": asked.seconds,
        },
        figures=(
            Figure(name="load.sessions", value=float(suggested(levels)), unit="", better="higher"),
            *(figure for each in levels for figure in _figures(each)),
        ),
        tables=(_table(asked, levels),),
        charts=(
            Curve(
                title="From a picture's arrival to its result's sending",
                x="people on camera",
                unit="ms",
                series={
                    name: [(each.people, _percentile(each, share)) for each in levels]
                    for name, share in (("p99", 99), ("p95", 95), ("p50", 50))
                },
                limit=FRAME_MS,
            ),
            Curve(
                title="Cores in use",
                x="people on camera",
                unit="cores",
                series={
                    "server": [(each.people, each.server_cores) for each in levels],
                    "people": [(each.people, each.people_cores) for each in levels],
                },
            ),
        ),
    )


def _figures(level: Level) -> list[Figure]:
    name = f"load.{level.people}"
    return [
        *(
            Figure(
                name=f"{name}.delay.p{share}",
                value=_percentile(level, share),
                unit="ms",
                better="lower",
            )
            for share in (50, 95, 99)
        ),
        Figure(name=f"{name}.dropped", value=level.dropped, unit="", better="lower"),
        Figure(name=f"{name}.rate", value=level.rate, unit="pictures/s", better="higher"),
        Figure(name=f"{name}.cores", value=level.server_cores, unit="", better="lower"),
        Figure(name=f"{name}.memory", value=level.own_mb, unit="MB", better="lower"),
    ]


def _table(asked: Load, levels: Sequence[Level]) -> Table:
    rows = tuple(
        (
            str(each.people),
            *(f"{_percentile(each, share):.1f}" for share in (50, 95, 99)),
            f"{each.step_p99_ms:.1f}",
            f"{each.dropped:.1%}",
            f"{each.rate:.1f}",
            f"{each.server_cores:.2f}",
            f"{each.people_cores:.2f}",
            f"{each.own_mb:.0f}",
            "yes" if each.keeps_up else "no",
        )
        for each in levels
    )
    count = suggested(levels)
    if not count:
        advice = f"Not even one at {asked.size} px: try a smaller --size, or --refine off."
    elif levels[-1].keeps_up:
        advice = f"All {count} were carried: try more with --most."
    else:
        advice = f"`understudy serve --size {asked.size} --sessions {count}` keeps up here."
    return Table(
        title="People on camera at once",
        head=(
            *("people", "p50 ms", "p95 ms", "p99 ms", "step p99 ms", "dropped", "pictures/s"),
            *("server cores", "people's cores", "memory MB", "keeps up"),
        ),
        rows=rows,
        notes=(
            advice,
            f"Keeping up: p99 from a picture's arrival to its result's sending within "
            f"{FRAME_MS:.1f} ms, and at most {MOST_DROPPED:.0%} dropped. The people run on the "
            "same machine and take what the table says; they neither encode nor decode.",
        ),
    )


def _percentile(level: Level, share: int) -> float:
    return float(np.percentile(level.delays_ms, share)) if level.delays_ms else 0.0
