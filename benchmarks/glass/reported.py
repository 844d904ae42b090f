"""The report of `understudy bench glass`."""

from collections.abc import Iterator
from itertools import accumulate

from benchmarks.glass import figures
from benchmarks.glass.figures import Block
from benchmarks.glass.measure import Measured
from benchmarks.report.charts import Chart, Histogram, Timeline
from benchmarks.report.report import Figure, Report, Table
from benchmarks.report.uncertainty import percentiles

HEAD = (
    "", "p50 ms", "p95", "p99", "max", "beyond echo", "to server", "step", "shown / drawn",
    "dropped", "freezes", "misread",
)  # fmt: skip
RATES = ("fps", "drawnFps")
KINDS = {"echo": "echo", "unrefined": "not refined", "model": "model"}


def reported(measured: Measured) -> Report:
    """Figures, one table, and the two charts of each set-up."""
    return Report(
        kind="glass",
        settings={**measured.settings.as_json(), "other_end": measured.other_end},
        figures=tuple(_figures(measured)),
        tables=tuple(_tables(measured)),
        charts=tuple(_charts(measured)),
        skipped=measured.skipped,
    )


def by_kind(blocks: list[Block]) -> dict[str, list[Block]]:
    """The rounds of each kind, in the order they were run."""
    found: dict[str, list[Block]] = {}
    for block in blocks:
        found.setdefault(block["kind"], []).append(block)
    return found


def _figures(measured: Measured) -> Iterator[Figure]:
    for rate, own in measured.own.items():
        yield from figures.own_figures(rate, own)
    for setup, blocks in measured.blocks.items():
        kinds = by_kind(blocks)
        for kind, rounds in kinds.items():
            key = f"{setup.key}.{kind}"
            yield from figures.delay_figures(key, rounds)
            if kind != "echo" and "echo" in kinds:
                yield figures.beyond_echo(key, rounds, kinds["echo"])


def _tables(measured: Measured) -> Iterator[Table]:
    for setup, blocks in measured.blocks.items():
        kinds = by_kind(blocks)
        own = measured.own[setup.rate]
        rows = [_row("own part", [own], None)]
        rows += [_row(KINDS[kind], rounds, kinds.get("echo")) for kind, rounds in kinds.items()]
        is_last = setup == list(measured.blocks)[-1]
        yield Table(
            title=f"Glass to glass: {setup}",
            head=HEAD,
            rows=tuple(rows),
            notes=tuple(_notes(measured)) if is_last else (),
        )


def _row(name: str, rounds: list[Block], echo: list[Block] | None) -> tuple[str, ...]:
    p50, p95, p99, most = percentiles(figures.delays(rounds)).values()
    inner = [figures.inside(rounds, each) for each in ("up_ms", "step_ms")]
    is_beyond = echo is not None and rounds is not echo
    is_own = "fps" not in rounds[0]
    return (
        name,
        *(f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}", f"{most:.0f}"),
        _with_interval(figures.beyond_echo("", rounds, echo)) if is_beyond and echo else "",
        *("" if value is None else f"{value:.1f}" for value in inner),
        "" if is_own else " / ".join(f"{figures.mean(rounds, each):.1f}" for each in RATES),
        "" if is_own else str(figures.total(rounds, "drops")),
        "" if is_own else str(figures.freezes(rounds)),
        str(figures.total(rounds, "misread")),
    )


def _with_interval(figure: Figure) -> str:
    if figure.interval is None:
        return f"{figure.value:.1f}"
    low, high = figure.interval
    return f"{figure.value:.1f} ({low:.1f}-{high:.1f})"


def _notes(measured: Measured) -> Iterator[str]:
    settings = measured.settings
    spread = max(figures.spread_ms(own) for own in measured.own.values())
    yield (
        f"Other end: {measured.other_end}. {settings.rounds} rounds of {settings.seconds:g} s of "
        f"each kind, in turn, over one connection; {settings.warm_up_s:g} s of warm-up apart. "
        "`to server`: p50 from drawing to decoding there. `dropped`: pictures that a newer one "
        "replaced in the server before their turn; `misread`: codes whose checksum failed. A "
        f"freeze is {figures.FREEZE_MS:g} ms without a new picture."
    )
    yield (
        "`own part` is the same reading with no encoder, network and server between: "
        f"so much of every row is drawing and screen. One reading is worth +- {spread:.1f} ms "
        "(half of its 5th to 95th percentile); codes have whole milliseconds; what lies `beyond "
        "echo` has its 95 % interval by bootstrap over rounds."
    )
    if settings.slower_ms:
        yield f"Every step but an echo's was slowed by {settings.slower_ms:g} ms on purpose."


def _charts(measured: Measured) -> Iterator[Chart]:
    for setup, blocks in measured.blocks.items():
        own = {"own part": measured.own[setup.rate]["latencies"]}
        kinds = {KINDS[kind]: rounds for kind, rounds in by_kind(blocks).items()}
        yield Histogram(
            title=f"{setup}: delay of the pictures",
            unit="ms",
            series={name: figures.delays(rounds) for name, rounds in kinds.items()} | own,
        )
        begins = [0.0, *accumulate(block["seconds"] for block in blocks)]
        yield Timeline(
            title=f"{setup}: delay over the run, warm-ups left out",
            unit="ms",
            series={
                name: [
                    (began + at / 1e3, delay)
                    for began, block in zip(begins, blocks, strict=False)
                    if KINDS[block["kind"]] == name
                    for at, delay in zip(block["at"], block["latencies"], strict=True)
                ]
                for name in kinds
            },
        )
