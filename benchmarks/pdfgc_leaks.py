"""PD-FGC's leak matrix: one factor comes from another picture, and what does the picture show?

What was drawn is read back by the model's own motion encoder: rows are the factor that was taken
from elsewhere, columns how far each factor's codes moved, in the way from the portrait's to the
other picture's. With the authors' weights a diagonal of 1 and zeros beside it would be the paper's
claim. With seeded weights generator and encoder know nothing of each other: then the matrix proves
that the path runs from a factor to a figure, and nothing of quality.
"""

from pathlib import Path

import numpy as np

from benchmarks.machine import markdown
from engine.faces.face import Tracker
from engine.faces.trackers import make_tracker
from engine.frame import Pixels
from engine.motion import FACTORS
from engine.pdfgc.alignment import aligned
from engine.pdfgc.graphs import PdfgcGraphs, to_network
from engine.pdfgc.layout import INDICES
from engine.pdfgc.motion import PdfgcMotion
from engine.runtimes.base import Array
from stream.files.bundled import ASSETS
from stream.session.portraits import open_portrait

Leaks = dict[str, dict[str, float]]


def two_heads() -> Array:
    """(2, 3, 224, 224): two of the bundled portraits, aligned."""
    tracker = make_tracker("mesh")
    files = (ASSETS / "portrait.png", ASSETS / "portraits" / "man.png")
    return np.concatenate([to_network(head(file, tracker)) for file in files])


def head(file: Path, tracker: Tracker) -> Pixels:
    """(224, 224, 3): the face of a picture, aligned; refused where it shows none."""
    found = open_portrait(file, tracker, is_noted=False)
    return aligned(found.face).cut(found.picture)


def leak_matrix(graphs: PdfgcGraphs, pictures: Array) -> Leaks:
    """Moved factor -> seen factor -> how far, and what the mixing itself moved beside it.

    `pictures` (2, 3, 224, 224): the portrait, and where factors come from.
    """
    portrait, other = pictures[:1], pictures[1:]
    appearance = graphs.encode(portrait)
    own, taken = (PdfgcMotion.of(graphs.read(picture)) for picture in (portrait, other))
    rest = graphs.read(graphs.draw(appearance, own.codes))
    found: Leaks = {}
    for factor in FACTORS:
        mixed = own.with_factor(factor, taken)
        seen = graphs.read(graphs.draw(appearance, mixed.codes))
        found[factor] = {
            name: along(seen - rest, taken.codes - own.codes, INDICES[name]) for name in FACTORS
        }
        changed = np.flatnonzero(mixed.codes != own.codes)
        found[factor]["other codes that the mixing changed"] = float(
            len(set(changed.tolist()) - set(INDICES[factor]))
        )
    return found


def along(moved: Array, way: Array, place: list[int]) -> float:
    """Length of a change over the length of the whole way, both (542,), at these numbers."""
    return float(np.linalg.norm(moved[place])) / max(float(np.linalg.norm(way[place])), 1e-9)


def leak_table(leaks: Leaks) -> str:
    """For people."""
    columns = list(next(iter(leaks.values())))
    rows = [[name, *(f"{seen[column]:.2f}" for column in columns)] for name, seen in leaks.items()]
    return (
        "Leak matrix: rows are the factor that came from another picture, columns what the motion "
        "encoder reads from the result, 1 being the whole way to that picture. **On seeded weights "
        "these figures prove the path, not quality**: the encoder never saw what the generator "
        "draws. The last column is of the mixing itself, and exact on any weights.\n\n"
        + markdown(["moved", *columns], rows)
    )
