"""The command `understudy bench glass`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, Quick, ResultsName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def glass(
    *,
    model: Annotated[
        str, typer.Option(metavar="rig|FOLDER", help="rig, or the folder of a bundle.")
    ] = "rig",
    backend: Annotated[str, typer.Option(help="What runs its networks.")] = "auto",
    portrait: Annotated[
        Path | None, typer.Option(help="A portrait to show.", show_default=False)
    ] = None,
    refine: Annotated[str, typer.Option(help="on, off, or a refiner's folder.")] = "on",
    unrefined: Annotated[
        bool, typer.Option("--unrefined", help="Also the model without refinement, in turn.")
    ] = False,
    size: Annotated[
        list[int] | None,
        typer.Option(
            help="256, 512 or 720 pixels; may be given again. Default: 512.", show_default=False
        ),
    ] = None,
    fps: Annotated[
        list[int] | None,
        typer.Option(
            help="30 or 60 pictures a second; may be given again. Default: 30.", show_default=False
        ),
    ] = None,
    codec: Annotated[
        list[str] | None,
        typer.Option(help="H264 or VP8; may be given again. Default: H264.", show_default=False),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            help='Such as "loss 5 %", between two network namespaces (needs root); may be '
            'given again; "list" names them all.',
            show_default=False,
        ),
    ] = None,
    browser: Annotated[
        Literal["auto", "none"],
        typer.Option(help="none: two aiortc peers; auto: Chromium, or so where there is none."),
    ] = "auto",
    seconds: Annotated[float, typer.Option(help="Of each kind in each round.")] = 10.0,
    rounds: Annotated[int, typer.Option(help="How often echo and model take turns.")] = 3,
    minutes: Annotated[
        int, typer.Option(min=0, help="Instead: the model alone for so long, minute by minute.")
    ] = 0,
    slower: Annotated[
        float,
        typer.Option(
            "--slower-ms",
            min=0.0,
            help="Slow each step on purpose: a control that the measurement has to see.",
        ),
    ] = 0.0,
    quick: Quick = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Time from drawing a picture to reading the one that returns, through a real browser.

    A page draws a time code over a driving clip, sends it through the server and reads it in what
    comes back. The echo of the same server, in the same run, is the floor.
    """  # fmt: skip
    from benchmarks.glass.long import long_run
    from benchmarks.glass.measure import measure
    from benchmarks.glass.quick import quick as quickly
    from benchmarks.glass.reported import reported
    from benchmarks.glass.serving import PORTRAIT
    from benchmarks.glass.settings import DIRECT, NETWORKS, GlassSettings
    from benchmarks.report.finish import Output, finish

    if network and "list" in network:
        print("\n".join((DIRECT, *NETWORKS)))
        return
    try:
        settings = GlassSettings(
            model=model,
            backend=backend,
            refine=refine,
            portrait=str(portrait or PORTRAIT),
            sizes=tuple(size or (512,)),
            rates=tuple(fps or (30,)),
            codecs=tuple(codec or ("H264",)),
            networks=tuple(network or (DIRECT,)),
            kinds=("echo", "unrefined", "model") if unrefined else ("echo", "model"),
            seconds=seconds,
            rounds=rounds,
            slower_ms=slower,
            uses_browser=browser == "auto",
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    if minutes:
        report = long_run(settings, minutes)
    elif quick:
        report = quickly(settings, QUICK_S)
    else:
        report = reported(measure(settings))
    finish(report, output)


QUICK_S = 50.0
