"""The commands `understudy train clips` and `train heads`: the data of DPE's strategy."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from engine.installing import needing


@needing("train")
def clips(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="Video files, folders of them, folders of frames (VoxCeleb's layout).",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the clips; what it has is kept.")],
    size: Annotated[int, typer.Option(min=32, max=1024, help="Side of the pictures.")] = 256,
    least_side: Annotated[
        float,
        typer.Option(min=0.1, max=2.0, help="Least side of a crop in the film, in --size."),
    ] = 0.75,
    least_frames: Annotated[int, typer.Option(min=2, help="Of a clip.")] = 24,
    most_frames: Annotated[int, typer.Option(min=2, help="A longer one becomes several.")] = 600,
) -> None:
    """Cut talking-head clips out of films; may be stopped at any moment and run again."""
    from training.clips.gather import gather
    from training.clips.report import write_report
    from training.clips.shards import read_index
    from training.clips.spans import Rules

    rules = Rules(
        size=size, least_side=least_side, least_frames=least_frames, most_frames=most_frames
    )
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("films", total=None)
        gather(
            inputs, out, rules,
            lambda done, total, line: progress.update(
                task, completed=done, total=total, description=line
            ),
        )  # fmt: skip
    taken, sources = read_index(out)
    report = write_report(out)
    for source in sources:
        kept = sum(clip.frames for clip in taken if clip.source == source.source)
        why = ", ".join(f"{reason} {count}" for reason, count in source.refused.items())
        typer.echo(f"{source.source}: {kept} of {source.frames} frames" + (why and f" ({why})"))
    frames = sum(clip.frames for clip in taken)
    people = len({clip.identity for clip in taken})
    typer.echo(f"{out}: {len(taken)} clips, {frames} frames, {people} people; look at {report}")


@needing("train")
def heads(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the heads; those that are there are kept.")],
    facekit: Annotated[
        Path, typer.Option(help="The head's arrays; `python -m training.heads.convert` makes them.")
    ] = Path("facekit.npz"),
    people: Annotated[int, typer.Option(min=1, help="People to learn from.")] = 500,
    held_out: Annotated[int, typer.Option(min=1, help="People to measure on.")] = 10,
    size: Annotated[int, typer.Option(min=32, max=1024, help="Side of the pictures.")] = 128,
) -> None:
    """Render people as grids of expressions and poses; may be stopped and run again."""
    from engine.errors import InputError
    from training.clips import heads as grids
    from training.heads import facekit as arrays
    from training.heads.renderer import Renderer
    from training.reader.samples import HELD_OUT

    if not facekit.is_file():
        raise InputError(f"{facekit} is missing: make it with `python -m training.heads.convert`.")
    renderer = Renderer(arrays.load(facekit), grids.quality(size))
    out.mkdir(parents=True, exist_ok=True)
    seeds = [*range(HELD_OUT, HELD_OUT + held_out), *range(people)]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("people", total=len(seeds))
        grids.fill(renderer, out, seeds, lambda done: progress.update(task, completed=done))
    typer.echo(f"{out}: {len(grids.seeds_in(out))} people, drawn by {renderer.device}")
