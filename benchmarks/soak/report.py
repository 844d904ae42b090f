"""What a soak found, as a report."""

from benchmarks.report.charts import Timeline
from benchmarks.report.report import Better, Figure, Report, Table
from benchmarks.soak.run import Soak, Soaked
from benchmarks.soak.verdict import LIMITS, UNITS, Growth, a_visitor_kb, growths

NAMES = {
    "own_mb": "memory, MB",
    "descriptors": "descriptors",
    "threads": "threads",
    "tasks": "tasks",
    "delay_ms": "delay, ms",
}
LOWER: Better = "lower"


def as_report(asked: Soak, found: Soaked) -> Report:
    """Slopes with their intervals, their verdicts, and every sample over time.

    Raises:
        ValueError: the run was too short for a slope.
    """
    grown = growths(found.samples)
    kept_kb, margin_kb = a_visitor_kb(found.samples)
    return Report(
        kind="soak",
        settings={
            "model": asked.model,
            "size": asked.size,
            "minutes": asked.minutes,
            "steady": asked.steady,
            "every_s": asked.every_s,
            **({"leak_kb": asked.leak_kb} if asked.leak_kb else {}),
        },
        figures=(
            *(_figure(each) for each in grown),
            Figure(
                name="soak.memory_a_visitor",
                value=kept_kb,
                unit="KB",
                better=LOWER,
                interval=(kept_kb - margin_kb, kept_kb + margin_kb),
            ),
            Figure(name="soak.memory", value=grown[0].last, unit="MB", better=LOWER),
        ),
        tables=(_table(asked, found, grown, kept_kb, margin_kb),),
        charts=tuple(
            Timeline(
                title=f"The server's {NAMES[name].partition(',')[0]}",
                unit=UNITS.get(name, ""),
                series={NAMES[name]: [(each["at_s"], each[name]) for each in found.samples]},
            )
            for name in LIMITS
        ),
    )


def grows(report: Report) -> bool:
    """Whether any of its figures is not known to stay."""
    return any(row[-1] != "stays" for row in report.tables[0].rows)


def _figure(growth: Growth) -> Figure:
    return Figure(
        name=f"soak.{growth.name}_an_hour",
        value=growth.an_hour,
        unit=UNITS.get(growth.name, ""),
        better=LOWER,
        interval=(growth.an_hour - growth.margin, growth.an_hour + growth.margin),
    )


def _table(
    asked: Soak, found: Soaked, grown: list[Growth], kept_kb: float, margin_kb: float
) -> Table:
    rows = tuple(
        (
            NAMES[each.name],
            f"{each.first:.1f}",
            f"{each.last:.1f}",
            f"{each.an_hour:+.1f}",
            f"{each.margin:.1f}",
            f"{each.limit:.1f}",
            each.says,
        )
        for each in grown
    )
    refused = f", {found.refused} found no place" if found.refused else ""
    lost = f" ({found.lost} times one had to come again)" if found.lost else ""
    return Table(
        title="What the server holds",
        head=("held", "first", "last", "an hour", "+-", "limit", ""),
        rows=rows,
        notes=(
            f"Slopes over the last 70 % of {asked.minutes:g} minutes with their 95 % intervals; "
            "the server is a process of its own, memory is what no file backs.",
            f"A visitor leaves {kept_kb:.0f} +- {margin_kb:.0f} KB behind.",
            f"{asked.steady} people stayed{lost}: who saw least, {found.least_pictures} pictures; "
            f"{found.visitors} came and went{refused}.",
            *found.places,
        ),
    )
