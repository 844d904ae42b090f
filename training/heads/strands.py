"""Hairs as camera-facing ribbons: polylines in, vertices for the GPU out.

Hairs on the face (brows, lashes, beard) hang on the mesh by barycentric weights, so they follow the
expression; hair on the head is rigid and is only turned with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrandLooks:
    """What stays the same in every frame, for S strands of K points."""

    width: NDArray[np.float32]
    """(S, K): half width in units."""
    tint: NDArray[np.float32]
    """(S,): 0..1, picks the strand's shade of the hair's colour."""
    depth: NDArray[np.float32]
    """(S, K): 0 at the skin and under other hair, 1 on the outside; darkens what lies deep."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RootedStrands:
    """Strands that hang on the head's vertices."""

    corners: NDArray[np.int32]
    """(S, K, 3): the vertices under each point."""
    weights: NDArray[np.float32]
    """(S, K, 3): their shares."""
    offsets: NDArray[np.float32]
    """(S, K, 3): from the surface to the point, in units."""
    looks: StrandLooks

    def on(self, head: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points (S, K, 3) on a deformed head (V, 3)."""
        return np.asarray(
            np.einsum("skc,skcx->skx", self.weights, head[self.corners]) + self.offsets, np.float32
        )


def tangents(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit directions (S, K, 3) along strands (S, K, 3)."""
    along = np.empty_like(points)
    along[:, 1:-1] = points[:, 2:] - points[:, :-2]
    along[:, 0], along[:, -1] = points[:, 1] - points[:, 0], points[:, -1] - points[:, -2]
    length = np.sqrt(np.einsum("skx,skx->sk", along, along))[..., None]
    return np.asarray(along / (length + 1e-6), np.float32)


def moving_vertices(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Position and direction (S * K * 2, 6) of the ribbons' two edges."""
    row = np.concatenate([points, tangents(points)], axis=2)
    return np.ascontiguousarray(np.repeat(row.reshape(-1, 6), 2, axis=0))


def fixed_vertices(looks: StrandLooks) -> NDArray[np.float32]:
    """Side times width, way along, tint, depth (S * K * 2, 4) of the ribbons' two edges."""
    strands, points = looks.width.shape
    along = np.broadcast_to(np.linspace(0, 1, points, dtype=np.float32), (strands, points))
    tint = np.broadcast_to(looks.tint[:, None], (strands, points))
    edges = [
        np.stack([side * looks.width, along, tint, looks.depth], axis=2) for side in (-1.0, 1.0)
    ]
    return np.ascontiguousarray(np.stack(edges, axis=2).reshape(-1, 4), np.float32)


def triangles(strands: int, points: int) -> NDArray[np.uint32]:
    """Two triangles (T, 3) per span of each ribbon."""
    first = np.arange(strands)[:, None] * points + np.arange(points - 1)[None]
    a = 2 * first.reshape(-1)
    quads = np.stack([a, a + 1, a + 2, a + 2, a + 1, a + 3], axis=1)
    return np.ascontiguousarray(quads.reshape(-1, 3), np.uint32)


def tapered(strands: int, points: int, width: float, tip: float = 0.15) -> NDArray[np.float32]:
    """Half widths (S, K): full for most of the way, thin at the tip."""
    t = np.linspace(0, 1, points)
    profile = width * np.minimum(1, tip + (1 - tip) * (1 - t) * 5)
    return np.broadcast_to(profile, (strands, points)).astype(np.float32)
