"""The paper's kind of figure: one portrait, and in each row one factor from other pictures.

    python -m benchmarks.pdfgc_figures --out FIGURE.png [--bundle FOLDER] [--portrait P] [SOURCE...]

Beside each row stands how far each factor's codes moved on the way from the portrait's to the
source's, the mean of the row: `given` in what the generator was given, which is exact on any
weights (1 for the row's own factor, 0 for all others); `seen` in what the motion encoder reads from
the result, less what it reads from the portrait as it is drawn. No gains are applied.

Without a bundle the weights are seeded noise. Weights that do not draw the portrait itself, seeded
ones above all, are found out, and the figure says that they draw noise.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.machine import markdown
from benchmarks.pdfgc_leaks import along, head
from benchmarks.seeded_pdfgc import write_release
from engine.errors import UnderstudyError
from engine.faces.trackers import make_tracker
from engine.frame import Pixels
from engine.motion import FACTORS, Factor
from engine.pdfgc.graphs import Appearance, PdfgcGraphs, from_network, to_network
from engine.pdfgc.layout import INDICES
from engine.pdfgc.model import load_bundle
from engine.pdfgc.motion import PdfgcMotion
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.runtimes.base import Array
from export.pdfgc import write_pdfgc
from stream.files.bundled import ASSETS

LEGEND = (
    "how far codes moved, mean of the row;\n1 is all the way to the source's.\n\n"
    "black: given to the generator\nblue: seen in what it drew"
)
LIKENESS = 0.5
"""Correlation of a portrait with itself as it is drawn, below which nobody would know it."""
CELL, LABEL, PANEL, LINE = 168, 76, 300, 20
"""Of the figure, in pixels: a picture, the names at the left, the bars at the right, a line."""
INK, PALE, SEEN = (20, 20, 20), (225, 225, 225), (70, 110, 190)

OTHERS = ("man.png", "singer.png", "painting.png")

Change = dict[Factor, float]
"""Factor -> how far its codes moved; 1 is the whole way to the source's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One factor from each source."""

    factor: Factor
    pictures: list[Pixels]
    given: Change
    seen: Change


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """All that is drawn."""

    portrait: Pixels
    drawn: Pixels
    """The portrait with its own codes."""
    sources: list[Pixels]
    rows: list[Row]

    @property
    def likeness(self) -> float:
        """How much the portrait, drawn, is itself: a correlation, 1 where it is the same."""
        return float(np.corrcoef(self.portrait.ravel(), self.drawn.ravel())[0, 1])

    @property
    def caption(self) -> str:
        """What may be believed of it."""
        if self.likeness < LIKENESS:
            return (
                f"These weights draw noise: the portrait, redrawn, is not itself (correlation "
                f"{self.likeness:.2f}). This shows that the path runs, and nothing of quality."
            )
        return f"The portrait, redrawn, is itself with a correlation of {self.likeness:.2f}."


def figure(graphs: PdfgcGraphs, portrait: Pixels, sources: Sequence[Pixels]) -> Figure:
    """Draw a portrait (224, 224, 3) with each factor from each source, and measure."""
    own = PdfgcMotion.of(graphs.read(to_network(portrait)))
    taken = [PdfgcMotion.of(graphs.read(to_network(source))) for source in sources]
    appearance = graphs.encode(to_network(portrait))
    return Figure(
        portrait=portrait,
        drawn=_pixels(graphs.draw(appearance, own.codes)),
        sources=list(sources),
        rows=[_row(graphs, appearance, own, taken, factor) for factor in FACTORS],
    )


def _row(
    graphs: PdfgcGraphs,
    appearance: Appearance,
    own: PdfgcMotion,
    taken: Sequence[PdfgcMotion],
    factor: Factor,
) -> Row:
    rest = graphs.read(graphs.draw(appearance, own.codes))
    pictures, given, seen = [], [], []
    for source in taken:
        way = source.codes - own.codes
        mixed = own.with_factor(factor, source)
        drawn = graphs.draw(appearance, mixed.codes)
        pictures.append(_pixels(drawn))
        given.append([along(mixed.codes - own.codes, way, INDICES[name]) for name in FACTORS])
        seen.append([along(graphs.read(drawn) - rest, way, INDICES[name]) for name in FACTORS])
    return Row(factor=factor, pictures=pictures, given=_mean(given), seen=_mean(seen))


