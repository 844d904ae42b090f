"""The face's own flow: triangles painted far to near, an affine map in each.

A backward flow: for every output pixel, where in the portrait its colour lies. `mesh_flow_twin.py`
computes the same, slowly, for reading and for the tests.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.geometry import Array

Map = NDArray[np.float32]
"""(h, w) source coordinates in px."""

_SUBPIXEL_BITS = 4
"""Triangle corners are painted at sixteenths of a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeshFlow:
    """The flow inside a box of the output, and where the mesh covers it."""

    left: int
    top: int
    x: Map
    y: Map
    covered: NDArray[np.bool_]
    """(h, w): False where no triangle lies (outside the face, inside mouth and eyes)."""


class MeshFlower:
    """The flow of one portrait's face mesh; what doesn't depend on the frame is made once."""

    def __init__(self, source: Array) -> None:
        """`source` is (478, 3): the portrait's landmarks in px."""
        self._triangles = load_basis().triangles
        corners = source[self._triangles, :2]  # (T, 3, 2)
        self._source_corner = corners[:, 0]
        self._source_edges = corners[:, 1:] - corners[:, :1]  # (T, 2 edges, 2)

    def flow(self, target: Array, box: tuple[int, int, int, int]) -> MeshFlow:
        """Flow inside `box` (left, top, right, bottom) for landmarks `target` (478, 3)."""
        left, top, right, bottom = box
        corners, affine = self.facing(target, (left, top))
        nothing = len(affine)
        ids = np.full((bottom - top, right - left), nothing, np.int32)
        scaled = np.round(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for index, triangle in enumerate(scaled):
            cv2.fillConvexPoly(ids, triangle, index, cv2.LINE_8, _SUBPIXEL_BITS)

        covered = ids < nothing
        affine = np.vstack([affine, np.zeros((1, 6), np.float32)])
        columns = np.arange(right - left, dtype=np.float32)
        rows = np.arange(bottom - top, dtype=np.float32)[:, None]
        a = affine.T  # (6, T + 1): one table a coefficient, so that each look-up is contiguous
        c = [row.take(ids, mode="clip") for row in a]  # ids are in range; clip skips the check
        x = c[0] * columns + c[1] * rows + c[2]
        y = c[3] * columns + c[4] * rows + c[5]
        return MeshFlow(left=left, top=top, x=x, y=y, covered=covered)

    def facing(self, target: Array, corner: tuple[int, int]) -> tuple[Array, NDArray[np.float32]]:
        """The triangles that face the viewer, far to near, in pixels of a box at `corner`.

        Returns their corners (T, 3, 2) and their maps from the box to the portrait (T, 6).
        """
        corners = target[self._triangles, :2] - corner
        affine, area = self._affines(corners)
        visible = np.flatnonzero(area * np.sign(np.median(area)) > 1e-3)
        depth = target[self._triangles[visible], 2].sum(axis=1)
        far_to_near = visible[np.argsort(-depth)]
        return corners[far_to_near], affine[far_to_near]

    def _affines(self, corners: Array) -> tuple[NDArray[np.float32], Array]:
        """Corners (T, 3, 2) -> box px to source px, (T, 6), and twice the signed areas (T,)."""
        edges = corners[:, 1:] - corners[:, :1]
        area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
        inverse = 1.0 / np.where(np.abs(area) > 1e-9, area, np.inf)
        first, second = self._source_edges[:, 0], self._source_edges[:, 1]  # (T, 2) each
        by_column = (first * edges[:, 1, 1:] - second * edges[:, 0, 1:]) * inverse[:, None]
        by_row = (second * edges[:, 0, :1] - first * edges[:, 1, :1]) * inverse[:, None]
        offset = self._source_corner - by_column * corners[:, 0, :1] - by_row * corners[:, 0, 1:]
        affine = np.empty((len(corners), 6), np.float32)
        affine[:, 0::3], affine[:, 1::3], affine[:, 2::3] = by_column, by_row, offset
        return affine, area
