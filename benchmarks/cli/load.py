"""The command `understudy bench load`."""

from typing import Annotated

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, Quick, ResultsName
from stream.cli.options import BackendName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def load(
    *,
    model: Annotated[
        str,
        typer.Option(
            metavar="rig|light|FOLDER",
            help="rig, the folder of a bundle, or light: one that costs nothing.",
        ),
    ] = "rig",
    backend: BackendName = "auto",
    refine: Annotated[
        str, typer.Option(metavar="on|off|FOLDER", help="The rig's refiner, as in `serve`.")
    ] = "on",
    size: Annotated[
        int, typer.Option(min=256, max=1080, help="Side of the result, in pixels; even.")
    ] = 512,
    most: Annotated[int, typer.Option(min=1, max=64, help="People at most.")] = 32,
    seconds: Annotated[
        float, typer.Option(min=2.0, max=10.0, help="How long each number is looked at.")
    ] = 10.0,
    quick: Quick = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Find how many people this machine carries at once.

    One more comes to the real server each time, until the tail of the delay passes a frame's time;
    says what `understudy serve --sessions` should be. Nobody's size is reduced meanwhile.
    """
    from rich.console import Console

    from benchmarks.load import quick as short
    from benchmarks.load.report import as_report
    from benchmarks.load.run import Load
    from benchmarks.load.run import load as run
    from benchmarks.report.finish import Output, finish

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    asked = Load(model=model, backend=backend, refine=refine, size=size, most=most, seconds=seconds)
    if quick:
        asked = short.asked(45.0)
    with Console(stderr=True).status("the server starts") as status:
        levels = run(asked, status.update)
    finish(as_report(asked, levels), output)
