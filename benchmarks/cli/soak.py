"""The command `understudy bench soak`."""

from typing import Annotated

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, Quick, ResultsName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def soak(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 40.0,
    steady: Annotated[int, typer.Option(min=1, max=16, help="People who stay.")] = 2,
    every: Annotated[
        float, typer.Option(min=1.0, metavar="SECONDS", help="From one visitor to the next.")
    ] = 20.0,
    model: Annotated[
        str,
        typer.Option(
            metavar="rig|light|FOLDER",
            help="rig, the folder of a bundle, or light: one that costs nothing, so that all that "
            "is measured is what is around it.",
        ),
    ] = "rig",
    size: Annotated[
        int, typer.Option(min=256, max=1080, help="Side of the result, in pixels; even.")
    ] = 256,
    leak: Annotated[
        int, typer.Option(min=0, metavar="KB", help="Have the server lose so much a session.")
    ] = 0,
    trace: Annotated[
        bool, typer.Option("--trace", help="Say where Python's memory is at the end; slower.")
    ] = False,
    quick: Quick = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Find what grows while people come and go.

    Ends with 1 where something grows, or the run was too short to know. The server has a process of
    its own; people neither encode nor decode.
    """
    from rich.console import Console
    from rich.progress import Progress

    from benchmarks.report.finish import Output, finish
    from benchmarks.soak import quick as short
    from benchmarks.soak.report import as_report, grows
    from benchmarks.soak.run import Soak
    from benchmarks.soak.run import soak as run
    from engine.errors import InputError

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    stay_s = min(5.0, every / 2)
    asked = Soak(
        minutes=minutes, steady=steady, every_s=every, stay_s=stay_s, settle_s=stay_s * 0.4,
        size=size, model=model, leak_kb=leak, trace=trace,
    )  # fmt: skip
    if quick:
        asked = short.asked(0.6, leak_kb=leak)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("people come and go", total=asked.minutes * 60)
        found = run(asked, lambda passed_s: progress.update(task, completed=passed_s))
    try:
        report = as_report(asked, found)
    except ValueError as error:
        raise InputError(f"{error} (--minutes).") from None
    finish(report, output)
    if grows(report):
        raise typer.Exit(1)
