"""The face laid flat: every point of the skin has a place of its own, also what hardly is seen.

The canonical face is rolled off a cylinder about its upright axis: both halves mirror each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.warp.facing import facing
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower

_AXIS_CM, _RADIUS_CM = -3.0, 7.5
"""Of the cylinder: where it stands, towards the viewer, and how far cheeks lie from it."""

_MOST_PX_PER_CM = 20.0
"""Of a large portrait: what was hardly seen has no finer detail."""

_BORDER_PX = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unwrapped:
    """One portrait's skin; all planes are (H, W, ...) of the same places."""

    px_per_cm: float
    places: Array
    """(478, 3) px: where each landmark lies; the third is its depth."""
    own: Pixels
    """(H, W, 3): what the portrait shows."""
    seen: NDArray[np.float32]
    """(H, W): cosine between the skin and the view."""
    covered: NDArray[np.bool_]
    """(H, W): where there is a face at all."""


def unwrapped(picture: Pixels, landmarks: Array, px_per_cm: float) -> Unwrapped:
    """Lay a portrait (H, W, 3) with landmarks (478, 3) px flat."""
    scale = min(px_per_cm, _MOST_PX_PER_CM)
    places, (columns, rows) = _places(scale)
    grid = SampleGrid.of_pixels((0, 0, columns, rows))
    flower = MeshFlower(landmarks)
    flow = flower.flow(places, grid)
    seen = flower.flow(places, grid, np.repeat(facing(landmarks[:MESH_POINTS])[:, None], 2, axis=1))
    own = cv2.remap(picture, flow.x, flow.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Unwrapped(
        px_per_cm=scale,
        places=places,
        own=np.asarray(own, np.uint8),
        seen=seen.x,
        covered=flow.covered,
    )


def _places(px_per_cm: float) -> tuple[Array, tuple[int, int]]:
    """(478, 3) px, and how many columns and rows hold them; its middle column is the nose."""
    points = load_basis().canonical
    angle = np.arctan2(points[:, 0], points[:, 2] - _AXIS_CM)
    places = np.column_stack([angle * _RADIUS_CM, -points[:, 1], -points[:, 2]]) * px_per_cm
    half = int(np.ceil(np.abs(places[:MESH_POINTS, 0]).max())) + _BORDER_PX
    top = places[:MESH_POINTS, 1].min() - _BORDER_PX
    places[:, :2] += half, -top
    rows = int(np.ceil(places[:MESH_POINTS, 1].max())) + _BORDER_PX
    return places, (2 * half + 1, rows)
