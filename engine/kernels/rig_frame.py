"""One frame of the rig as its kernels take it: numbers, few enough to be found on the CPU."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """Something painted over the picture: an eye or the mouth."""

    left: int
    top: int
    pixels: NDArray[np.uint8]
    """(h, w, 4): RGB, and how much of it is seen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RigFrame:
    """Where everything goes in this frame; a few tens of kilobytes."""

    corners: NDArray[np.float32]
    """(T, 3, 2) of the triangles that face the viewer, far to near, in pixels of the mesh's box."""
    affine: NDArray[np.float32]
    """(T, 6): from pixels of the mesh's box to the portrait's."""
    outline: NDArray[np.float32]
    """(P, 2) of the face, in pixels of the mesh's box."""
    box: tuple[int, int, int, int]
    """Of the mesh: left, top, right, bottom."""
    seam_reach: int
    """The seam's windows are 2 reach + 1 pixels wide."""
    field: NDArray[np.float32]
    """(rows, columns, 2): how far the head's field moves each node, px."""
    field_corner: tuple[int, int]
    """Left and top node."""
    spacing: int
    """Pixels between nodes."""
    uncovers: bool
    """Whether the head moves, so that what is behind it is seen."""
    patches: tuple[Patch, ...]

    def numbers(self) -> NDArray[np.int32]:
        """(10,), in the order of rig_warp.cu."""
        left, top, right, bottom = self.box
        rows, columns = self.field.shape[:2]
        of_field = (*self.field_corner, self.spacing, rows, columns)
        of_box = (left, top, right - left, bottom - top)
        return np.array([*of_field, *of_box, len(self.patches)], np.int32)

    def packed_patches(self) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """All patches' bytes, and (P, 5) left, top, width, height and first byte of each."""
        rows, first = [], 0
        for patch in self.patches:
            height, width = patch.pixels.shape[:2]
            rows.append((patch.left, patch.top, width, height, first))
            first += patch.pixels.size
        table = np.array(rows, np.int32).reshape(-1, 5)
        parts = [patch.pixels.ravel() for patch in self.patches]
        return np.concatenate([*parts, np.zeros(4, np.uint8)]), table
