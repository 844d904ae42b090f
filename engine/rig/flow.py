"""The rig's dense backward flow: the face mesh where it lies, the head's field around it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.head_field import HeadField, Map2
from engine.rig.mesh_flow import Map, MeshFlower
from engine.rig.painting import Box
from engine.rig.target import HeadMotion, PortraitFace
from engine.rig.topology import OVAL

_STILL_PX = 0.02
"""A node of the head's field that moves less than this doesn't move."""

_SEAM = 0.045
"""Width of the seam between face mesh and head field, in face heights."""


class PortraitFlow:
    """The flow of one portrait; what doesn't depend on the frame is made once."""

    def __init__(
        self, face: PortraitFace, size: tuple[int, int], *, half_width: float | None
    ) -> None:
        """`size` is the picture's (H, W), `half_width` the head's with its hair in face heights."""
        self._size = size
        self.mesh = MeshFlower(face.landmarks)
        self.head = HeadField(face, size, half_width=half_width)
        self.seam_px = max(3, int(self.head.face_height * _SEAM) | 1)

    def backward(self, head: HeadMotion, target: Array) -> tuple[Box, Map, Map]:
        """Where each pixel of a box comes from: the box, source x and source y in px.

        Outside the box nothing moves. `target` is (478, 3), see `target_landmarks`.
        """
        field = self.head.backward(head, target)
        box = self._moving_box(field, target)
        x, y = identity(box)
        self._add_field(x, y, field, box)
        self._lay_mesh(x, y, target, box)
        return box, x, y

    def mesh_box(self, target: Array) -> Box:
        """Left, top, right, bottom of the face mesh in the picture; it may be empty."""
        height, width = self._size
        low, high = target[:468, :2].min(axis=0), target[:468, :2].max(axis=0)
        left, top = (max(int(v), 0) for v in np.floor(low) - 1)
        return left, top, min(int(high[0]) + 3, width), min(int(high[1]) + 3, height)

    def _moving_box(self, field: Map2, target: Array) -> Box:
        """Left, top, right, bottom of what this frame changes."""
        height, width = self._size
        low, high = target[:468, :2].min(axis=0) - 2.0, target[:468, :2].max(axis=0) + 3.0
        nodes = _moving_nodes(field)
        if nodes is not None:
            points = self.head.grid.points
            low, high = np.minimum(low, points[nodes[0]]), np.maximum(high, points[nodes[1]] + 1.0)
        left, top = np.clip(np.floor(low), 0, (width - 2, height - 2)).astype(int).tolist()
        limit = np.clip(np.ceil(high), (left + 2, top + 2), (width, height)).astype(int)
        return left, top, int(limit[0]), int(limit[1])

    def _add_field(self, x: Map, y: Map, field: Map2, box: Box) -> None:
        """Add the head's field, enlarged from its nodes to pixels, to the map."""
        nodes = _moving_nodes(field)
        if nodes is None:
            return
        first, last = nodes
        grid = self.head.grid
        large = grid.enlarged(field, first, last)
        left, top = grid.points[first].astype(int) - box[:2]  # the box holds all moving nodes
        height, width = (
            min(large.shape[0], x.shape[0] - top),
            min(large.shape[1], x.shape[1] - left),
        )
        part = slice(top, top + height), slice(left, left + width)
        x[part] += large[:height, :width, 0]
        y[part] += large[:height, :width, 1]

    def _lay_mesh(self, x: Map, y: Map, target: Array, box: Box) -> None:
        """Put the face mesh's flow into the map, with a soft seam along its outline."""
        left, top, right, bottom = mesh_box = self.mesh_box(target)
        if right <= left or bottom <= top:
            return
        mesh = self.mesh.flow(target, mesh_box)
        share = self._seam(mesh.covered, target[list(OVAL), :2] - (left, top))
        part = slice(top - box[1], bottom - box[1]), slice(left - box[0], right - box[0])
        for whole, own in ((x, mesh.x), (y, mesh.y)):
            region = whole[part]
            region += (own - region) * share

    def _seam(self, covered: NDArray[np.bool_], outline: Array) -> Map:
        """(h, w): 1 well inside the mesh, 0 outside it and in its holes."""
        hull = covered.astype(np.uint8) * np.uint8(255)
        cv2.fillPoly(hull, [np.round(outline).astype(np.int32)], 255)
        k = self.seam_px
        inner = cv2.erode(hull, np.ones((k, k), np.uint8), borderType=cv2.BORDER_REPLICATE)
        core: Map = np.asarray(cv2.blur(inner, (k, k)), np.float32)
        core *= covered
        core *= np.float32(1.0 / 255.0)
        return core


def identity(box: Box) -> tuple[Map, Map]:
    """Each pixel of the box comes from where it is."""
    left, top, right, bottom = box
    x, y = np.empty((2, bottom - top, right - left), np.float32)
    x[:] = np.arange(left, right, dtype=np.float32)
    y[:] = np.arange(top, bottom, dtype=np.float32)[:, None]
    return x, y


def _moving_nodes(field: Map2) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """First and last (row, column) of the nodes that move, with a still one around them."""
    rows, columns = np.nonzero(np.abs(field).max(axis=-1) > _STILL_PX)
    if not len(rows):
        return None
    first = max(int(rows.min()) - 1, 0), max(int(columns.min()) - 1, 0)
    last = (
        min(int(rows.max()) + 1, field.shape[0] - 1),
        min(int(columns.max()) + 1, field.shape[1] - 1),
    )
    return first, last
