"""The shape of a person's head, drawn from one seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.heads.head_mesh import HeadMesh
from training.heads.seeds import generator

LIMIT = 2.2
"""Standard deviations; beyond this FaceKit's modes make caricatures."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identity:
    """One person's resting head."""

    seed: int
    weights: NDArray[np.float32]
    """(K,) of FaceKit's identity modes, in standard deviations."""
    vertices: NDArray[np.float32]
    """(V, 3), torso included."""


def sample_identity(mesh: HeadMesh, seed: int, spread: float = 1.0) -> Identity:
    """Draw a head; `spread` 0 is the mean head, 1 is as varied as FaceKit's people."""
    count = len(mesh.facekit.identity_modes)
    draws = generator(seed, "identity").normal(0, 1, count)
    weights = np.clip(draws * spread, -LIMIT, LIMIT).astype(np.float32)
    head = mesh.facekit.identity(weights)
    return Identity(seed=seed, weights=weights, vertices=mesh.with_torso(head))
