"""Cheeks that come into view when a head turns: hardly shown by the portrait, so they are painted.

In the portrait such a cheek is a strip of a few pixels, and stretched it would be a smear. A frame
draws the triangles of the side that comes into view with skin that was filled in once.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.paint.blend import Layer
from engine.rig.paint.hidden_skin import hidden_skin
from engine.rig.paint.unwrapped import unwrapped
from engine.rig.warp.facing import normals
from engine.rig.warp.grid import Box, Map, SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower, draws_triangles
from engine.rig.warp.target import HeadMotion, PortraitFace

_COMES, _SHOWN = 0.1, 0.28
"""Growth of the cosine between hidden skin and view, between which its fill comes in."""

_STEP = 2
"""Pixels between the points at which the triangles are drawn; between them it is straight."""
_SURELY = 0.999
"""Of four points around a pixel all must be covered; at the fill's rim nothing of it is seen."""

_SOFT = 7
"""Side, in px, over which the edge of what is covered is averaged."""

_LEAST = 4
"""Opacity, of 255, below which a triangle is not worth drawing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheekPainter:
    """One side of a portrait's face."""

    skin: NDArray[np.uint8]
    """(H, W, 4), RGB and opacity: the face laid flat."""
    flower: MeshFlower
    points: NDArray[np.int64]
    """Landmarks of the triangles that are drawn."""
    outwards: Array
    """(3,): mean normal of what is filled in, picture axes."""

    def find_layer(self, size: tuple[int, int], target: Array, head: HeadMotion) -> Layer | None:
        """The cheek at landmarks `target` (478, 3) px in a picture of (H, W), if it is seen now."""
        view = head.linear[2] / np.cbrt(np.linalg.det(head.linear))
        comes = float(self.outwards[2] - view @ self.outwards)  # z is away from the viewer
        share = float(smoothstep(_COMES, _SHOWN, np.array(comes)))
        if share <= 0.0:
            return None
        box = self._box(target, size)
        if box[2] - box[0] < _STEP or box[3] - box[1] < _STEP:
            return None
        x, y, covered = self._flow(target, box)
        found = cv2.remap(self.skin, x, y, cv2.INTER_LINEAR)
        mask = cv2.extractChannel(found, 3) * np.float32(share / 255.0)
        mask *= covered
        colours = np.asarray(cv2.cvtColor(found, cv2.COLOR_RGBA2RGB), np.uint8)
        return Layer(box=box, colours=colours, mask=mask[..., None])

    def _box(self, target: Array, size: tuple[int, int]) -> Box:
        own = target[self.points, :2]
        left, top = (max(int(value), 0) for value in own.min(axis=0))
        right, bottom = (int(value) + 2 for value in own.max(axis=0))
        return left, top, min(right, size[1]), min(bottom, size[0])

    def _flow(self, target: Array, box: Box) -> tuple[Map, Map, NDArray[np.float32]]:
        """Where the pixels of a box lie in the skin, and 0..1 how surely they lie in it."""
        left, top, right, bottom = box
        middle = (_STEP - 1) / 2
        flow = self.flower.flow(
            target,
            SampleGrid(
                left=left + middle,
                top=top + middle,
                step=_STEP,
                columns=-(-(right - left) // _STEP),
                rows=-(-(bottom - top) // _STEP),
            ),
        )
        x, y, covered = (
            cv2.resize(plane, None, fx=_STEP, fy=_STEP)[: bottom - top, : right - left]
            for plane in (flow.x, flow.y, flow.covered.astype(np.float32))
        )
        return np.asarray(x), np.asarray(y), _softened(np.asarray(covered > _SURELY, np.float32))


def _softened(covered: NDArray[np.float32]) -> NDArray[np.float32]:
    """With an edge that fades inwards: hair lies over it, and it comes from every second pixel."""
    mean = cv2.blur(covered, (_SOFT, _SOFT), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.max(2.0 * np.asarray(mean) - 1.0, 0.0), np.float32)  # type: ignore[call-overload]


def cheek_painters(portrait: Pixels, face: PortraitFace) -> tuple[CheekPainter, ...]:
    """Those sides of a portrait (H, W, 3) of which something is hidden.

    None with an OpenCV that cannot draw triangles: a GPU that draws the face can do without.
    """
    if not draws_triangles():
        return ()
    flat = unwrapped(portrait, face.landmarks, face.pose.placement.scale)
    skin = hidden_skin(flat)
    columns, rows = flat.places[:MESH_POINTS, :2].round().astype(int).T
    opacity = cv2.dilate(skin[..., 3], np.ones((3, 3), np.uint8))[rows, columns]
    out = normals(face.landmarks[:MESH_POINTS])
    triangles = load_basis().triangles
    is_drawn = (opacity[triangles] > _LEAST).any(axis=1)
    to_left = load_basis().canonical[triangles, 0].mean(axis=1) < 0.0
    painters = []
    for is_side in (to_left, ~to_left):
        own = np.ascontiguousarray(triangles[is_drawn & is_side])
        points = np.unique(own)
        weights = opacity[points].astype(np.float64)
        if weights.sum() > 0.0:
            painters.append(
                CheekPainter(
                    skin=skin,
                    flower=MeshFlower(flat.places, own),
                    points=points,
                    outwards=weights @ out[points] / weights.sum(),
                )
            )
    return tuple(painters)
