"""The same-person test: a clip's own neutral frame as the portrait must follow the clip itself.

Rows: the still picture, the prototype (where its folder is named), and the rig with a drawn mouth
and with the driver's. Regions lie where the clip's own face is. Run it as

    python -m benchmarks.same_person --clips DIR [--prototype DIR] [--size 256] [--every 3]
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import keep, markdown
from benchmarks.prototype import load_prototype, prototype_renderer
from benchmarks.regions import REGIONS, distance, regions
from benchmarks.squares import cut_square, square_around
from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.driver.reading import read_face
from engine.rig.model import RigModel
from engine.rig.paint.mouth_choice import Mouth
from engine.rig.refine.network import Refiner, load_refiner
from stream.files.clips import Clip

Step = Callable[[Pixels, Face], Pixels]
Scores = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Take:
    """A clip as square pictures with their faces, and which of them is neutral."""

    name: str
    pictures: list[Pixels]
    faces: list[Face]
    neutral: int


def load_take(path: Path, size: int) -> Take:
    """Read a clip; frames without a face are left out.

    Raises:
        InputError: there is a face in none.
    """
    tracker = MeshTracker()
    seen = [(f.pixels, face) for f in Clip(path).frames() if (face := tracker.find(f.pixels))]
    if not seen:
        raise InputError(f"{path} shows no face: take it out of the folder.")
    neutral = most_neutral([face for _, face in seen])
    left, top, side = square_around(seen[neutral][0].shape[:2], seen[neutral][1])
    scale = size / side
    return Take(
        name=path.stem,
        pictures=[cut_square(pixels, left, top, side, size) for pixels, _ in seen],
        faces=[face.moved(scale, (-left * scale, -top * scale)) for _, face in seen],
        neutral=neutral,
    )


def most_neutral(faces: list[Face]) -> int:
    """The frame nearest to the clip's usual face, with closed lips and open eyes."""
    readings = [read_face(face) for face in faces]
    usual = np.median([reading.points for reading in readings], axis=0)
    open_eyes = np.percentile([reading.openings.mean() for reading in readings], 75)

    def unrest(index: int) -> float:
        reading = readings[index]
        unusual = np.linalg.norm(reading.points - usual, axis=1).mean()
        closed = abs(reading.openings.mean() / open_eyes - 1.0)
        return float(unusual + 2.0 * reading.lip_gap + closed)

    return min(range(len(faces)), key=unrest)


def _still(take: Take) -> Step:
    return lambda _picture, _face: take.pictures[take.neutral]


def _rig(take: Take, mouth: Mouth, refiner: Refiner | None = None) -> Step:
    model = RigModel(mouth=mouth, refiner=refiner)
    portrait = model.enroll(take.pictures[take.neutral], take.faces[take.neutral])
    driver = model.driver()
    driver.calibrate(take.pictures[take.neutral], take.faces[take.neutral])
    return lambda picture, face: portrait.render(driver.read(picture, face, 0), Edit())


def _makers(
    prototype_folder: Path | None, refiner: Refiner
) -> Iterator[tuple[str, Callable[[Take], Step]]]:
    yield "still picture", _still
    if prototype_folder is not None:
        prototype = load_prototype(prototype_folder)

        def old(mouth: str) -> Callable[[Take], Step]:
            return lambda take: prototype_renderer(
                prototype, take.pictures[take.neutral], take.faces[take.neutral], mouth=mouth
            )

        yield "prototype, generic mouth", old("generic")
        yield "prototype, driver's mouth", old("driver")
    yield "rig, drawn mouth", lambda take: _rig(take, "drawn")
    yield "rig, driver's mouth", lambda take: _rig(take, "driver")
    yield "refined, drawn mouth", lambda take: _rig(take, "drawn", refiner)
    yield "refined, driver's mouth", lambda take: _rig(take, "driver", refiner)


def score(take: Take, step: Step, every: int) -> Scores:
    """Mean L1 and SSIM a region, over every n-th frame but the neutral one."""
    sums: dict[str, list[tuple[float, float]]] = {name: [] for name in REGIONS}
    for index in range(0, len(take.pictures), every):
        if index == take.neutral:
            continue
        picture, face = take.pictures[index], take.faces[index]
        masks = regions(face, picture.shape[:2])
        for name, value in distance(step(picture, face), picture, masks).items():
            sums[name].append(value)
    return {name: tuple(np.mean(values, axis=0).tolist()) for name, values in sums.items()}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True, help="folder of driving clips")
    parser.add_argument("--prototype", type=Path, help="folder of the prototype, for its rows")
    parser.add_argument("--size", type=int, default=256, help="side of the pictures, pixels")
    parser.add_argument("--every", type=int, default=3, help="every n-th frame is compared")
    parser.add_argument("--refiner", type=Path, help="bundle of the refiner, else the one shipped")
    options = parser.parse_args(arguments)
    refiner = load_refiner(options.refiner)
    paths = sorted(p for p in options.clips.iterdir() if p.suffix in {".mp4", ".mkv"})
    takes = [load_take(path, options.size) for path in paths]
    result: dict[str, dict[str, Scores]] = {}
    rows = []
    for name, make in _makers(options.prototype, refiner):
        result[name] = {take.name: score(take, make(take), options.every) for take in takes}
        for clip, scores in [*result[name].items(), ("mean", _mean(result[name]))]:
            cells = [f"{scores[r][0]:.2f} / {scores[r][1]:.3f}" for r in REGIONS]
            rows.append([name, clip, *cells])
    table = markdown(["", "clip", *(f"{r} L1 / SSIM" for r in REGIONS)], rows)
    command = shlex.join(["python", "-m", "benchmarks.same_person", *_named(arguments)])
    keep("same_person", command, {"scores": result}, table)
    return 0


def _mean(of_clips: dict[str, Scores]) -> Scores:
    return {
        region: tuple(np.mean([scores[region] for scores in of_clips.values()], axis=0).tolist())
        for region in REGIONS
    }


def _named(arguments: list[str] | None) -> list[str]:
    return sys.argv[1:] if arguments is None else arguments


if __name__ == "__main__":
    raise SystemExit(main())
