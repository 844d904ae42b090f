"""The rig's dense backward flow: the face mesh where it lies, the head's field around it.

It is worked out at every second pixel and enlarged: between the corners of its triangles it is
straight.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.landmarks import OVAL
from engine.rig.warp.facing import FacingTriangles
from engine.rig.warp.grid import Box, Map, SampleGrid
from engine.rig.warp.head_field import HeadField, Map2
from engine.rig.warp.mesh_flow import MeshFlower
from engine.rig.warp.own_head import OwnHead
from engine.rig.warp.skull import SKULL, Skull
from engine.rig.warp.target import HeadMotion, PortraitFace
from engine.rig.warp.unseen import Unseen

STEP = 2
"""Pixels between the points at which the flow is worked out."""

_STILL_PX = 0.02
"""A node of the head's field that moves less than this doesn't move."""

_SEAM = 0.045
"""Width of the seam between face mesh and head field, in face heights."""

_SUBPIXEL_BITS = 4


class PortraitFlow:
    """The flow of one portrait; what doesn't depend on the frame is made once."""

    def __init__(
        self,
        face: PortraitFace,
        size: tuple[int, int],
        *,
        half_width: float | None,
        matte: NDArray[np.float32] | None = None,
        unseen: Unseen | None = None,
        skull: Skull = SKULL,
        own: OwnHead | None = None,
        step: int = STEP,
    ) -> None:
        """Prepare a portrait.

        Args:
            face: the portrait's face.
            size: height, width of the picture.
            half_width: of the head with its hair, in face heights, where it is known.
            matte: (H, W), 1 where the person is, of one who was cut out.
            unseen: what of the mesh the portrait hardly shows; None takes all as it is.
            skull: how hair and ears lie on heads in general.
            own: how they do on this one, where it is known; `face` is deepened by it.
            step: pixels between the points at which the flow is worked out.
        """
        self._size = size
        self._step = step
        self._mesh = MeshFlower(face.landmarks)
        self._unseen = unseen
        self.triangles = FacingTriangles(face.landmarks)
        self.head = HeadField(face, size, half_width=half_width, matte=matte, skull=skull, own=own)
        self.seam_px = max(3, int(self.head.face_height * _SEAM) | 1)

    def backward(
        self,
        head: HeadMotion,
        target: Array,
        asked: Array | None = None,
        next_to: HeadMotion | None = None,
    ) -> tuple[Box, Map, Map]:
        """Where each pixel of a box comes from: the box, source x and source y in px.

        Outside the box nothing moves. `target` is (478, 3) where the mesh goes; what lies beside it
        follows the outline of `asked`, see `target_landmarks`, by default the same. For `next_to`
        see `HeadField.backward`.
        """
        field = self.head.backward(head, target if asked is None else asked, next_to)
        box = self._moving_box(field, target)
        sample_grid, x, y = self.head.grid.refined(field, box, self._step)
        self._lay_mesh(x, y, target, self.source(target, head), sample_grid)
        return box, _enlarged(x, sample_grid, box), _enlarged(y, sample_grid, box)

    def source(self, target: Array, head: HeadMotion) -> Array | None:
        """(468, 2) px: where the mesh at `target` has its colours; None: at the landmarks."""
        return None if self._unseen is None else self._unseen.source(target, head)

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

    def _lay_mesh(
        self, x: Map, y: Map, target: Array, source: Array | None, sample_grid: SampleGrid
    ) -> None:
        """Put the face mesh's flow into the map, with a soft seam along its outline."""
        part = sample_grid.part(self.mesh_box(target))
        own = sample_grid.cut(part)
        if own.rows < 1 or own.columns < 1:
            return
        mesh = self._mesh.flow(target, own, source)
        share = self._seam(mesh.covered, own.places(target[list(OVAL), :2]))
        for whole, found in ((x, mesh.x), (y, mesh.y)):
            region = whole[part]
            region += (found - region) * share

    def _seam(self, covered: NDArray[np.bool_], outline: Array) -> Map:
        """(rows, columns): 1 well inside the mesh, 0 outside it."""
        hull = covered.astype(np.uint8) * np.uint8(255)
        corners = np.round(outline * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(hull, [corners], 255, cv2.LINE_8, _SUBPIXEL_BITS)
        k = max(3, self.seam_px // (2 * self._step) * 2 + 1)
        inner = cv2.erode(hull, np.ones((k, k), np.uint8), borderType=cv2.BORDER_REPLICATE)
        core: Map = np.asarray(cv2.blur(inner, (k, k)), np.float32)
        core *= covered
        core *= np.float32(1.0 / 255.0)
        return core


def _enlarged(plane: Map, sample_grid: SampleGrid, box: Box) -> Map:
    """Values at a sample grid's points -> at the pixels of a box within it."""
    rows, columns = part = sample_grid.part(box)
    large = cv2.resize(plane[part], None, fx=sample_grid.step, fy=sample_grid.step)
    own = sample_grid.cut((rows, columns))
    left, top = (
        box[axis] - round(first - (sample_grid.step - 1) / 2)
        for axis, first in enumerate((own.left, own.top))
    )
    return np.asarray(large[top : top + box[3] - box[1], left : left + box[2] - box[0]])


def _moving_nodes(field: Map2) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """First and last (row, column) of the nodes that move, with a still one around them."""
    still = (_STILL_PX, _STILL_PX)
    moves = np.asarray(cv2.inRange(field, (-_STILL_PX, -_STILL_PX), still)) == 0
    rows, columns = np.flatnonzero(moves.any(axis=1)), np.flatnonzero(moves.any(axis=0))
    if not len(rows):
        return None
    first = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
    last = (
        min(int(rows[-1]) + 1, field.shape[0] - 1),
        min(int(columns[-1]) + 1, field.shape[1] - 1),
    )
    return first, last
