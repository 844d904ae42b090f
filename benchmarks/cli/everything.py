"""The command `understudy bench all`."""

from typing import Annotated

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, ResultsName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command(name="all")
def everything(
    *,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick/--thorough", help="Under 5 minutes on two cores, or each four times."
        ),
    ] = True,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME[,NAME]", help="These parts alone.", show_default=False),
    ] = None,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Step, glass, load, soak and quality, one after the other.

    A part that cannot run here is skipped, and named with the reason.
    """
    from dataclasses import replace

    from rich.console import Console

    from benchmarks.report.finish import Output, finish
    from benchmarks.report.quick import PARTS
    from benchmarks.report.together import together
    from engine.errors import InputError

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    wanted = [part.name for part in PARTS] if only is None else only.split(",")
    unknown = set(wanted) - {part.name for part in PARTS}
    if unknown:
        raise InputError(
            f"--only: there is no part {', '.join(sorted(unknown))}; there are "
            f"{', '.join(part.name for part in PARTS)}."
        )
    times = 1.0 if quick else 4.0
    parts = [replace(part, budget_s=part.budget_s * times) for part in PARTS if part.name in wanted]
    with Console(stderr=True).status("begins") as status:
        report = together(parts, status.update)
    finish(report, output)
