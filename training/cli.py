"""The commands `understudy train ...`: what training needs, and training itself."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from engine.installing import needing
from training.clips.cli import clips, heads
from training.dpe.cli import dpe, expressions

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
train = typer.Typer(no_args_is_help=True)
app.add_typer(train, name="train", help="Train models; make their data.")

FacekitOption = Annotated[
    Path,
    typer.Option(help="The head's arrays; `python -m training.heads.convert` makes them."),
]
for command in (clips, heads, expressions, dpe):
    train.command()(command)


@app.callback()
def training() -> None:
    """Synthetic heads, and what is learned from them."""


@train.command()
@needing("train")
def sheet(
    *,
    out: Annotated[Path, typer.Option(help="Picture to write: .png or .jpg.")],
    facekit: FacekitOption = Path("facekit.npz"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first person.")] = 0,
    people: Annotated[int, typer.Option(min=1, max=64, help="Rows of the sheet.")] = 8,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of a picture.")] = 192,
) -> None:
    """Draw a contact sheet of synthetic heads: expressions, poses, both, another light."""
    from training.heads import facekit as arrays
    from training.heads.quality import Quality
    from training.heads.renderer import Renderer
    from training.heads.sheet import draw_sheet, save_picture

    renderer = Renderer(arrays.load(facekit), Quality(size_px=size, supersampling=2))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("people", total=people)
        picture = draw_sheet(
            renderer, seed, people, lambda done: progress.update(task, completed=done)
        )
    save_picture(picture, out)
    typer.echo(f"{out}: {people} people, drawn by {renderer.device}")


@train.command()
@needing("train")
def media(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write to, stream/assets in the repository.")],
    facekit: FacekitOption = Path("facekit.npz"),
    only: Annotated[
        str, typer.Option(help="One file of the bundle, such as portraits/man.png; default: all.")
    ] = "",
) -> None:
    """Render the portraits and the driving clip that ship with the product (many minutes)."""
    from training.heads import bundled, quality, sitters
    from training.heads import facekit as arrays
    from training.heads.renderer import Renderer
    from training.heads.sheet import save_picture

    head = arrays.load(facekit)
    wanted = [sitter for sitter in sitters.PORTRAITS if only in ("", sitter.file)]
    (out / "portraits").mkdir(parents=True, exist_ok=True)
    if wanted:
        renderer = Renderer(head, quality.FINE)
        for sitter in wanted:
            save_picture(bundled.draw_portrait(renderer, sitter), out / sitter.file)
            typer.echo(out / sitter.file)
    if only in ("", sitters.DRIVER.file):
        path = out / sitters.DRIVER.file
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("frames", total=bundled.FRAMES)
            bundled.write_clip(
                Renderer(head, quality.CLIP),
                sitters.DRIVER,
                path,
                lambda done: progress.update(task, completed=done),
            )
        typer.echo(path)


@train.command()
@needing("train")
def basis(
    *,
    facekit: FacekitOption = Path("facekit.npz"),
    wheel: Annotated[
        Path, typer.Option(help="MediaPipe's wheel 0.10.21: its edges give the triangles.")
    ],
    canonical: Annotated[
        Path, typer.Option(help="MediaPipe's canonical_face_model.obj, to place the face like it.")
    ],
    out: Annotated[Path, typer.Option(help="File to write, engine/assets/rig/basis.npz.")],
    people: Annotated[int, typer.Option(min=4, help="How many heads to look at.")] = 40,
) -> None:
    """Build the rig's ARKit basis: where the 478 points lie on FaceKit, and how they move."""
    from engine.faces.mesh_tracker import MeshTracker
    from training import basis as build
    from training import correspondence, face_mesh, sightings
    from training.heads import facekit as arrays
    from training.heads.quality import Quality
    from training.heads.renderer import Renderer

    head = arrays.load(facekit)
    triangles = face_mesh.read_triangles(wheel)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("people", total=people)
        seen = sightings.see(
            Renderer(head, Quality(size_px=512, supersampling=1)),
            MeshTracker(),
            people,
            lambda done: progress.update(task, completed=done),
        )
    found = correspondence.find(head, seen, triangles)
    placement = build.align(found.on(head.neutral), face_mesh.read_canonical(canonical))
    build.save(out, build.build(head, found, placement, triangles))
    typer.echo(f"{out}: from {len(seen)} sightings of {people} people")


@train.command()
@needing("train")
def rig(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run: samples, checkpoint, log, sheets.")],
    facekit: FacekitOption = Path("facekit.npz"),
    hours: Annotated[float, typer.Option(min=0.001, help="Time budget of this call.")] = 2.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    perceptual: Annotated[
        Path | None,
        typer.Option(help="State dict of torchvision's squeezenet1_1; without it no such loss."),
    ] = None,
    fillers: Annotated[int, typer.Option(min=0, help="Processes that render samples.")] = 1,
    threads: Annotated[
        int, typer.Option(min=1, help="Threads of the training itself: arithmetic and samples.")
    ] = 1,
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(help="auto takes an NVIDIA GPU where torch sees one."),
    ] = "auto",
    precision: Annotated[
        Literal["fp32", "bf16"],
        typer.Option(help="bf16 is for processors and GPUs with units for it."),
    ] = "fp32",
    steps: Annotated[int, typer.Option(min=1, help="The learning rate falls until then.")] = 20_000,
    couples: Annotated[
        int, typer.Option(min=8, help="Couples kept; 45 MB each on disk and in memory.")
    ] = 220,
    rate: Annotated[float, typer.Option(min=1e-6, max=0.1, help="Learning rate's height.")] = 1e-3,
    start_from: Annotated[
        Path | None, typer.Option(help="Checkpoint whose weights a new run begins with.")
    ] = None,
    sharpen: Annotated[
        bool, typer.Option("--sharpen", help="Second stage: perceptual and adversarial losses.")
    ] = False,
) -> None:
    """Train the rig's refiner; it may be stopped at any moment and resumed."""
    import signal
    from threading import Event

    from training.refiner.run import Run, train

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("waiting for samples", total=hours * 3600)
        reached = train(
            Run(
                facekit=facekit, folder=out, hours=hours, resume=resume, fillers=fillers,
                perceptual=perceptual, threads=threads, total_steps=steps, most_couples=couples,
                rate=rate, start_from=start_from, sharpen=sharpen,
                device=device, precision=precision,
            ),
            lambda step, seconds, line: progress.update(
                task, completed=seconds, description=f"step {step}: {line}"
            ),
            lambda line: progress.update(task, description=line),
            stop,
        )  # fmt: skip
    typer.echo(f"{out}: step {reached}; look at its curves.png and sheets")


