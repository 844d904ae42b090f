"""The slow twin of `mesh_flow.py`, written to be read: every pixel asks every triangle."""

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array


def mesh_flow_reference(
    source: Array, target: Array, box: tuple[int, int, int, int]
) -> tuple[Array, Array]:
    """The backward flow inside `box` (left, top, right, bottom) and which pixels the mesh covers.

    Args:
        source: (478, 3) the portrait's landmarks in px.
        target: (478, 3) where they go; larger z is farther from the camera.
        box: the pixels asked for.

    Returns:
        (h, w, 2) source x and y in px, NaN where no triangle lies, and (h, w) the depth there.
    """
    left, top, right, bottom = box
    flow = np.full((bottom - top, right - left, 2), np.nan)
    nearest = np.full((bottom - top, right - left), np.inf)
    triangles = load_basis().triangles
    facing = np.sign(np.median([_signed_area(target[t, :2]) for t in triangles]))
    grid = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    pixels = np.stack(grid, axis=-1).astype(np.float64)
    for triangle in triangles:
        corners = target[triangle]
        if _signed_area(corners[:, :2]) * facing <= 1e-3:
            continue  # seen from behind
        weights = _barycentric(pixels, corners[:, :2])
        depth = weights @ corners[:, 2]
        wins = (weights >= 0).all(axis=-1) & (depth <= nearest)
        flow[wins] = (weights @ source[triangle, :2])[wins]
        nearest[wins] = depth[wins]
    return flow, nearest


def _signed_area(corners: Array) -> float:
    (x1, y1), (x2, y2) = corners[1] - corners[0], corners[2] - corners[0]
    return float(x1 * y2 - y1 * x2)


def _barycentric(points: Array, corners: Array) -> Array:
    """(..., 2) -> (..., 3) weights of the corners that give the point; all >= 0 inside."""
    square = np.vstack([corners.T, np.ones(3)])
    ones = np.ones((*points.shape[:-1], 1))
    weights: Array = np.concatenate([points, ones], axis=-1) @ np.linalg.inv(square).T
    return weights