def _mean(changes: list[list[float]]) -> Change:
    return dict(zip(FACTORS, np.mean(changes, axis=0).tolist(), strict=True))


def _pixels(drawn: Array) -> Pixels:
    return np.asarray(np.rint(from_network(drawn)), np.uint8)


def picture_of(made: Figure) -> Image.Image:
    """Sources above, the portrait and its redrawing beside them, a row a factor, bars beside it."""
    columns = 1 + len(made.sources)
    width = LABEL + columns * CELL + PANEL
    height = (1 + len(made.rows)) * CELL + 3 * LINE
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=13)

    def put(pixels: Pixels, row: int, column: int) -> None:
        place = (LABEL + column * CELL, row * CELL)
        sheet.paste(Image.fromarray(pixels).resize((CELL - 4, CELL - 4)), place)

    draw.text((4, CELL // 2), "portrait,\nsources", INK, font)
    put(made.portrait, 0, 0)
    for column, source in enumerate(made.sources, 1):
        put(source, 0, column)
    beside = LABEL + columns * CELL + 8
    draw.text((beside, 4), LEGEND, INK, font)
    for number, row in enumerate(made.rows, 1):
        draw.text((4, number * CELL + CELL // 2), row.factor, INK, font)
        put(made.drawn, number, 0)
        for column, pixels in enumerate(row.pictures, 1):
            put(pixels, number, column)
        for line, name in enumerate(FACTORS):
            _bar(draw, font, (beside, number * CELL + 12 + line * 30), name, row)
    for line, half in enumerate(_halves(made.caption)):
        draw.text((4, height - (2 - line) * LINE - 8), half, INK, font)
    return sheet


def _bar(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    place: tuple[int, int],
    name: Factor,
    row: Row,
) -> None:
    """Two bars one above the other, given and seen, cut at 1.2, and both numbers."""
    left, top = place
    whole, begin = 100, left + 62
    draw.text((left, top), name, INK, font)
    draw.rectangle((begin, top, begin + whole, top + 17), fill=PALE)
    for change, at, colour in ((row.given, top, INK), (row.seen, top + 9, SEEN)):
        length = round(whole * min(change[name], 1.2))
        if length:
            draw.rectangle((begin, at, begin + length, at + 8), fill=colour)
    numbers = f"{row.given[name]:.2f}, {row.seen[name]:.2f}"
    draw.text((begin + 128, top), numbers, INK, font)


def _halves(text: str) -> list[str]:
    first, dot, second = text.partition("). ")
    return [first + dot.strip(), second]


def table_of(made: Figure) -> str:
    """The same figures for people without eyes on the picture."""
    rows = [
        [row.factor, *(f"{row.given[name]:.2f}, {row.seen[name]:.2f}" for name in FACTORS)]
        for row in made.rows
    ]
    return f"{made.caption}\n\n{markdown(['from another source (given, seen)', *FACTORS], rows)}\n"


def main(arguments: list[str] | None = None) -> int:
    """Draw, write the picture, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sources", type=Path, nargs="*", help="pictures that factors come from")
    parser.add_argument("--bundle", type=Path, help="a PD-FGC bundle; default: seeded noise")
    parser.add_argument("--portrait", type=Path, default=ASSETS / "portrait.png", help="a picture")
    parser.add_argument("--out", type=Path, required=True, help=".png")
    options = parser.parse_args(arguments)
    tracker, shipped = make_tracker("mesh"), [ASSETS / "portraits" / name for name in OTHERS]
    try:
        portrait = head(options.portrait, tracker)
        sources = [head(file, tracker) for file in options.sources or shipped]
        with tempfile.TemporaryDirectory() as scratch:
            folder = options.bundle or _seeded(Path(scratch))
            made = figure(load_bundle(folder).graphs, portrait, sources)
    except UnderstudyError as error:
        parser.exit(1, f"{error}\n")
    picture_of(made).save(options.out)
    sys.stdout.write(table_of(made))
    return 0


def _seeded(folder: Path) -> Path:
    release = write_release(folder / "release")
    write_pdfgc(PDFGC.from_official(release), folder / "bundle")
    return folder / "bundle"


if __name__ == "__main__":
    sys.exit(main())
