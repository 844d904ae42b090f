"""The command `understudy bench compare`."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli.options import HtmlFile, JsonFile

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A record: what --json wrote.", metavar="A.json")],
    after: Annotated[Path, typer.Argument(help="A later one.", metavar="B.json")],
    *,
    fail: Annotated[
        bool, typer.Option("--fail", help="End with 1 where a figure got worse.")
    ] = False,
    shows_all: Annotated[
        bool, typer.Option("--all", help="Also list what is the same, and what cannot be told.")
    ] = False,
    html: HtmlFile = None,
    json: JsonFile = None,
) -> None:
    """Say what changed between two records beyond the noise.

    A change counts where both records have rounds or an interval, and these do not explain it. Runs
    of different moments differ by more than their rounds do: where a few per cent matter, measure
    both in turn, with `bench step --vs`.
    """
    from benchmarks.report.compare import as_report
    from benchmarks.report.finish import Output, finish
    from benchmarks.report.schema import read_record
    from engine.errors import InputError

    output = Output(html=html, json=json)
    first, second = read_record(before), read_record(after)
    if first["kind"] != second["kind"]:
        raise InputError(
            f"{before} is of `bench {first['kind']}` and {after} of `bench {second['kind']}`: "
            "compare records of one command."
        )
    report = as_report(first, second, shows_all=shows_all)
    finish(report, output)
    if fail and any(row[-1] == "worse" for row in report.tables[0].rows):
        raise typer.Exit(1)
