"""The commands `understudy bench ...`; each comes when it is called, so that help is quick."""

import typer

from stream.cli.lazy_group import CommandEntry, LazyGroup

COMMANDS = (
    CommandEntry(
        name="step",
        help="Time the live step, stage by stage; two set-ups in turn with --vs.",
        module="benchmarks.cli.step",
    ),
    CommandEntry(
        name="glass",
        help="Time from camera to screen through a real browser.",
        module="benchmarks.cli.glass",
    ),
    CommandEntry(
        name="camera",
        help="Time from a real camera to a real screen: your own set-up.",
        module="benchmarks.cli.camera",
    ),
    CommandEntry(
        name="load",
        help="Find how many people this machine carries at once.",
        module="benchmarks.cli.load",
    ),
    CommandEntry(
        name="soak",
        help="Find what grows while people come and go.",
        module="benchmarks.cli.soak",
    ),
    CommandEntry(
        name="quality",
        help="Measure pictures as the papers do, and as they could not.",
        module="benchmarks.cli.quality",
    ),
    CommandEntry(
        name="compare",
        help="Say what changed between two records beyond the noise.",
        module="benchmarks.cli.compare",
    ),
    CommandEntry(name="all", help="All of these, briefly.", module="benchmarks.cli.everything"),
)


class Bench(LazyGroup):
    """All benchmarks."""

    entries = COMMANDS


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
bench = typer.Typer(cls=Bench, no_args_is_help=True)
app.add_typer(bench, name="bench", help="Measure speed, delay, load and quality.")


@app.callback()
def benchmarks() -> None:
    """Measure; every figure comes with machine, command, commit and versions."""


@bench.callback()
def measure() -> None:
    """Measure speed, delay, load and quality: a table, and one JSON line last.

    The JSON is described in docs/bench-format.md.
    """