@train.command()
@needing("train")
def ship(
    *,
    run: Annotated[Path, typer.Option(help="Folder of a training run.")],
    out: Annotated[Path, typer.Option(help="Bundle to write, such as engine/assets/refiner.")],
    first: Annotated[
        Path | None, typer.Option(help="Checkpoint of the first stage, to go between the two.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="With --first: 0 is the first stage's, 1 run's.")
    ] = 1.0,
    force: Annotated[bool, typer.Option("--force", help="Replace the bundle.")] = False,
) -> None:
    """Write a run's averaged weights as a bundle that the rig loads."""
    from engine.errors import InputError
    from export.bundle import Origin
    from export.refiner import write_refiner
    from training.refiner.mixing import mixed
    from training.refiner.task import load_average
    from training.trainer import CHECKPOINT

    if first is None and share < 1.0:
        raise InputError("--share lies between two checkpoints: name the other with --first.")
    refiner = load_average(run / CHECKPOINT)
    if first is not None:
        refiner = mixed(load_average(first), refiner, share)
    origin = Origin(licence="MIT", trained_on="synthetic heads on ICT-FaceKit; no real face")
    error = write_refiner(refiner, out, origin=origin, force=force)
    typer.echo(f"{out}: within {error:.1e} of PyTorch in float64")


@train.command()
@needing("train")
def reader(
    *,
    out: Annotated[Path, typer.Option(help="File to write: engine/assets/rig/reader.npz.")],
    samples: Annotated[
        Path, typer.Option(help="Folder of rendered samples; those that are there are kept.")
    ],
    facekit: FacekitOption = Path("facekit.npz"),
    people: Annotated[int, typer.Option(min=4, help="People to learn from.")] = 216,
    held_out: Annotated[int, typer.Option(min=1, help="People to measure on.")] = 30,
    steps: Annotated[int, typer.Option(min=1, help="Steps of learning.")] = 2000,
) -> None:
    """Learn to read ARKit coefficients from landmarks; it may be stopped and run again."""
    from training.reader import run as reading
    from training.reader.learn import Recipe
    from training.reader.measure import GROUPS, scores

    run = reading.Run(
        facekit=facekit, folder=samples, people=people, held_out=held_out,
        recipe=Recipe(steps=steps),
    )  # fmt: skip
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("people", total=people + held_out)
        reading.make_samples(run, lambda done: progress.update(task, completed=done))
        task = progress.add_task("steps", total=steps)
        made = reading.learn(run, lambda step, loss: progress.update(task, completed=step))
    measured = reading.rows(samples, run.measured_on)
    reading.write(made, out, run)
    of = scores(made.read(measured.offsets, measured.aperture), measured)
    told = ", ".join(f"{name} {of[name].correlation:.2f} ({of[name].error:.3f})" for name in GROUPS)
    typer.echo(f"{out}: correlation (mean error) on held-out people: {told}")


@train.command()
@needing("train")
def speech(
    *,
    out: Annotated[Path, typer.Option(help="File to write: engine/assets/speech/listener.npz.")],
    lessons: Annotated[
        Path, typer.Option(help="Folder of spoken lessons; those that are there are kept.")
    ],
    minutes: Annotated[float, typer.Option(min=0.1, help="Of speech to learn from.")] = 200.0,
    steps: Annotated[int, typer.Option(min=1, help="Steps of learning.")] = 6000,
) -> None:
    """Learn to hear visemes from espeak-ng's and flite's voices; both must be installed."""
    import torch

    from training.speech import run as hearing
    from training.speech.learn import Recipe

    torch.set_num_threads(1)  # more are no faster for a network this small, and differ in bits
    run = hearing.Run(folder=lessons, minutes=minutes, recipe=Recipe(steps=steps))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("minutes of speech", total=minutes)
        hearing.lessons(run, "learn", lambda done: progress.update(task, completed=done))
        task = progress.add_task("steps", total=steps)
        made = hearing.learned(run, lambda step, loss: progress.update(task, completed=step))
        found = {
            cast: hearing.measured(made, hearing.lessons(run, cast, lambda done: None))
            for cast in hearing.HELD_OUT
        }
    hearing.write(made, out, run, found)
    for cast, score in found.items():
        typer.echo(
            f"{out}: voices that {cast}: visemes right {score.right:.2f} "
            f"({score.spoken_right:.2f} where somebody speaks), closures found {score.found:.2f}, "
            f"false {score.false:.2f}"
        )
