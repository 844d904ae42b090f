"""What a frame lends to others of its film: skin without eyeballs, eyes, its look when small.

Everything is made when it is first asked for, and kept while the lender serves.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.editing import Box, Cut
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.paint.eyes import EyePainter, eye_painters
from engine.rig.paint.lids import without_eyeballs
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower

_STEP = 2
"""Pixels between the points at which a flow is worked out."""

_STRETCHED = (0.25, 0.5)
"""Pixels of the lender to one of the frame: skin stretched more than by the first is not shown."""

Covered: TypeAlias = NDArray[np.bool_]
"""(h, w), where a face's mesh lies."""


@dataclass(frozen=True, eq=False)
class Lent:
    """One frame's face; points are in pixels of its cut."""

    cut: Cut
    landmarks: Array
    """(478, 3)"""

    @cached_property
    def lidded(self) -> Pixels:
        """Without eyeballs: lids' skin goes on over them."""
        return without_eyeballs(self.cut.pixels, self.landmarks[:, :2])

    @cached_property
    def eyes(self) -> tuple[EyePainter, ...]:
        """Both eyes, to be painted into another frame."""
        return eye_painters(self.cut.pixels, self.landmarks[:, :2])

    @cached_property
    def face(self) -> Face:
        """As a face of the cut."""
        return Face(landmarks=self.landmarks.astype(np.float32), confidence=1.0)

    @cached_property
    def _mesh(self) -> MeshFlower:
        return MeshFlower(self.landmarks)

    def placed(
        self, picture: Pixels, target: Array, box: Box
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """`picture` of the cut's size with its landmarks at `target`, in a box.

        And (h, w) 0..1 how well it is seen: skin that is turned away in the lender is stretched, or
        hidden behind the cheek, and what lies beside the head would be shown in its place; of a
        face that the picture's edge cuts, nothing is known beyond it.

        Bicubic, because bilinear would take the skin's detail away. Its flow is worked out at every
        second pixel: between the corners of its triangles it is straight.
        """
        left, top, right, bottom = box
        columns, rows = (right - left + 1) // _STEP + 1, (bottom - top + 1) // _STEP + 1
        middle = (_STEP - 1) / 2.0
        grid = SampleGrid(
            left=left + middle, top=top + middle, step=_STEP, columns=columns, rows=rows
        )
        flow = self._mesh.flow(target, grid)
        seen = _seen(flow.x, flow.y) * (flow.covered & _inside(flow.x, flow.y, picture.shape))
        x, y, seen = (
            _enlarged(plane)[: bottom - top, : right - left] for plane in (flow.x, flow.y, seen)
        )
        moved = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8), seen

    def small(self, target: Array, box: Box, scale: float) -> tuple[NDArray[np.float32], Covered]:
        """The same at a scale, for comparing: (h, w, 3), and where it is, (h, w) bool."""
        reduced, mesh = self._reduced(scale)
        left, top, right, bottom = box
        size = max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale))
        half = np.array([0.5, 0.5, 0.0])
        placed = (target - (left, top, 0.0) + half) * scale - half
        flow = mesh.flow(placed, SampleGrid.of_pixels((0, 0, *size)))
        moved = cv2.remap(reduced, flow.x, flow.y, cv2.INTER_LINEAR)
        there = flow.covered & _inside(flow.x, flow.y, reduced.shape)
        return np.asarray(moved, np.float32), there

    def _reduced(self, scale: float) -> tuple[NDArray[np.float32], MeshFlower]:
        """The cut at a scale, and its mesh there; made once for much the same scale.

        At that scale rounded, whoever asks first: a frame must not depend on those made before it,
        which are others where a broken-off run goes on.
        """
        scale = round(scale, 2)
        known = self._small.get(scale)
        if known is None:
            rows, columns = self.cut.pixels.shape[:2]
            size = max(2, round(columns * scale)), max(2, round(rows * scale))
            reduced = cv2.resize(self.cut.pixels, size, interpolation=cv2.INTER_AREA)
            own = size[0] / columns, size[1] / rows, scale
            half = np.array([0.5, 0.5, 0.0])
            landmarks = (self.landmarks + half) * own - half
            known = np.asarray(reduced, np.float32), MeshFlower(landmarks)
            self._small[scale] = known
        return known

    @cached_property
    def _small(self) -> dict[float, tuple[NDArray[np.float32], MeshFlower]]:
        return {}


def _seen(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) 0..1: by the area that a pixel is made of; of skin turned away it is negative."""
    (x_down, x_across), (y_down, y_across) = (np.gradient(plane) for plane in (x, y))
    area = np.asarray((x_across * y_down - x_down * y_across) / _STEP**2, np.float64)
    return np.asarray(smoothstep(*_STRETCHED, area), np.float32)


def _inside(
    x: NDArray[np.float32], y: NDArray[np.float32], size: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(h, w) where a flow leads into a picture of this size, (height, width, ...)."""
    height, width = size[:2]
    return np.asarray((x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5))


def _enlarged(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = plane.shape
    return np.asarray(cv2.resize(plane, (columns * _STEP, rows * _STEP)), np.float32)
