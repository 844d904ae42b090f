"""Carries points off the skin (hair, hats) from the mean head over to a person's head."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.heads import regions
from training.heads.facekit import Part
from training.heads.head_mesh import HeadMesh

NEIGHBOURS = 5
NEAR = 0.5
"""Distance in units below which a neighbour counts no more for being nearer."""


def carried(
    mesh: HeadMesh, points: NDArray[np.float32], head: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Move points (M, 3) as the skin near them moved from the mean head to `head` (V, 3)."""
    skin = np.isin(mesh.parts, (Part.FACE, Part.HEAD, Part.TORSO)) & ~regions.ears(mesh.neutral)
    anchors = np.flatnonzero(skin)[::3]
    moved = (head - mesh.neutral)[anchors]
    distance, near = cKDTree(mesh.neutral[anchors]).query(points, NEIGHBOURS)
    share = 1 / (distance + NEAR) ** 2
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(points + np.einsum("nk,nkx->nx", share, moved[near]), np.float32)
