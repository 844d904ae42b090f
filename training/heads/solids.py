"""Simple closed shapes for things that are not a head: tubes, discs, balls, capsules."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TUBE_SIDES = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid:
    """Triangles with smooth normals."""

    points: NDArray[np.float32]
    """(M, 3)"""
    normals: NDArray[np.float32]
    """(M, 3)"""
    triangles: NDArray[np.uint32]
    """(T, 3)"""


def joined(solids: Sequence[Solid]) -> Solid:
    """Several solids as one."""
    starts = np.cumsum([0, *(len(solid.points) for solid in solids[:-1])])
    return Solid(
        points=np.concatenate([solid.points for solid in solids]),
        normals=np.concatenate([solid.normals for solid in solids]),
        triangles=np.concatenate(
            [solid.triangles + np.uint32(s) for solid, s in zip(solids, starts, strict=True)]
        ),
    )


def tube(path: NDArray[np.float64], radius: float, *, closed: bool) -> Solid:
    """A round tube along a path (N, 3)."""
    if closed:
        along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    else:
        along = np.gradient(path, axis=0)
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    helper = np.where(np.abs(along[:, 2:]) > 0.8, [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]])
    side = np.cross(along, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    other = np.cross(along, side)
    angle = np.arange(TUBE_SIDES) * 2 * np.pi / TUBE_SIDES
    normals = side[:, None] * np.cos(angle)[None, :, None]
    normals = normals + other[:, None] * np.sin(angle)[None, :, None]
    points = path[:, None] + radius * normals
    return sheet(points, normals, wraps=closed)


def disc(rim: NDArray[np.float64], bulge: float) -> Solid:
    """A slightly domed disc inside a rim (N, 3) that faces +z."""
    middle = rim.mean(axis=0) + np.array([0, 0, bulge])
    normals = np.tile([[0.0, 0.0, 1.0]], (len(rim) + 1, 1))
    normals[1:] += (rim - middle) * 0.08
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    k = np.arange(len(rim))
    triangles = np.stack([np.zeros_like(k), 1 + k, 1 + (k + 1) % len(rim)], axis=1)
    return Solid(
        points=np.concatenate([middle[None], rim]).astype(np.float32),
        normals=normals.astype(np.float32),
        triangles=triangles.astype(np.uint32),
    )


def ball(centre: NDArray[np.float64], radii: tuple[float, float, float], rows: int = 14) -> Solid:
    """An ellipsoid."""
    polar = np.linspace(0.02, np.pi - 0.02, rows)
    around = np.linspace(0, 2 * np.pi, 2 * rows, endpoint=False)
    p, a = np.meshgrid(polar, around, indexing="ij")
    unit = np.stack([np.sin(p) * np.cos(a), np.cos(p), np.sin(p) * np.sin(a)], axis=2)
    normals = unit / np.array(radii)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return sheet(centre + unit * np.array(radii), normals)


def sheet(
    points: NDArray[np.floating], normals: NDArray[np.floating], *, wraps: bool = False
) -> Solid:
    """A grid (N, M) of points, closed along its second axis and, if it wraps, its first."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    if wraps:
        index = np.concatenate([index, index[:1]])
    right = np.roll(index, -1, axis=1)
    a, b, c, d = index[:-1].ravel(), right[:-1].ravel(), index[1:].ravel(), right[1:].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    return Solid(
        points=points.reshape(-1, 3).astype(np.float32),
        normals=normals.reshape(-1, 3).astype(np.float32),
        triangles=triangles.astype(np.uint32),
    )
