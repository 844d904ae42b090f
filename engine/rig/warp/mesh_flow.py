"""The face's own flow: its triangles drawn with the portrait's coordinates for colours.

A backward flow: for every output pixel, where in the portrait its colour lies. `mesh_flow_twin.py`
computes the same, slowly, for reading and for the tests.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import MachineError
from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.geometry import Array
from engine.installing import install
from engine.rig.warp.grid import Map, SampleGrid

_DEPTH = 1e-3
"""How much farther than the nearest point the farthest is drawn, as a share: enough to tell near
from far, too little to bend what is drawn by perspective."""

_FOV_RAD = np.pi / 2.0
_NEAR, _FAR = 0.5, 2.0
"""OpenCV's camera: it sees half its picture's height at distance 1, where the face is put."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeshFlow:
    """The flow at the points of a sample grid, and where the mesh covers it."""

    x: Map
    y: Map
    covered: NDArray[np.bool_]
    """(rows, columns); elsewhere x and y mean nothing."""


class MeshFlower:
    """The flow of one portrait's face mesh; what doesn't depend on the frame is made once."""

    def __init__(self, source: Array, triangles: NDArray[np.int32] | None = None) -> None:
        """`source` is (478, 3): the portrait's landmarks in px. `triangles` (T, 3), else all."""
        self._triangles = load_basis().triangles if triangles is None else triangles
        points = source[:MESH_POINTS, :2]
        self._low = points.min(axis=0)
        self._extent = np.maximum(points.max(axis=0) - self._low, 1e-6)
        self._colours = np.ones((MESH_POINTS, 3), np.float32)  # the third says: covered
        self._colours[:, :2] = (points - self._low) / self._extent

    def flow(self, target: Array, sample_grid: SampleGrid, source: Array | None = None) -> MeshFlow:
        """The flow at the points of a sample grid for landmarks `target` (478, 3).

        `source` (478, 2 or more) is where their colours lie, if not where they were prepared.

        Raises:
            MachineError: this OpenCV cannot draw triangles.
        """
        colours = self._colours
        if source is not None:  # a copy: a portrait is shared, and another frame's may be drawn now
            colours = colours.copy()
            colours[:, :2] = (source[:MESH_POINTS, :2] - self._low) / self._extent
        drawn = rasterized(target[:MESH_POINTS], self._triangles, colours, sample_grid)
        (low_x, low_y), (width, height) = self._low, self._extent
        x = drawn[..., 0] * np.float32(width) + np.float32(low_x)
        y = drawn[..., 1] * np.float32(height) + np.float32(low_y)
        return MeshFlow(x=x, y=y, covered=drawn[..., 2] > 0.5)


def rasterized(
    points: Array,
    triangles: NDArray[np.int32],
    colours: NDArray[np.float32],
    sample_grid: SampleGrid,
) -> NDArray[np.float32]:
    """(rows, columns, 3) the colours of what is seen at a sample grid's points, else 0.

    Args:
        points: (N, 3) px, z away from the viewer.
        triangles: (T, 3), those seen from behind are left out.
        colours: (N, 3) of the points.
        sample_grid: where to look.

    Raises:
        MachineError: this OpenCV cannot draw triangles.
    """
    # Another package's OpenCV may have been laid over ours: all of them own the folder cv2.
    if not draws_triangles():
        raise MachineError(
            f"the rig needs OpenCV 5, and OpenCV {cv2.__version__} is installed: "
            f"{install('--force-reinstall', 'opencv-python-headless>=5.0')}"
        )
    drawn = np.zeros((sample_grid.rows, sample_grid.columns, 3), np.float32)
    depth = np.ones((sample_grid.rows, sample_grid.columns), np.float32)  # 1 is the farthest
    cv2.triangleRasterize(
        _placed(points),
        triangles,
        colours,
        drawn,
        depth,
        _camera(sample_grid),
        _FOV_RAD,
        _NEAR,
        _FAR,
        _settings(),
    )
    return drawn


def draws_triangles() -> bool:
    """Whether this OpenCV can."""
    return hasattr(cv2, "TriangleRasterizeSettings")


@cache
def _settings() -> "cv2.TriangleRasterizeSettings":
    return (
        cv2.TriangleRasterizeSettings()
        .setShadingType(cv2.RASTERIZE_SHADING_SHADED)
        .setCullingMode(cv2.RASTERIZE_CULLING_CW)
        # Depth as OpenGL has it: else OpenCV converts the whole buffer and back.
        .setGlCompatibleMode(cv2.RASTERIZE_COMPAT_INVDEPTH)
    )


def _placed(points: Array) -> NDArray[np.float32]:
    """Points (N, 3) px as a scene before OpenCV's camera: y up, -z away."""
    depth = points[:, 2]
    nearest = float(depth.min())
    away = 1.0 + (depth - nearest) * (_DEPTH / max(float(depth.max()) - nearest, 1e-6))
    scene = np.empty((len(points), 3), np.float32)
    scene[:, 0] = points[:, 0] * away
    scene[:, 1] = points[:, 1] * -away
    scene[:, 2] = -away
    return scene


def _camera(sample_grid: SampleGrid) -> NDArray[np.float32]:
    """(4, 4): puts the sample grid's points amid the camera's pixels, whose first is 0 to 1."""
    zoom = 2.0 / (sample_grid.rows * sample_grid.step)
    right, down = (
        (0.5 - size / 2.0 - first / sample_grid.step) * 2.0 / sample_grid.rows
        for size, first in (
            (sample_grid.columns, sample_grid.left),
            (sample_grid.rows, sample_grid.top),
        )
    )
    return np.array(
        [[zoom, 0, -right, 0], [0, zoom, down, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32
    )
