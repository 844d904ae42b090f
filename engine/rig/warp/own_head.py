"""A head of the portrait's own, found once: how deep hair, ears and neck lie, and how they turn.

`skull.py` knows one head for everybody. What differs from it is read from the portrait by a small
network (`head_network.py`): hair before a cheek lies nearer than the cheek's own rim, ears lie
farther forward than the back of a head, and of a head that turns away other hair comes into view.
All of it is counted in face heights, on cells around the face and along its axes.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.faces.topology import MESH_POINTS
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import OVAL
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.head_network import CELLS, Floats, run, shipped
from engine.rig.warp.mesh_flow import MeshFlower
from engine.rig.warp.skull import SKULL
from engine.rig.warp.surroundings import FaceAxes, beside
from engine.rig.warp.target import PortraitFace

_HALF = 1.6
"""Of the cells' side, in face heights."""

CELL = 2.0 * _HALF / CELLS
"""A cell's side, in face heights."""

_BELOW = 0.2
"""How far their middle lies below the face's."""

_BLUR = 0.4
"""Of what the cells show, in cells."""

_RIM = 0.22
"""Width of the face's rim, in face heights, over which the depths of its landmarks hold less and
less: in its middle they are right."""

_OF_RIM = 0.3
"""How far the rim of the face's mesh goes to where this head has it. All of the way renders are
nearer (L1 beside the face 13.5 instead of 13.7), and filmed faces farther (`brother` 4.16 instead
of 4.13, 1 - SSIM 0.066 instead of 0.064)."""

_OVAL = list(OVAL)


class OwnHead:
    """How one portrait's head differs from the skull of everybody."""

    def __init__(self, fields: Floats, face: PortraitFace) -> None:
        """`fields` is (3, 64, 64), see `at`."""
        axes = FaceAxes.of(face.landmarks)
        self._height = axes.height
        self._outline = face.landmarks[_OVAL, :2]
        self._fields = fields
        self.to_cells = np.linalg.inv(np.vstack([_of_cells(axes), [0.0, 0.0, 1.0]]))[:2]
        """(2, 3): from px to cells, column and row."""

    def at(self, points: Array) -> Array:
        """(N, 3) at points (N, 2) px, in face heights.

        How much farther away they lie; and how far they go aside by the square of the sine of a
        shake, first of one that takes what is near to the left.
        """
        there = (points @ self.to_cells[:, :2].T + self.to_cells[:, 2]).astype(np.float32)
        found = np.column_stack([_sampled(plane, there) for plane in self._fields])
        return np.asarray(found * self.share(points)[:, None])

    def share(self, points: Array) -> Array:
        """(N,) 0..1: how far this holds at points (N, 2) px; amid the face not at all."""
        within = -beside(points, self._outline) / self._height
        return np.asarray(1.0 - smoothstep(0.0, _RIM, within))

    def deepened(self, face: PortraitFace) -> PortraitFace:
        """The face with the rim of its mesh where this head has it.

        But nowhere nearer than the skin next to it further in: it would be drawn over that.
        """
        mesh = face.landmarks[:MESH_POINTS]
        within = -beside(mesh[:, :2], self._outline)
        asked = mesh[:, 2] + self.at(mesh[:, :2])[:, 0] * self._height
        depth = mesh[:, 2].copy()
        for point in np.argsort(-within):
            near = _neighbours()[point]
            further_in = near[within[near] > within[point]]
            if len(further_in):
                nearest = min(depth[point], depth[further_in].mean())
                depth[point] = max(asked[point], nearest)
        farther = np.zeros(len(face.landmarks))
        farther[:MESH_POINTS] = _OF_RIM * (depth - mesh[:, 2])
        return face.deepened(farther)


@cache
def _neighbours() -> list[NDArray[np.int64]]:
    """Of each point of the mesh, those that it has an edge with."""
    triangles = load_basis().triangles
    touching = [triangles[(triangles == point).any(axis=1)].ravel() for point in range(MESH_POINTS)]
    return [np.setdiff1d(points, [point]) for point, points in enumerate(touching)]


