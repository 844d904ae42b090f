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
        self._mesh = MeshFlower(face.landmarks)
        self.head = HeadField(face, size, half_width=half_width)
        self._seam_px = max(3, int(self.head.face_height * _SEAM) | 1)

    def backward(self, head: HeadMotion, target: Array) -> tuple[Box, Map, Map]:
        """Where each pixel of a box comes from: the box, source x and source y in px.

        Outside the box nothing moves. `target` is (478, 3), see `target_landmarks`.
        """
        field = self.head.backward(head, target)
        box = self._moving_box(field, target)
        x, y = self._around(field, box)
        self._lay_mesh(x, y, target, box)
        return box, x, y

    def _moving_box(self, field: Map2, target: Array) -> Box:
        """Left, top, right, bottom of what this frame changes."""
        height, width = self._size
        points = self.head.grid.points
        low, high = target[:468, :2].min(axis=0) - 2.0, target[:468, :2].max(axis=0) + 3.0
        rows, columns = np.nonzero(np.abs(field).max(axis=-1) > _STILL_PX)
        if len(rows):
            last = np.array(points.shape[:2]) - 1
            first_node = points[max(rows.min() - 1, 0), max(columns.min() - 1, 0)]
            last_node = points[min(rows.max() + 1, last[0]), min(columns.max() + 1, last[1])]
            low, high = np.minimum(low, first_node), np.maximum(high, last_node + 1.0)
        left, top = np.clip(np.floor(low), 0, (width - 2, height - 2)).astype(int).tolist()
        limit = np.clip(np.ceil(high), (left + 2, top + 2), (width, height)).astype(int)
        return left, top, int(limit[0]), int(limit[1])

    def _around(self, field: Map2, box: Box) -> tuple[Map, Map]:
        """The head's field, enlarged from its grid to the pixels of the box."""
        left, top, right, bottom = box
        grid = self.head.grid
        scale = 1.0 / grid.spacing
        to_grid = np.array(
            [[scale, 0.0, (left - grid.left) * scale], [0.0, scale, (top - grid.top) * scale]]
        )
        enlarged: Map2 = np.asarray(
            cv2.warpAffine(
                field,
                to_grid,
                (right - left, bottom - top),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )
        columns: Map = np.arange(left, right, dtype=np.float32)
        rows: Map = np.arange(top, bottom, dtype=np.float32)[:, None]
        return enlarged[..., 0] + columns, enlarged[..., 1] + rows

    def _lay_mesh(self, x: Map, y: Map, target: Array, box: Box) -> None:
        """Put the face mesh's flow into the map, with a soft seam along its outline."""
        height, width = self._size
        low, high = target[:468, :2].min(axis=0), target[:468, :2].max(axis=0)
        left, top = (max(int(v), 0) for v in np.floor(low) - 1)
        right, bottom = min(int(high[0]) + 3, width), min(int(high[1]) + 3, height)
        if right <= left or bottom <= top:
            return
        mesh = self._mesh.flow(target, (left, top, right, bottom))
        share = self._seam(mesh.covered, target[list(OVAL), :2] - (left, top))
        part = slice(top - box[1], bottom - box[1]), slice(left - box[0], right - box[0])
        for whole, own in ((x, mesh.x), (y, mesh.y)):
            region = whole[part]
            region += (own - region) * share

    def _seam(self, covered: NDArray[np.bool_], outline: Array) -> Map:
        """(h, w): 1 well inside the mesh, 0 outside it and in its holes."""
        hull = covered.astype(np.uint8) * np.uint8(255)
        cv2.fillPoly(hull, [np.round(outline).astype(np.int32)], 255)
        k = self._seam_px
        inner = cv2.erode(hull, np.ones((k, k), np.uint8), borderType=cv2.BORDER_REPLICATE)
        core: Map = np.asarray(cv2.blur(inner, (k, k)), np.float32)
        core *= covered
        core *= np.float32(1.0 / 255.0)
        return core
