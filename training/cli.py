"""The commands `understudy train ...`: what training needs, and training itself."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
train = typer.Typer(no_args_is_help=True)
app.add_typer(train, name="train", help="Train the refiner on synthetic heads.")

FacekitOption = Annotated[
    Path,
    typer.Option(help="The head's arrays; `python -m training.heads.convert` makes them."),
]


@app.callback()
def training() -> None:
    """Synthetic heads, and what is learned from them."""


@train.command()
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