def find_own_head(face: PortraitFace, picture: Pixels, matte: NDArray[np.float32]) -> OwnHead:
    """The head of a person who was cut out: `picture` (H, W, 3), `matte` (H, W) in 0..1."""
    return OwnHead(run(shipped(), surroundings(face, picture, matte)), face)


def surroundings(face: PortraitFace, picture: Pixels, matte: NDArray[np.float32]) -> Floats:
    """(9, 64, 64), what the network sees.

    Colours, the matte, where there is a picture, where the face is, the depth that the skull and
    the landmarks have, and the cells' own places.
    """
    axes = FaceAxes.of(face.landmarks)
    to_picture = _of_cells(axes)
    blur = max(_BLUR * CELL * axes.height, 0.01)

    def seen(plane: NDArray[np.uint8] | Floats, border: int = cv2.BORDER_CONSTANT) -> Floats:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (CELLS, CELLS)
        smooth = cv2.GaussianBlur(plane, (0, 0), blur)
        found = cv2.warpAffine(smooth, to_picture, size, flags=flags, borderMode=border)
        return np.asarray(found, np.float32)

    within = np.zeros(matte.shape, np.uint8)
    cv2.fillPoly(within, [np.round(face.landmarks[_OVAL, :2]).astype(np.int32)], 255)
    rows, columns = np.indices((CELLS, CELLS), np.float32)
    cells = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    points = cells @ to_picture[:, :2].T + to_picture[:, 2]
    aside, along = axes.places(points).reshape(2, CELLS, CELLS)
    colours = seen(picture, cv2.BORDER_REPLICATE) / 255.0 - 0.5
    planes = [
        seen(matte),
        np.where(_is_inside(points, matte.shape), 1.0, 0.0).reshape(CELLS, CELLS),
        seen(within) / 255.0,
        2.0 * _depth(face, points, axes).reshape(CELLS, CELLS),
        aside,
        along,
    ]
    return np.concatenate([colours.transpose(2, 0, 1), np.stack(planes)]).astype(np.float32)


def _depth(face: PortraitFace, points: Array, axes: FaceAxes) -> Array:
    """(64 * 64,) behind the pivot, in face heights: the mesh's, and around it the skull's."""
    beyond = np.maximum(beside(points, face.landmarks[_OVAL, :2]), 0.0) / axes.height
    pivot = face.pose.pivot_px[2]
    around = SKULL.aside.around(face.landmarks[_OVAL], points, beyond, pivot, axes.height)
    to_cells = np.linalg.inv(np.vstack([_of_cells(axes), [0.0, 0.0, 1.0]]))[:2]
    mesh = face.landmarks.copy()
    mesh[:, :2] = mesh[:, :2] @ to_cells[:, :2].T + to_cells[:, 2]
    drawn = MeshFlower(mesh[:, [2, 2, 2]]).flow(
        mesh, SampleGrid(left=0.0, top=0.0, step=1, columns=CELLS, rows=CELLS)
    )
    own = (drawn.x.ravel() - pivot) / axes.height
    return np.where(drawn.covered.ravel(), own, around)


def _of_cells(axes: FaceAxes) -> Array:
    """(2, 3): from cells (column, row) to px."""
    cell = CELL * axes.height
    first = axes.middle + axes.axes[1] * _BELOW * axes.height
    first = first - (axes.axes[0] + axes.axes[1]) * cell * (CELLS - 1) / 2.0
    return np.column_stack([axes.axes[0] * cell, axes.axes[1] * cell, first])


def _sampled(plane: Floats, places: Floats) -> Floats:
    found = cv2.remap(plane, places[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(found[0], np.float32)


def _is_inside(points: Array, size: tuple[int, ...]) -> NDArray[np.bool_]:
    limits = np.array([size[1] - 1.0, size[0] - 1.0])
    return np.asarray(((points >= 0.0) & (points <= limits)).all(axis=1))
