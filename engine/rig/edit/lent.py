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
from engine.geometry import Array
from engine.rig.paint.eyes import EyePainter, eye_painters
from engine.rig.paint.lids import without_eyeballs
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower

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

    def placed(self, picture: Pixels, target: Array, box: Box) -> tuple[Pixels, Covered]:
        """`picture` of the cut's size with its landmarks at `target`, in a box, and where it is.

        Bicubic, because bilinear would take the skin's detail away.
        """
        flow = self._mesh.flow(target, SampleGrid.of_pixels(box))
        moved = cv2.remap(picture, flow.x, flow.y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8), flow.covered

    def small(self, target: Array, box: Box, scale: float) -> tuple[NDArray[np.float32], Covered]:
        """The same at a scale, for comparing: (h, w, 3), and where it is, (h, w) bool."""
        reduced, landmarks = self._reduced(scale)
        left, top, right, bottom = box
        size = max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale))
        there = (target - (left - 0.5, top - 0.5, 0.0)) * scale - (0.5, 0.5, 0.0)
        flow = MeshFlower(landmarks).flow(there, SampleGrid.of_pixels((0, 0, *size)))
        moved = cv2.remap(reduced, flow.x, flow.y, cv2.INTER_LINEAR)
        return np.asarray(moved, np.float32), flow.covered

    def _reduced(self, scale: float) -> tuple[NDArray[np.float32], Array]:
        rows, columns = self.cut.pixels.shape[:2]
        size = max(2, round(columns * scale)), max(2, round(rows * scale))
        reduced = cv2.resize(self.cut.pixels, size, interpolation=cv2.INTER_AREA)
        half = np.array([0.5, 0.5, 0.0])
        landmarks = (self.landmarks + half) * scale - half
        return np.asarray(reduced, np.float32), landmarks
