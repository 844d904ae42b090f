"""Which way the face mesh faces: its points, and its triangles as a GPU takes them."""

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.geometry import Array


class FacingTriangles:
    """The triangles of one portrait; what doesn't depend on the frame is made once."""

    def __init__(self, source: Array) -> None:
        """`source` is (478, 3): the portrait's landmarks in px."""
        self._triangles = load_basis().triangles
        self._source = source[:, :2]

    def of(
        self, target: Array, corner: tuple[int, int], source: Array | None = None
    ) -> tuple[Array, NDArray[np.float32]]:
        """Those of the landmarks `target` (478, 3), in pixels of a box at `corner`.

        `source` (468 or more, 2) is where their colours lie, if not where they were prepared.

        Returns their corners (T, 3, 2) and their maps from the box to the portrait (T, 6).
        """
        corners = target[self._triangles, :2] - corner
        affine, area = self._affines(corners, self._source if source is None else source)
        visible = np.flatnonzero(area * np.sign(np.median(area)) > 1e-3)
        depth = target[self._triangles[visible], 2].sum(axis=1)
        far_to_near = visible[np.argsort(-depth)]
        return corners[far_to_near], affine[far_to_near]

    def _affines(self, corners: Array, source: Array) -> tuple[NDArray[np.float32], Array]:
        """Corners (T, 3, 2) -> box px to source px, (T, 6), and twice the signed areas (T,)."""
        own = source[self._triangles]  # (T, 3, 2)
        source_corner, source_edges = own[:, 0], own[:, 1:] - own[:, :1]  # (T, 2), (T, 2 edges, 2)
        edges = corners[:, 1:] - corners[:, :1]
        area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
        inverse = 1.0 / np.where(np.abs(area) > 1e-9, area, np.inf)
        first, second = source_edges[:, 0], source_edges[:, 1]  # (T, 2) each
        by_column = (first * edges[:, 1, 1:] - second * edges[:, 0, 1:]) * inverse[:, None]
        by_row = (second * edges[:, 0, :1] - first * edges[:, 1, :1]) * inverse[:, None]
        offset = source_corner - by_column * corners[:, 0, :1] - by_row * corners[:, 0, 1:]
        affine = np.empty((len(corners), 6), np.float32)
        affine[:, 0::3], affine[:, 1::3], affine[:, 2::3] = by_column, by_row, offset
        return affine, area


def facing(points: Array) -> Array:
    """(468,) cosine between the normal at each of (468, 3) px and the view, -1 from behind."""
    return np.asarray(-normals(points)[:, 2])


def normals(points: Array) -> Array:
    """(468, 3), of length 1, out of the face, in picture axes: z is away from the viewer."""
    triangles = load_basis().triangles
    first, second, third = np.moveaxis(points[triangles], 1, 0)
    across = np.cross(second - first, third - first)
    found = np.zeros((MESH_POINTS, 3))
    for corner in range(3):
        np.add.at(found, triangles[:, corner], across)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return np.asarray(found * -np.sign(np.median(across[:, 2])))
