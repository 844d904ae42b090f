"""The far contour of a turned face: its skin ends there, before whatever lies behind it.

The flow passes over a seam from the face's triangles to the head around it. On the near side both
show the same place; where a head turns away they do not, and the seam would run through ear, hair
and wall within a few pixels: a second contour. So there the triangles are painted to their edge.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.paint.blend import Layer
from engine.rig.warp.grid import Box, SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower, draws_triangles
from engine.rig.warp.target import HeadMotion, PortraitFace

_TURNS, _TURNED = 0.15, 0.35
"""Sine of the turn from which on the contour is painted, and all of it."""

_WIDTH = 0.16
"""Of what is painted, in face heights; over half of it it comes in."""

_TOP, _BOTTOM = (21, 251), (148, 377)
"""Landmarks on the subject's right and left between which it lies: temple and chin."""

_MIDDLE_CM = 2.8
"""What is drawn: the half, and so much of the other in the canonical frame, for nose and lips may
hide the contour."""

_ENDS = 0.1
"""Over which it fades there, in face heights."""

_SOFT = 3, 3
"""Pixels over which its edge is softened: triangles are drawn with stairs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FarRim:
    """Of one portrait."""

    portrait: Pixels
    flowers: tuple[MeshFlower, MeshFlower]
    """Of its subject's right and left half, each with nose and lips."""
    height: float
    """Of the face, px."""

    def find_layer(self, size: tuple[int, int], target: Array, head: HeadMotion) -> Layer | None:
        """The contour at landmarks `target` (478, 3) px in a picture of (H, W), if it is turned."""
        shake = float(head.linear[0, 2] / np.cbrt(np.linalg.det(head.linear)))
        share = float(smoothstep(_TURNS, _TURNED, np.array(abs(shake))))
        if share <= 0.0:
            return None
        to_right = shake < 0.0  # what is near, at negative depth, goes to the right
        box = self._box(target, size, to_right=to_right)
        if box[2] - box[0] < _SOFT[0] or box[3] - box[1] < _SOFT[1]:
            return None
        flow = self.flowers[int(to_right)].flow(target, SampleGrid.of_pixels(box))
        covered = flow.covered.astype(np.float32)
        softly = cv2.blur(covered, _SOFT)
        known = np.maximum(softly, np.float32(1e-3))
        x, y = (cv2.divide(cv2.blur(plane * covered, _SOFT), known) for plane in (flow.x, flow.y))
        found = cv2.remap(self.portrait, x, y, cv2.INTER_LINEAR)
        mask = softly * self._fading(*covered.shape, to_right=to_right) * np.float32(share)
        return Layer(box=box, colours=np.asarray(found, np.uint8), mask=mask[..., None])

    def _fading(self, rows: int, columns: int, *, to_right: bool) -> NDArray[np.float32]:
        """(rows, columns): 0 farthest from the contour, and at the upper and the lower end."""
        across = np.linspace(0.0, 2.0, columns, dtype=np.float32)
        down = np.arange(rows, dtype=np.float32) / np.float32(_ENDS * self.height)
        ramp = np.minimum(np.minimum(down, down[::-1]), 1.0)
        fading = np.minimum(across if to_right else across[::-1], 1.0) * ramp[:, None]
        return np.asarray(fading, np.float32)

    def _box(self, target: Array, size: tuple[int, int], *, to_right: bool) -> Box:
        top, bottom = (int(target[pair[int(to_right)], 1]) for pair in (_TOP, _BOTTOM))
        rows = (target[:468, 1] >= top) & (target[:468, 1] <= bottom)
        own = target[:468, 0][rows]
        if not len(own):
            return 0, 0, 0, 0
        width = _WIDTH * self.height
        edge = own.max() if to_right else own.min()
        left, right = (edge - width, edge + 2.0) if to_right else (edge - 2.0, edge + width)
        return max(int(left), 0), max(top, 0), min(int(right) + 1, size[1]), min(bottom, size[0])


def far_rims(portrait: Pixels, face: PortraitFace) -> tuple[FarRim, ...]:
    """Of a portrait (H, W, 3): one for both sides; none if this OpenCV cannot draw triangles."""
    if not draws_triangles():
        return ()
    triangles = load_basis().triangles
    across = load_basis().canonical[triangles, 0].mean(axis=1)
    left, right = (
        MeshFlower(face.landmarks, np.ascontiguousarray(triangles[side * across > -_MIDDLE_CM]))
        for side in (-1, 1)
    )
    return (FarRim(portrait=portrait, flowers=(left, right), height=face.height),)
