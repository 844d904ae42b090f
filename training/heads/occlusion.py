"""How much of the sky each vertex sees: constant creases, the mouth's depth, the lids' shade."""

import numpy as np
from numpy.typing import NDArray

from training.heads.facekit import Part
from training.heads.head_mesh import HeadMesh, smoothstep

LIP_MIDDLES = (62, 66)
"""Middle of the upper and of the lower inner lip among the 68 landmarks."""
UPPER_LIDS = ((43, 44), (37, 38))
"""Landmarks of the left and of the right upper lid."""
DIRECTIONS = 120

Field = NDArray[np.float32]


def directions() -> NDArray[np.float64]:
    """Directions (DIRECTIONS, 3) evenly over the sphere, on a Fibonacci spiral."""
    z = 1 - 2 * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    turn = np.arange(DIRECTIONS) * np.pi * (3 - np.sqrt(5))
    level = np.sqrt(1 - z**2)
    return np.stack([level * np.cos(turn), z, level * np.sin(turn)], axis=1)


def finish(mesh: HeadMesh, seen: Field) -> Field:
    """Smooth the measured shares (V,) over neighbours; set what no sky lights."""
    neighbours = mesh.normal_sum @ mesh.normal_sum.T
    total = np.asarray(neighbours.sum(axis=1)).ravel()
    seen = np.where(np.isin(mesh.parts, (Part.FACE, Part.HEAD, Part.TORSO)), seen, 1)
    smooth = np.where(total > 0, (neighbours @ seen) / np.maximum(total, 1), seen)
    smooth = np.clip(smooth * 1.12, 0, 1)
    smooth = np.where(mesh.parts == Part.TORSO, np.clip(smooth, 0.5, 1), smooth)
    smooth[mesh.parts == Part.EYE_SOCKET] = 0.3
    return smooth.astype(np.float32)


def of_expression(mesh: HeadMesh, base: Field, head: Field) -> Field:
    """Occlusion (V,) of a deformed head: `base` with the mouth and the eyes as they are now."""
    result = base.copy()
    landmarks = mesh.facekit.landmarks68
    upper, lower = head[landmarks[LIP_MIDDLES[0]]], head[landmarks[LIP_MIDDLES[1]]]
    gap = max(0.0, float(upper[1] - lower[1]))
    inside = np.isin(mesh.parts, (Part.MOUTH_SOCKET, Part.GUMS, Part.TEETH))
    behind = (upper[2] + lower[2]) / 2 - head[inside, 2]
    depth = np.exp(-np.maximum(behind - 0.35, 0) / (0.7 + 0.9 * gap) * 0.9)
    result[inside] = np.clip(depth, 0, 1) * (0.05 + 0.75 * smoothstep(0.06, 0.55, gap))
    for eye, lid in zip(mesh.eyes, UPPER_LIDS, strict=True):
        lid_height = head[landmarks[list(lid)], 1].mean()
        result[eye] = 0.32 + 0.68 * smoothstep(-0.05, 0.75, lid_height - head[eye, 1])
    return result


def mouth_gap(mesh: HeadMesh, head: Field) -> float:
    """How far the lips are apart, in units."""
    landmarks = mesh.facekit.landmarks68
    return float(head[landmarks[LIP_MIDDLES[0]], 1] - head[landmarks[LIP_MIDDLES[1]], 1])
