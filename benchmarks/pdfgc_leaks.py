"""PD-FGC's leak matrix: one factor comes from another picture, and what does the picture show?

What was drawn is read back by the model's own motion encoder: rows are the factor that was taken
from elsewhere, columns how far each factor's codes moved, in the way from the portrait's to the
other picture's. With the authors' weights a diagonal of 1 and zeros beside it would be the paper's
claim. With seeded weights generator and encoder know nothing of each other: then the matrix proves
that the path runs from a factor to a figure, and nothing of quality.
"""

import numpy as np

from benchmarks.machine import markdown
from engine.faces.trackers import make_tracker
from engine.motion import FACTORS
from engine.pdfgc.alignment import aligned
from engine.pdfgc.graphs import PdfgcGraphs, to_network
from engine.pdfgc.layout import INDICES
from engine.pdfgc.motion import PdfgcMotion
from engine.pictures import open_picture
from engine.runtimes.base import Array
from stream.files.bundled import ASSETS

Leaks = dict[str, dict[str, float]]


def two_heads() -> Array:
    """(2, 3, 224, 224): two of the bundled portraits, aligned."""
    tracker, heads = make_tracker("mesh"), []
    for file in (ASSETS / "portrait.png", ASSETS / "portraits" / "man.png"):
        picture = open_picture(file)
        tracker.reset()
        face = tracker.find(picture)
        assert face is not None  # these ship with one
        heads.append(to_network(aligned(face).cut(picture)))
    return np.concatenate(heads)


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
            name: _along(seen - rest, taken.codes - own.codes, INDICES[name]) for name in FACTORS
        }
        changed = np.flatnonzero(mixed.codes != own.codes)
        found[factor]["other codes that the mixing changed"] = float(
            len(set(changed.tolist()) - set(INDICES[factor]))
        )
    return found


def _along(moved: Array, way: Array, place: list[int]) -> float:
    """Length of a change over the length of the whole way."""
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
