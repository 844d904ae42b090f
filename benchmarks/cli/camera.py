"""The command `understudy bench camera`."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, ResultsName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def camera(
    *,
    film: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead: a phone's film of the code and of what returned.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="rig|FOLDER", help="rig, or the folder of a bundle.")
    ] = "rig",
    backend: Annotated[str, typer.Option(help="What runs its networks.")] = "auto",
    refine: Annotated[str, typer.Option(help="on, off, or a refiner's folder.")] = "on",
    portrait: Annotated[
        Path | None, typer.Option(help="A portrait to show.", show_default=False)
    ] = None,
    size: Annotated[int, typer.Option(help="Of the result, a multiple of 16.")] = 512,
    seconds: Annotated[float, typer.Option(help="Of each turn.")] = 8.0,
    rounds: Annotated[int, typer.Option(help="How often echo and model take turns.")] = 3,
    port: Annotated[int, typer.Option(help="Of the page; 0 takes any free one.")] = 0,
    opens: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser of this desktop.")
    ] = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Time from light to light in your own set-up: your camera, your screen, this machine.

    Prints the address of a page that shows a time code, films it with your camera and reads what
    the server returns. A camera that cannot see its screen: film both with a phone, and give the
    film.
    """  # fmt: skip
    import signal
    from threading import Event

    from benchmarks.camera.film import read_film
    from benchmarks.camera.reported import of_film, of_page
    from benchmarks.camera.serving import measure
    from benchmarks.camera.settings import CameraSettings
    from benchmarks.glass.serving import PORTRAIT
    from benchmarks.report.finish import Output, finish
    from benchmarks.report.report import CannotRunError
    from stream.cli.browser import open_page

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    if film is not None:
        finish(of_film(film.name, read_film(film)), output)
        return
    try:
        settings = CameraSettings(
            model=model,
            backend=backend,
            refine=refine,
            portrait=str(portrait or PORTRAIT),
            size=size,
            seconds=seconds,
            rounds=rounds,
            port=port,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def tell(address: str) -> None:
        print(f"Open this on the screen that the camera can see:\n{address}", flush=True)
        if opens:
            open_page(address)

    brought = measure(settings, tell, stop)
    if brought is None:
        raise CannotRunError(
            "ended before the page had measured anything; a phone's film is read by --film FILE"
        )
    finish(of_page(settings, brought), output)
