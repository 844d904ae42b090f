"""The command `understudy bench step`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, Quick, ResultsName
from stream.cli.options import BackendName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def step(
    *,
    model: Annotated[
        str,
        typer.Option(
            metavar="rig|light|FOLDER",
            help="rig, the folder of a bundle, or light: one that costs nothing.",
        ),
    ] = "rig",
    backend: BackendName = "auto",
    size: Annotated[
        int, typer.Option(min=256, max=1080, help="Side of the result, in pixels; even.")
    ] = 512,
    threads: Annotated[
        int, typer.Option(min=0, max=1024, help="Cores that the step may use; 0: all.")
    ] = 0,
    refine: Annotated[
        str, typer.Option(metavar="on|off|FOLDER", help="The rig's refiner, as in `serve`.")
    ] = "on",
    codec: Annotated[
        Literal["H264", "VP8"], typer.Option(help="Of the camera's pictures and the viewer's.")
    ] = "H264",
    portrait: Annotated[
        Path | None, typer.Option(help="Default: the bundled one.", show_default=False)
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(help="The camera; default: the bundled clip.", show_default=False),
    ] = None,
    vs: Annotated[
        str | None,
        typer.Option(
            metavar='"OPTIONS"',
            help='A second set-up, run in turn with the first: "--size 256 --refine off".',
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1.0, max=240.0, help="Pictures a second of the camera.")
    ] = 30.0,
    rounds: Annotated[int, typer.Option(min=6, max=1000, help="Rounds that count.")] = 12,
    frames: Annotated[int, typer.Option(min=5, max=10_000, help="Steps of a round.")] = 45,
    slow: Annotated[
        str,
        typer.Option(
            metavar="STAGE=TIMES",
            help="Have a stage take so many times as long, to see that it is noticed.",
            show_default=False,
        ),
    ] = "",
    quick: Quick = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Time the live step, stage by stage, from a camera's packet to a viewer's.

    Steps come one right after the other, in a process of their own.
    """
    from rich.console import Console

    from benchmarks.report.finish import Output, finish
    from benchmarks.step import quick as short
    from benchmarks.step.report import as_report
    from benchmarks.step.run import Rounds, measure
    from benchmarks.step.settings import StepSettings

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    first = StepSettings(
        model=model, backend=backend, size=size, threads=threads, refine=refine, codec=codec,
        portrait=portrait, clip=clip, slow=slow,
    )  # fmt: skip
    setups = [first] if vs is None else [first, first.altered(vs)]
    asked = short.rounds(30.0) if quick else Rounds(rounds=rounds, frames=frames)
    with Console(stderr=True).status("begins") as status:
        measured = measure(setups, asked, status.update)
    finish(as_report(measured, rate), output)
