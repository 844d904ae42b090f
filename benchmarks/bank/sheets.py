"""Sheets for the eye: enrolled people by other people's motion, whole and from near.

    python -m benchmarks.bank.sheets --clips DIR --out DIR [--people NAME ...] [--drivers NAME ...]

Rows: the driver, the refined default, the bank; the head, then the eyes, then the mouth. Clips show
people, so sheets stay out of the repository.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike
from PIL import Image

from benchmarks.bank.enrolled import Enrolled, enroll, performed
from benchmarks.contact_sheet import pick_frames
from benchmarks.same_person import Take, load_take
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import CHIN, EYES, FOREHEAD, MOUTH_LEFT, MOUTH_RIGHT
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import Refiner, load_refiner

_CELL_PX = 200
_EYES, _MOUTH = 1.0, 0.62
"""Sides of the close-ups, over the height of the face."""


def main(arguments: list[str] | None = None) -> int:
    """Draw one sheet for each person and driver."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True, help="folder of clips")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--people", nargs="+", help="clips whose people are enrolled, else all")
    parser.add_argument("--drivers", nargs="+", help="clips that drive, else all")
    parser.add_argument("--size", type=int, default=384, help="side of the pictures, pixels")
    parser.add_argument("--frames", type=int, default=8, help="columns")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    paths = {p.stem: p for p in sorted(options.clips.iterdir()) if p.suffix in {".mp4", ".mkv"}}
    people, drivers = options.people or list(paths), options.drivers or list(paths)
    takes = {name: load_take(paths[name], options.size) for name in {*people, *drivers}}
    options.out.mkdir(parents=True, exist_ok=True)
    refiner = load_refiner()
    for person in people:
        own = enroll(takes[person], range(len(takes[person].faces)))
        for driver in drivers:
            drawn = sheet(own, takes[driver], refiner, options.frames)
            Image.fromarray(drawn).save(options.out / f"{person}_by_{driver}.png")
    return 0


def sheet(person: Enrolled, driver: Take, refiner: Refiner, columns: int) -> Pixels:
    """Three bands of three rows."""
    reader = RigModel().driver()
    reader.calibrate(driver.pictures[driver.neutral], driver.faces[driver.neutral])
    motions = [
        reader.read(picture, face, (index + 1) * 33_000_000)
        for index, (picture, face) in enumerate(zip(driver.pictures, driver.faces, strict=True))
    ]
    picked = pick_frames(driver.faces, driver.neutral, columns)
    shown = [
        (driver.pictures[index], driver.faces[index].landmarks.astype(np.float64))
        for index in picked
    ]
    rows = [shown, *(_row(person, motions, picked, refiner, bank=b) for b in (False, True))]
    bands = [
        np.vstack([np.hstack([close_up(*cell, near) for cell in row]) for row in rows])
        for near in ("head", "eyes", "mouth")
    ]
    return np.vstack(bands)


def _row(
    person: Enrolled, motions: list[RigMotion], picked: list[int], refiner: Refiner, *, bank: bool
) -> list[tuple[Pixels, Array]]:
    portrait: RigPortrait = person.portrait(refiner=refiner, bank=bank)
    found = performed(portrait, motions, set(picked))
    return [(picture, portrait.placed(motions[index]).target) for index, picture in found]


def close_up(picture: Pixels, points: Array, near: str) -> Pixels:
    """A square of a picture around a part of a face with landmarks `points` (478, 2+) px."""
    height = float(np.linalg.norm(points[FOREHEAD, :2] - points[CHIN, :2]))
    if near == "head":
        return _resized(picture)
    if near == "eyes":
        middle = points[[index for eye in EYES for index in (eye.outer, eye.inner)], :2].mean(
            axis=0
        )
        side = _EYES * height
    else:
        middle = points[[MOUTH_LEFT, MOUTH_RIGHT, 13, 14], :2].mean(axis=0)
        side = _MOUTH * height
    size = (round(side), round(side))
    return _resized(cv2.getRectSubPix(picture, size, tuple(middle.tolist())))


def _resized(picture: MatLike) -> Pixels:
    return np.asarray(
        cv2.resize(picture, (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_CUBIC), np.uint8
    )


if __name__ == "__main__":
    raise SystemExit(main())
