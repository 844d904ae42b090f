"""What a perfect head mesh could give: held-out heads, warped by the flow that is known exactly.

    python -m benchmarks.exact_flow FACEKIT [--heads 8]

Each rendered person drives itself. Where the portrait shows the point, the second row takes its
pixel along the exact flow; what the portrait does not show stays the rig's. L1 of 255, in parts.
"""

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import keep, markdown
from benchmarks.quality.cast import ACTS, FIRST_PERSON, Act, Kind, before_the_camera
from engine.faces.face import Face, Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.driver.driver import RigDriver
from engine.rig.landmarks import OVAL
from engine.rig.portrait import RigPortrait
from training.heads import facekit
from training.heads.flow import FlowDrawer
from training.heads.renderer import Renderer, Rendering
from training.refiner.filler import QUALITY

Areas = dict[str, NDArray[np.bool_]]

RIG, EXACT = "rig", "exact flow where the portrait shows the point, else the rig"
KINDS: tuple[Kind, ...] = ("expression", "pose", "both")
AREAS = ("face", "rest of the person", "background", "frame")


def main() -> None:
    """Measure all heads, and keep the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("facekit", type=Path)
    parser.add_argument("--heads", type=int, default=8)
    arguments = parser.parse_args()
    renderer, tracker = Renderer(facekit.load(arguments.facekit), QUALITY), MeshTracker()
    drawer = FlowDrawer(renderer)
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seed in range(FIRST_PERSON, FIRST_PERSON + arguments.heads):
        for kind, row, area, error in _person(renderer, drawer, tracker, seed):
            errors[row][f"{kind}, {area}"].append(error)
    columns = [f"{kind}, {area}" for kind in KINDS for area in AREAS]
    means = {row: {c: float(np.mean(of[c])) for c in columns} for row, of in errors.items()}
    rows = [[row, *(f"{of[column]:.2f}" for column in columns)] for row, of in means.items()]
    command = shlex.join(["python", "-m", "benchmarks.exact_flow", *sys.argv[1:]])
    keep("exact_flow", command, {"l1": means}, markdown(["L1 of 255", *columns], rows))


def _person(
    renderer: Renderer, drawer: FlowDrawer, tracker: Tracker, seed: int
) -> Iterator[tuple[Kind, str, str, float]]:
    """Kind of act, row, area and error, for every act of one person."""
    actor, shot = before_the_camera(renderer, seed)

    def see(act: Act) -> tuple[Rendering, Face | None]:
        seen = renderer.render(actor, replace(shot, pose=act.pose, expression=act.expression))
        tracker.reset()
        return seen, tracker.find(seen.picture)

    rest, own_face = see(Act(moves=None))
    if own_face is None:
        return
    matte = rest.coverage.astype(np.float32) / np.float32(255.0)
    portrait = RigPortrait(rest.picture, own_face, lambda: matte)
    for act in ACTS:
        truth, face = see(act)
        if face is None:
            continue
        driver = RigDriver()  # each act by itself: a driver steadies what follows in time
        driver.calibrate(rest.picture, own_face)
        rig = portrait.render(driver.read(truth.picture, face, 0), Edit())
        flow = drawer.between(actor, truth, rest)
        exact = np.where(flow.visible[..., None], _warped(rest.picture, flow.displacement), rig)
        for row, picture in {RIG: rig, EXACT: exact}.items():
            error = np.abs(picture.astype(np.float32) - truth.picture).mean(axis=-1)
            for area, mask in _areas(truth, face).items():
                yield act.kind, row, area, float(error[mask].mean())


def _warped(picture: Pixels, displacement: NDArray[np.float32]) -> Pixels:
    rows, columns = np.indices(picture.shape[:2], np.float32)
    at = displacement + np.stack([columns, rows], axis=-1)
    warped = cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(warped, np.uint8)


def _areas(truth: Rendering, face: Face) -> Areas:
    outline = np.zeros(truth.coverage.shape, np.uint8)
    cv2.fillPoly(outline, [np.round(face.landmarks[list(OVAL), :2]).astype(np.int32)], 1)
    person, in_face = truth.coverage > 127, outline > 0
    parts = (in_face, person & ~in_face, ~person, np.ones_like(person))
    return dict(zip(AREAS, parts, strict=True))


if __name__ == "__main__":
    main()
