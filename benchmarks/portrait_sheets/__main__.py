"""Sheets for the eye: eight portraits by three drivers whose heads turn, nod and tilt, and figures.

    python -m benchmarks.portrait_sheets --facekit facekit.npz [--portraits DIR] [--models DIR]
        [--beside TREE] [--sheets DIR]

The default model as a user gets it. Two portraits are rendered heads, whose exact pictures are
known; four ship with the program; two of --portraits are in the public domain (SHOWN). Their sheets
lie beside the table in results/portrait_sheets. Whatever else --portraits has is measured, too, and
its sheets go into --sheets alone. --models has mobilefacenet.pt; without it there is no CSIM.
--beside is another checkout, which draws the same pictures.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.beside.drawing import draw
from benchmarks.beside.trees import Drawn, commit_of, drawn_by
from benchmarks.machine import RESULTS, keep
from benchmarks.portrait_sheets.cast import DRIVERS, HEADS, VIEWS, Driver, Filmed, Head
from benchmarks.portrait_sheets.cast import filmed as film
from benchmarks.portrait_sheets.cast import head as render_head
from benchmarks.portrait_sheets.measure import Meter
from benchmarks.portrait_sheets.sheets import save, sheet
from benchmarks.portrait_sheets.tables import Cell, as_json, file_of, measured, tables
from engine.errors import InputError, UnderstudyError
from engine.frame import Pixels
from engine.pictures import open_picture
from stream.files.bundled import ASSETS
from training.heads import facekit
from training.heads.quality import Quality
from training.heads.renderer import Renderer

SHOWN = ("astronaut", "grace_hopper")
"""Of --portraits: works of the United States' government (NASA, US Navy), in the public domain."""

_SHIPPED = ("portrait", "portraits/man", "portraits/singer", "portraits/painting")
_QUALITY = Quality(size_px=512, supersampling=1.25, texture_px=1024, shadow_px=1024)
_KINDS = {".png", ".jpg", ".jpeg"}
_FOLDER = RESULTS / "portrait_sheets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes, and who is drawn."""

    quality: Quality = _QUALITY
    """Of rendered people; all that is drawn has the same size."""
    cell: int = 216
    """Side of a sheet's cell, px: six of them on a screen, and 1.5 MB for all sheets."""
    drivers: tuple[Driver, ...] = DRIVERS
    views: tuple[str, ...] = tuple(VIEWS)
    heads: tuple[str, ...] = tuple(HEADS)
    shipped: tuple[str, ...] = _SHIPPED

    @property
    def size(self) -> int:
        """Shorter side of the portraits and of the drivers' pictures, px."""
        return self.quality.size_px


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """All that is drawn from."""

    filmed: list[Filmed]
    heads: dict[str, Head]
    pictures: dict[str, Pixels]
    """Portraits that are photographs or ship: name -> picture as it is."""

    @property
    def job(self) -> dict[str, NDArray[np.uint8]]:
        """As `drawing` takes it."""
        drivers = {
            f"driver_{index}": np.stack([each.rest, *each.views.values()])
            for index, each in enumerate(self.filmed)
        }
        heads = {f"full_{name}": head.rest for name, head in self.heads.items()}
        return drivers | heads | {f"face_{name}": each for name, each in self.pictures.items()}


def main(arguments: list[str] | None = None) -> int:
    """Draw, measure, keep."""
    options = _parser().parse_args(arguments)
    try:
        run(options, Settings())
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def run(options: argparse.Namespace, settings: Settings, folder: Path = _FOLDER) -> list[Cell]:
    """Everything; the sheets that may be shown go into `folder`, whose name the table has.

    Raises:
        UnderstudyError: something is missing here.
    """
    photographs = _photographs(options.portraits)
    stage = staged(options.facekit, settings, photographs)
    rows: dict[str, Drawn] = {"here": draw(stage.job, settings.size)}
    if options.beside is not None:
        rows[commit_of(options.beside)] = drawn_by(options.beside, stage.job, settings.size)
    for name in rows["here"]:
        may_be_shown = name not in photographs or name in SHOWN
        folders = [each for each in (options.sheets, folder if may_be_shown else None) if each]
        for place in folders:
            save(_sheet_of(name, stage, rows["here"], settings), place / file_of(name))
    meter = Meter.of(options.models)
    cells = measured(meter, rows, stage.heads, settings.drivers, settings.views)
    _keep(options, cells, stage)
    return cells


def staged(facekit_file: Path, settings: Settings, photographs: Mapping[str, Path]) -> Stage:
    """Render who is rendered, open what is a file."""
    renderer = Renderer(facekit.load(facekit_file), settings.quality)
    views, drivers = list(settings.views), list(settings.drivers)
    files = {Path(each).name: ASSETS / f"{each}.png" for each in settings.shipped}
    return Stage(
        filmed=[film(renderer, driver, views) for driver in drivers],
        heads={name: render_head(renderer, HEADS[name], drivers, views) for name in settings.heads},
        pictures={name: open_picture(path) for name, path in {**files, **photographs}.items()},
    )


def _sheet_of(name: str, stage: Stage, drawn: Drawn, settings: Settings) -> Pixels:
    """Columns: driver, portrait, views; rows: drivers, and exact pictures where they are known."""
    pictures, count = drawn[name], len(settings.views)
    rows: list[tuple[str, Sequence[Pixels]]] = []
    for index, each in enumerate(stage.filmed):
        shown = pictures[1 + index * count : 1 + (index + 1) * count]
        rows.append((each.driver.name, [next(iter(each.views.values())), pictures[0], *shown]))
        if name in stage.heads:
            exact = stage.heads[name].exact
            known = [exact[each.driver.name, view].picture for view in settings.views]
            blank = np.full_like(pictures[0], 255)
            rows.append(("exact", [blank, blank, *known]))
    return sheet(["driver", name, *settings.views], rows, settings.cell)


def _photographs(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _KINDS)
    if not files:
        raise InputError(f"--portraits: {folder} has no picture.")
    return {path.stem: path for path in files}


def _keep(options: argparse.Namespace, cells: list[Cell], stage: Stage) -> None:
    given = {
        "--facekit": options.facekit,
        "--portraits": options.portraits,
        "--models": options.models,
        "--beside": options.beside,
    }
    # Folders by their last name: where they lie is this machine's own.
    named = [word for name, path in given.items() if path for word in (name, path.name)]
    command = shlex.join(["python", "-m", "benchmarks.portrait_sheets", *named])
    shown = [name for name in (*stage.heads, *stage.pictures) if _is_shown(name, stage)]
    keep("portrait_sheets", command, as_json(cells), tables(cells, shown))


def _is_shown(name: str, stage: Stage) -> bool:
    shipped = {Path(each).name for each in _SHIPPED}
    return name in stage.heads or name in shipped or name in SHOWN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.portrait_sheets", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--facekit", type=Path, required=True, help="facekit.npz")
    parser.add_argument("--portraits", type=Path, help="folder of further portraits")
    parser.add_argument("--models", type=Path, help="folder of mobilefacenet.pt, for CSIM")
    parser.add_argument("--beside", type=Path, help="another checkout that draws the same")
    parser.add_argument("--sheets", type=Path, help="folder for all sheets")
    return parser


if __name__ == "__main__":
    sys.exit(main())
