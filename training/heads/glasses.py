"""Spectacles: two lenses in tubular frames, a bridge and temples, fitted to a head."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.heads.head_mesh import HeadMesh
from training.heads.seeds import generator
from training.heads.solids import Solid, disc, joined, tube

NOSE_AND_EYES = [27, 28, 36, 39, 42, 45]
TEMPLES = [0, 16]
LENS_X, LENS_Y, LENS_Z = 3.25, 3.35, 11.75
BEND = 0.045
"""Curvature of the front: z falls by BEND x^2."""
EAR = np.array([8.2, 4.3, 0.5])

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glasses:
    """Frame and lenses, before the head is posed."""

    frame: Solid
    lenses: Solid
    colour: tuple[float, float, float]
    """Linear RGB of the frame."""


def make_glasses(mesh: HeadMesh, head: Field, seed: int) -> Glasses:
    """Draw a pair and fit it to a resting head (V, 3)."""
    draw = generator(seed, "glasses")
    half_width, half_height = draw.uniform(2.35, 2.95), draw.uniform(1.7, 2.4)
    squareness, thickness = draw.uniform(2, 4.5), draw.uniform(0.09, 0.26)
    frames, lenses = [], []
    for side in (1, -1):
        rim = _rim(side, half_width, half_height, squareness)
        frames.append(tube(rim, thickness, closed=True))
        lenses.append(disc(rim, bulge=0.15))
        hinge = np.array([side * (LENS_X + half_width), 3.9, _front(LENS_X + half_width)])
        ear = EAR * np.array([side, 1, 1])
        temple = hinge + np.linspace(0, 1, 8)[:, None] * (ear - hinge)
        frames.append(tube(temple, 0.9 * thickness, closed=False))
    x = np.linspace(-0.95, 0.95, 8)
    bridge = np.stack([x, 3.9 + 0.35 * np.cos(1.5 * x), np.full(8, 11.9)], axis=1)
    frames.append(tube(bridge, 0.8 * thickness, closed=False))
    is_dark = draw.random() < 0.6
    colour = (0.015,) * 3 if is_dark else tuple((draw.random(3) * 0.4).tolist())
    return Glasses(
        frame=_fitted(joined(frames), mesh, head),
        lenses=_fitted(joined(lenses), mesh, head),
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
    )


def _front(x: float) -> float:
    return LENS_Z - BEND * x**2


def _rim(
    side: int, half_width: float, half_height: float, squareness: float
) -> NDArray[np.float64]:
    """A superellipse on the bent front: (36, 3)."""
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    across = np.sign(cosine) * np.abs(cosine) ** (2 / squareness) * half_width
    up = np.sign(sine) * np.abs(sine) ** (2 / squareness) * half_height
    x = side * LENS_X + across
    return np.stack([x, LENS_Y + up, LENS_Z - BEND * x**2 + 0.06 * up], axis=1)


def _fitted(solid: Solid, mesh: HeadMesh, head: Field) -> Solid:
    """Follow the eyes, the width of the temples, and stay in front of the nose."""
    landmarks = mesh.facekit.landmarks68
    shift = (head - mesh.neutral)[landmarks[NOSE_AND_EYES]].mean(axis=0)
    own, mean = (np.abs(h[landmarks[TEMPLES], 0]).mean() for h in (head, mesh.neutral))
    points = solid.points * np.array([own / mean, 1, 1]) + shift
    bridge = head[landmarks[28], 2]
    points[:, 2] += max(0.0, float(bridge + 0.25 - (11.9 + shift[2])))
    return Solid(points=points.astype(np.float32), normals=solid.normals, triangles=solid.triangles)
