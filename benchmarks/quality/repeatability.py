"""How far AED and APD's estimator can be trusted: renders whose expression and pose are known.

    python -m benchmarks.quality.repeatability FACEKIT [--heads 12] [--acts 5]

People and acts are others than those on which the ridges were chosen. Each act is seen by two
webcams; the table says what two looks at one face differ by, and what two acts do.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.machine import keep, markdown
from benchmarks.quality.cast import before_the_camera
from benchmarks.quality.estimator import ESTIMATOR, Fit, aed, apd, fit, turn_deg
from benchmarks.quality.shapes import EXPRESSIONS
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import Array, angle_between
from training.basis import facekit_names
from training.heads import facekit
from training.heads.factors import sample_pose
from training.heads.posing import head_rotation, torso_rotation
from training.heads.renderer import Renderer
from training.heads.scene import sample_expression
from training.heads.seeds import Seeds
from training.heads.webcam import photographed, sample_webcam
from training.refiner.filler import QUALITY

FIRST = 910_000
"""The ridges were chosen on the people from 900,000 on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """One act: what it is, and how it is read off the render and off two webcams' pictures."""

    expression: Array
    """(43,) as rendered."""
    rotation: Array
    """(3, 3) of the head, as rendered."""
    exact: Fit
    seen: tuple[Fit, Fit]


def looks(renderer: Renderer, seed: int, acts: int) -> Iterator[Look]:
    """Acts of one person; those in which a picture shows no face are left out."""
    actor, shot = before_the_camera(renderer, seed)
    names = renderer.mesh.facekit.expression_names
    for act in range(seed * 10, seed * 10 + acts):
        expression = sample_expression(Seeds.all(0).with_expression(act))
        pose = sample_pose(act, 0.7)
        made = renderer.render(actor, replace(shot, pose=pose, expression=expression))
        cameras = [photographed(made.picture, sample_webcam(2 * act + k), k) for k in range(2)]
        fits = [found for picture in (made.picture, *cameras) if (found := _fit(picture))]
        if len(fits) == 3:
            yield Look(
                expression=np.array(
                    [
                        np.mean([made.weights[names.index(n)] for n in facekit_names(e, names)])
                        for e in EXPRESSIONS
                    ]
                ),
                rotation=np.asarray(torso_rotation(pose) @ head_rotation(pose), np.float64),
                exact=fits[0],
                seen=(fits[1], fits[2]),
            )


def _fit(picture: Pixels) -> Fit | None:
    face = MeshTracker().find(picture)
    return None if face is None else fit(face)


def told(people: list[list[Look]]) -> dict[str, float]:
    """What the table holds."""
    every = [look for person in people for look in person]
    pairs = [pair for person in people for pair in pairwise(person)]
    turned = [_turns(a, b) for a, b in pairs]
    acted = np.array(
        [(aed(a.exact, b.exact), np.abs(a.expression - b.expression).mean()) for a, b in pairs]
    )
    found = np.array([look.exact.expression for look in every])
    truth = np.array([look.expression for look in every])
    return {
        "faces": float(len(every)),
        "AED, one face by two cameras": float(np.mean([aed(*look.seen) for look in every])),
        "AED, two acts of one person": float(acted[:, 0].mean()),
        "true mean absolute difference of those acts": float(acted[:, 1].mean()),
        "correlation of both": float(np.corrcoef(acted.T)[0, 1]),
        "correlation of coefficients with the true ones": float(
            np.corrcoef(found.ravel(), truth.ravel())[0, 1]
        ),
        "APD, one face by two cameras, rad": float(np.mean([apd(*look.seen) for look in every])),
        "turn, one face by two cameras, degrees": float(
            np.mean([turn_deg(*look.seen) for look in every])
        ),
        "turn from act to act, true, degrees": float(np.mean([true for true, _ in turned])),
        "its error, median, degrees": float(np.median([error for _, error in turned])),
    }


def _turns(a: Look, b: Look) -> tuple[float, float]:
    """The true turn of a head from one act to another, and how far the estimated one is off."""
    true = b.rotation @ a.rotation.T
    seen = b.exact.rotation @ a.exact.rotation.T
    return (
        float(np.degrees(angle_between(true, np.eye(3)))),
        float(np.degrees(angle_between(true, seen))),
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("facekit", type=Path, help="FaceKit's arrays")
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--acts", type=int, default=5)
    options = parser.parse_args(arguments)
    renderer = Renderer(facekit.load(options.facekit), QUALITY)
    seeds = range(FIRST, FIRST + options.heads)
    found = told([list(looks(renderer, seed, options.acts)) for seed in seeds])
    rows = [[name, f"{value:.3g}"] for name, value in found.items()]
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.quality.repeatability", *given])
    result = {"estimator": ESTIMATOR, "found": found}
    keep("quality_estimator", command, result, markdown([ESTIMATOR, "value"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
