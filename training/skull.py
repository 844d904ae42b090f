"""How deep hair and ears lie, fitted to rendered heads: `SKULL` of `engine/rig/warp/skull.py`.

    python -m training.skull facekit.npz [--people 20]

Each head is rendered straight and turned; the exact flow between the two says how deep each point
beside the face lies. The mean over all people, as a Gaussian over the picture, is what is printed.
A portrait has one picture, so nothing better than a mean is known of what lies behind its face.
"""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from engine.faces.canonical import HeadPose, head_pose
from engine.faces.face import Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.warp.skull import DepthGaussian, from_pivot
from training.heads import facekit
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression
from training.heads.flow import FlowDrawer
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer
from training.heads.scene import sample_shot
from training.heads.seeds import Seeds

FIRST_PERSON = 5000
POSES = (Pose(yaw=0.3), Pose(yaw=-0.3), Pose(pitch=0.2), Pose(pitch=-0.15))
BINS, REACH = 24, 1.2
"""Squares a side, and how far they reach from the head's pivot, in face heights."""
_NECK = 0.35
"""Below the pivot, in face heights: the neck turns otherwise."""
_LEAST_PIXELS = 400
_FARTHEST = 2.0
_NARROWEST = 0.42
"""Of the Gaussian: steeper, a head that turns by 45 degrees would fold at its silhouette."""


def measure(renderer: Renderer, tracker: Tracker, people: range) -> tuple[Array, Array]:
    """(BINS, BINS) sums of depths and numbers of pixels, rows from above; both sides as one."""
    sums, counts = np.zeros((2, BINS, BINS))
    drawer = FlowDrawer(renderer)
    for seed in people:
        for aside, along, depth in _person(renderer, drawer, tracker, seed):
            places = np.stack([along, aside]) * (BINS / 2 / REACH) + BINS / 2
            rows, columns = np.floor(places).astype(int)
            fits = (np.abs(depth) < _FARTHEST) & (np.minimum(rows, columns) >= 0)
            fits &= np.maximum(rows, columns) < BINS
            np.add.at(sums, (rows[fits], columns[fits]), depth[fits])
            np.add.at(counts, (rows[fits], columns[fits]), 1)
    return sums + sums[:, ::-1], counts + counts[:, ::-1]


def fit(sums: Array, counts: Array) -> DepthGaussian:
    """The Gaussian nearest to the mean depths, squares weighted by the root of their pixels."""
    middles = (np.arange(BINS) + 0.5) * (2 * REACH / BINS) - REACH
    along, aside = np.meshgrid(middles, middles, indexing="ij")
    known = (counts > _LEAST_PIXELS) & (along < _NECK)
    depth, weight = sums[known] / counts[known], np.sqrt(counts[known])

    def missed(values: Array) -> Array:
        off = DepthGaussian(*values).depth(aside[known], along[known]) - depth
        return np.asarray(off * weight / weight.mean())

    limits = [0.0, _NARROWEST, _NARROWEST, -1.0, -0.5], [1.0, 2.0, 2.0, 1.0, 0.5]
    start = [0.45, 0.5, 0.5, 0.4, 0.05]
    return DepthGaussian(
        *least_squares(missed, start, bounds=limits, loss="soft_l1", f_scale=0.1).x
    )


def _person(
    renderer: Renderer, drawer: FlowDrawer, tracker: Tracker, seed: int
) -> list[tuple[Array, Array, Array]]:
    """Aside, along and depth of what lies beside one face, in face heights, for each pose."""
    actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
    shot = replace(sample_shot(Seeds.all(seed), renderer.quality.size_px), occluder=None)
    shot = replace(shot, expression=Expression(blink=(0.04, 0.04)))
    pictures = [renderer.render(actor, replace(shot, pose=pose)) for pose in (Pose(), *POSES)]
    found = []
    for picture in pictures:
        tracker.reset()
        found.append(tracker.find(picture.picture))
    straight = found[0]
    if straight is None:
        return []
    landmarks = straight.landmarks.astype(np.float64)
    down = landmarks[CHIN, :2] - landmarks[FOREHEAD, :2]
    face_height = float(np.linalg.norm(down))
    down /= face_height
    own = head_pose(straight)
    pivot = own.pivot_px
    face = np.zeros(pictures[0].picture.shape[:2], np.uint8)
    cv2.fillPoly(face, [np.round(landmarks[list(OVAL), :2]).astype(np.int32)], 1)
    measured = []
    for turned, seen in zip(found[1:], pictures[1:], strict=True):
        if turned is None:
            continue
        flow = drawer.between(actor, pictures[0], seen)
        beside = flow.visible & (face == 0)
        points = np.argwhere(beside)[:, ::-1].astype(np.float64)
        depth = _depth(points, flow.displacement[beside], own, head_pose(turned)) / face_height
        measured.append((*from_pivot(points, pivot, down, face_height), depth))
    return measured


def _depth(points: Array, moved: NDArray[np.float32], first: HeadPose, second: HeadPose) -> Array:
    """(N,) px behind the pivot at which the head's turn moves points as they have moved."""
    flip = np.diag([1.0, -1.0, -1.0])
    scale = second.placement.scale / first.placement.scale
    turn = scale * flip @ second.placement.rotation @ first.placement.rotation.T @ flip
    flat = (points - first.pivot_px[:2]) @ turn[:2, :2].T + second.pivot_px[:2]
    lean = turn[:2, 2]
    return np.asarray((points + moved - flat) @ lean / (lean @ lean))


def main() -> None:
    """Measure, fit, print."""
    parser = argparse.ArgumentParser(description="Fit how deep hair and ears lie.")
    parser.add_argument("facekit", type=Path)
    parser.add_argument("--people", type=int, default=20)
    arguments = parser.parse_args()
    renderer = Renderer(facekit.load(arguments.facekit), TRAINING)
    people = range(FIRST_PERSON, FIRST_PERSON + arguments.people)
    gaussian = fit(*measure(renderer, MeshTracker(), people))
    values = (f"{name} {value:.2f}" for name, value in asdict(gaussian).items())
    sys.stdout.write(", ".join(values) + "\n")


if __name__ == "__main__":
    main()
