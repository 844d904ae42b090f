"""Is this tree nearer than another one? Both draw the same pictures in one run, and are measured.

    python -m benchmarks.beside TREE [--clips DIR] [--facekit facekit.npz] [--models DIR]

The default model as a user gets it, by a driver who is the portrait's own person: clips as in
`same_person`, rendered heads as in `exact_flow`. L1 of 255 by region; CSIM to the true frame where
--models has mobilefacenet.pt. A region that is worse by 2 % is told.
"""

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.beside.cases import Case, of_clips, of_heads
from benchmarks.beside.drawing import draw
from benchmarks.beside.trees import Drawn, commit_of, drawn_by
from benchmarks.machine import keep, markdown
from benchmarks.mobilefacenet import Recogniser, csim
from benchmarks.regions import REGIONS, distance, regions
from engine.errors import InputError, UnderstudyError
from engine.faces.mesh_tracker import MeshTracker

CSIM = "CSIM"
WORSE = 0.02
"""Of an L1."""

Figures = dict[str, float]
"""Region of REGIONS -> L1 of 255; CSIM -> cosine, where it is measured."""


def main(arguments: list[str] | None = None) -> int:
    """Draw, measure, keep."""
    options = _parser().parse_args(arguments)
    try:
        found = compared(options)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    keep("beside", _command(options), {"figures": found}, table(found))
    return 0


def compared(options: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """Case -> `TREE's commit` and `here` -> figures.

    Raises:
        UnderstudyError: something is missing here.
    """
    recogniser = Recogniser(options.models / "mobilefacenet.pt") if options.models else None
    found = {}
    for case in _cases(options):
        job = {"driver_0": np.stack([case.rest, *case.frames]), "full_own": case.rest}
        size = min(case.rest.shape[:2])
        drawn = {
            commit_of(options.tree): drawn_by(options.tree, job, size),
            "here": draw(job, size),
        }
        found[case.name] = {row: figures(case, made, recogniser) for row, made in drawn.items()}
        sys.stderr.write(f"{case.name}: {found[case.name]}\n")
    if not found:
        raise InputError("Nothing to compare: give --clips or --facekit, or both.")
    return found


def figures(case: Case, drawn: Drawn, recogniser: Recogniser | None) -> Figures:
    """Means over the frames of a case."""
    tracker, values = MeshTracker(), defaultdict(list)
    for picture, truth, face in zip(drawn["own"][1:], case.frames, case.faces, strict=True):
        apart = distance(picture, truth, regions(face, truth.shape[:2]))
        for region in REGIONS:
            values[region].append(apart[region][0])
        if recogniser is not None:
            tracker.reset()
            seen = tracker.find(picture)
            like = (
                0.0
                if seen is None
                else csim(
                    *(recogniser.identity(*each) for each in ((truth, face), (picture, seen)))
                )
            )
            values[CSIM].append(like)
    return {name: float(np.mean(of)) for name, of in values.items()}


def table(found: dict[str, dict[str, Figures]]) -> str:
    """Cells: the other tree's, here; then what is worse."""
    measures = list(next(iter(next(iter(found.values())).values())))
    means = {
        row: {m: float(np.mean([of[row][m] for of in found.values()])) for m in measures}
        for row in next(iter(found.values()))
    }
    lines = []
    for name, rows in [*found.items(), ("mean", means)]:
        then, now = rows.values()
        cells = [
            f"{then[m]:.3f}, {now[m]:.3f}" if m == CSIM else f"{then[m]:.2f}, {now[m]:.2f}"
            for m in measures
        ]
        lines.append([name, *cells])
    told = ", ".join(_worse(found)) or "none"
    head = ["", *(m if m == CSIM else f"{m} L1" for m in measures)]
    other = next(iter(means))
    return (
        f"Each cell: {other}, then this tree.\n\n{markdown(head, lines)}\n\n"
        f"Worse by {WORSE:.0%} or more: {told}."
    )


def _worse(found: dict[str, dict[str, Figures]]) -> Iterator[str]:
    for name, rows in found.items():
        then, now = rows.values()
        for region in REGIONS:
            change = now[region] / max(then[region], 1e-6) - 1.0
            if change >= WORSE:
                yield f"{region} of {name} ({change:+.1%})"


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    if options.clips is not None:
        yield from of_clips(options.clips, options.size, options.every)
    if options.facekit is not None:
        yield from of_heads(options.facekit, options.heads)


def _command(options: argparse.Namespace) -> str:
    """Folders by their last name: where they lie is this machine's own."""
    paths = {name: getattr(options, name) for name in ("clips", "facekit", "models")}
    named = [word for name, path in paths.items() if path for word in (f"--{name}", path.name)]
    sizes = [f"--size={options.size}", f"--every={options.every}", f"--heads={options.heads}"]
    return shlex.join(["python", "-m", "benchmarks.beside", options.tree.name, *named, *sizes])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.beside", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("tree", type=Path, help="another checkout, such as a git worktree")
    parser.add_argument("--clips", type=Path, help="folder of clips")
    parser.add_argument("--facekit", type=Path, help="facekit.npz, for rendered heads")
    parser.add_argument("--models", type=Path, help="folder of mobilefacenet.pt, for CSIM")
    parser.add_argument("--size", type=int, default=256, help="side of clips, pixels")
    parser.add_argument("--every", type=int, default=6, help="every n-th frame of clips")
    parser.add_argument("--heads", type=int, default=4, help="rendered heads")
    return parser


if __name__ == "__main__":
    sys.exit(main())
