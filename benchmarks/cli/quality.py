"""The command `understudy bench quality`."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.cli.options import AllowDirty, HtmlFile, JsonFile, Quick, ResultsName
from stream.cli.options import BackendName, ModelName

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


def _folder(text: str) -> typer.models.OptionInfo:
    return typer.Option(metavar="FOLDER", help=text, show_default=False)  # type: ignore[no-any-return]


@app.command()
def quality(
    *,
    model: ModelName = "rig",
    refine: Annotated[
        str, typer.Option(metavar="on|off|FOLDER", help="The rig's refiner, as in `serve`.")
    ] = "on",
    mouth: Annotated[str, typer.Option(help="The rig's mouth, as in `serve`.")] = "auto",
    enrolled: Annotated[
        bool,
        typer.Option(
            "--enrolled",
            help="Same identity: enrol the portrait by frames of the clip that don't drive (rig; "
            "protocol ours).",
        ),
    ] = False,
    backend: BackendName = "auto",
    protocol: Annotated[
        Literal["ours", "dpe"],
        typer.Option(
            help="ours: a neutral frame of the first half is the portrait, the second half drives. "
            "dpe, the paper's: the first frame, driven by the last."
        ),
    ] = "ours",
    clips: Annotated[Path | None, _folder("Driving clips; default: the bundled one.")] = None,
    portraits: Annotated[Path | None, _folder("Portraits; default: the bundled one.")] = None,
    models: Annotated[
        Path | None,
        _folder("The measuring networks (docs/quality.md); default: ../shared/models, if there."),
    ] = None,
    facekit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="FaceKit's arrays, for rendered heads; default: ../shared/facekit, if there.",
            show_default=False,
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            min=8, max=10_000, help="That drive, of each clip; default: 100, dpe 400.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, max=1000, help="Every n-th is compared as a picture.")
    ] = 3,
    size: Annotated[
        int, typer.Option(min=256, max=1080, help="Side of the pictures, in pixels; even.")
    ] = 256,
    heads: Annotated[
        int, typer.Option(min=0, max=64, help="Rendered people with known truth; 0: none.")
    ] = 4,
    sheets: Annotated[
        bool, typer.Option("--sheets/--no-sheets", help="Pictures in the HTML report.")
    ] = True,
    quick: Quick = False,
    html: HtmlFile = None,
    json: JsonFile = None,
    results: ResultsName = None,
    allow_dirty: AllowDirty = False,
) -> None:  # fmt: skip
    """Measure how near, how alike, how well following and how steady a model's pictures are.

    docs/quality.md defines every measure. What needs files that are not there is skipped by name.
    """
    # One picture at a time gains nothing from more threads, and beside a busy neighbour they wait
    # for each other: five times slower. To be said before NumPy is there.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from dataclasses import replace

    from benchmarks.quality.networks import BESIDE
    from benchmarks.quality.quick import found, quick_plan
    from benchmarks.quality.run import FACEKIT, Plan, run
    from benchmarks.quality.takes import DPE_FRAMES
    from benchmarks.report.finish import Output, finish
    from engine.errors import InputError
    from engine.families import find_family
    from engine.family import Choice

    output = Output(html=html, json=json, results=results, allow_dirty=allow_dirty)
    if size % 2:
        raise InputError(f"--size must be even, got {size}.")
    if enrolled and (model != "rig" or protocol != "ours"):
        raise InputError("--enrolled is for the rig and the protocol ours.")
    for option, given in {"--models": models, "--facekit": facekit}.items():
        if given is not None and not given.exists():
            raise InputError(f"{option}: there is no {given}.")
    settings = {"model": model, "refine": refine, "mouth": mouth, "quick": quick}
    plan = Plan(
        clips=clips,
        portraits=portraits,
        models=models or found(BESIDE),
        facekit=facekit or found(FACEKIT),
        protocol=protocol,
        frames=frames or (DPE_FRAMES if protocol == "dpe" else 100),
        every=every,
        size=size,
        enrolled=enrolled,
        heads=heads,
        settings=settings if model == "rig" else {"model": Path(model).name, "quick": quick},
    )
    choice = Choice(model=model, refine=refine, mouth=mouth, backend=backend)
    loaded = find_family(model).load(choice)
    report = run(loaded, quick_plan(plan) if quick else plan)
    finish(report if sheets else replace(report, charts=()), output)
