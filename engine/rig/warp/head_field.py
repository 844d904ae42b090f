"""How the head moves around the face mesh: hair, ears and neck follow it, the rest stays.

On a coarse grid over the portrait each node knows once and for all how far it belongs to the head
(`share`), how deep it lies, and which outline points of the face pull it along. A frame's forward
displacement is then one small matrix product. The backward flow is found by drawing the nodes where
they go, as a mesh (`node_mesh.py`), and enlarged to pixels.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, smoothstep
from engine.rig.landmarks import OVAL
from engine.rig.warp.body import NECK_BASE, Body
from engine.rig.warp.cut_off import CutOff
from engine.rig.warp.grid import Box, Map, SampleGrid
from engine.rig.warp.node_mesh import FINER, NodeMesh
from engine.rig.warp.own_head import OwnHead
from engine.rig.warp.skull import SKULL, Skull
from engine.rig.warp.surroundings import FaceAxes, beside, pull_weights
from engine.rig.warp.target import HeadMotion, PortraitFace

Map2: TypeAlias = NDArray[np.float32]
"""(rows, columns, 2) displacement in px."""

NODES_PER_FACE = 12
"""Distance of nodes: face heights over this."""

_ABOVE, _BELOW, _ASIDE = 1.3, 1.75, 1.9
"""How far the grid reaches beyond the face's middle, in face heights."""

_NECK_TOP = 0.50
"""Along the face's axis from its middle, in face heights (the chin is at 0.5): where the neck
begins to lag behind the head."""

_SIDE_FADE = 0.75
"""Width, in face heights, over which the head's share fades beside it. Behind a person who was cut
out this is never seen."""

_BELOW_EARS, _NECK = (0.15, 0.55), 0.3
"""Over the first, along the face's axis, what goes with the head narrows to a neck of this half
width: shoulders do not roll with it."""

_BORDER = 0.06
"""Of the picture's shorter side: how far its border holds what moves with a background, and bodies
that it cuts off."""

_PULL_REACH, _PULL_PER_MOVE = 0.05, 0.8
"""Distance from the outline at which its expression has faded: face heights, and that much more for
each unit that the outline moves. A falling jaw must not fold the neck."""

_GUESSED, _SEEN = 0.04, 0.12
"""Movement of an outline point against the head, in face heights: what lies beside the face follows
from the second on; up to the first a tracker guesses."""

_PASSED_ON = 0.1
"""Distance from the outline, in face heights, at which a third of what the face does beyond its
rim is still passed on. At half of it the hairline doubles in a nod."""

_STILL_PX = 1e-3
"""A field that goes nowhere farther is none."""

_OVAL = np.array(OVAL)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeGrid:
    """Nodes over a box of the picture, at whole pixels."""

    left: int
    top: int
    spacing: int
    """Odd, so that nodes lie amid the pixels they stand for."""
    points: Array
    """(rows, columns, 2) px"""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the outermost nodes; right and bottom inside."""
        right, bottom = self.points[-1, -1]
        return self.left, self.top, int(right), int(bottom)

    def refined(self, field: Map2, box: Box, step: int) -> tuple[SampleGrid, Map, Map]:
        """Where the points of a sample grid around a box of pixels come from, in px: x and y.

        Displacements at nodes are carried over bilinearly; nothing moves beyond the outermost.
        A resize by s / step has a node amid its s / step points, and those amid their pixels.
        """
        (first_column, columns), (first_row, rows) = (
            self._nodes_around(low, high, first, step)
            for low, high, first in ((box[0], box[2], self.left), (box[1], box[3], self.top))
        )
        x, y = np.empty((2, rows, columns), np.float32)
        x[:] = self.left + self.spacing * np.arange(first_column, first_column + columns)
        y[:] = (self.top + self.spacing * np.arange(first_row, first_row + rows))[:, None]
        top, left = max(first_row, 0), max(first_column, 0)
        moved = field[top : max(first_row + rows, 0), left : max(first_column + columns, 0)]
        inside = (
            slice(top - first_row, top - first_row + moved.shape[0]),
            slice(left - first_column, left - first_column + moved.shape[1]),
        )
        x[inside] += moved[..., 0]
        y[inside] += moved[..., 1]
        size = columns * self.spacing // step, rows * self.spacing // step
        rim = (step - self.spacing) / 2
        sample_grid = SampleGrid(
            left=self.left + self.spacing * first_column + rim,
            top=self.top + self.spacing * first_row + rim,
            step=step,
            columns=size[0],
            rows=size[1],
        )
        return sample_grid, np.asarray(cv2.resize(x, size)), np.asarray(cv2.resize(y, size))

    def _nodes_around(self, low: int, high: int, first: int, step: int) -> tuple[int, int]:
        """The first node at least a step before a range of pixels, and how many reach beyond it."""
        begin = (low - step - first) // self.spacing
        count = -(-(high + step - first) // self.spacing) + 1 - begin
        return begin, -(-count // step) * step


class HeadField:
    """The field of one portrait."""

    def __init__(
        self,
        face: PortraitFace,
        size: tuple[int, int],
        *,
        half_width: float | None = None,
        matte: NDArray[np.float32] | None = None,
        skull: Skull = SKULL,
        own: OwnHead | None = None,
    ) -> None:
        """Prepare the grid.

        Args:
            face: the portrait's face.
            size: height, width of the picture.
            half_width: of the head with its hair, in face heights, where it is known.
            matte: (H, W), 1 where the person is, of one who was cut out.
            skull: how hair and ears lie on heads in general.
            own: how they do on this one, where it is known.
        """
        outline = face.landmarks[_OVAL]
        around = FaceAxes.of(face.landmarks)
        self.face_height = around.height
        self._axes = around.axes
        """(2, 2): of the face in the picture, to the right and down, of length 1."""
        self.grid = _grid(around.middle, self.face_height, size)
        nodes = self.grid.points[::FINER, ::FINER]
        self._shape = nodes.shape[:2]
        nodes = nodes.reshape(-1, 2)
        aside, along = around.places(nodes)
        self._pull, self._beyond = pull_weights(nodes, outline[:, :2], self.face_height)
        share = _neck_share(along) * _side_share(np.abs(aside), along, half_width)
        if matte is None:
            share *= _border_share(nodes, size)
            self._cut_off = None
        else:
            share *= np.clip((size[0] - 1.0 - nodes[:, 1]) / (_BORDER * min(size)), 0.0, 1.0)
            self._cut_off = CutOff(nodes, matte, self.face_height)
        beyond = np.maximum(beside(nodes, outline[:, :2]), 0.0) / self.face_height
        bulges = skull.bulges(aside, along, beyond)
        deep = self._turning(face, skull, own, nodes, beyond, bulges)
        ones = np.ones(len(nodes))
        self._shared = share[:, None] * np.column_stack([nodes, ones, deep])
        """(nodes, 8): x, y, 1, depths for a shake and for a nod, and how the silhouette goes by the
        square of a shake to either side and of a nod, px; times how far a node goes with the
        head."""
        self._places = np.column_stack([nodes, deep[:, 0]])
        """(nodes, 3) px"""
        self._passed_on = np.exp(-((beyond / _PASSED_ON) ** 2))[:, None]
        """(nodes, 1): how far each takes part in what the face does beyond its rim."""
        self._body: Body | None = None
        if half_width is not None:  # else what lies behind would go along
            self._body = Body(
                nodes, along, np.abs(aside), of_head=share, size=size, face_height=self.face_height
            )
        self._outline = outline
        self._mesh = NodeMesh(self.grid.points, self.grid.spacing)

    @property
    def share(self) -> Array:
        """(R, C) 0..1: how far nodes go with the head, which are every second point of the grid."""
        return self._shared[:, 2].reshape(self._shape)

    def backward(self, head: HeadMotion, target: Array, next_to: HeadMotion | None = None) -> Map2:
        """(rows, columns, 2) px: displacement from output to portrait at each point of the grid.

        `head` is what the head's rim does, and `next_to` what lies next to the face, see
        `passed_on`, by default the same. What the outline of `target` (478, 3) does against that
        is expression.
        """
        moves = self._moves(head)
        rigid = self._shared @ moves
        if next_to is not None and next_to is not head:
            rigid += self._passed_on * (self._shared @ (self._moves(next_to) - moves))
            head = next_to
        residual = (target[_OVAL] - head.apply(self._outline))[:, :2]
        residual *= followed(residual, self.face_height)
        forward = rigid + self._pull @ residual * self._fade(residual)[:, None]
        if self._cut_off is not None:
            self._cut_off.hold(forward)
        if self._body is not None:
            forward += self._body.forward(head)
        if np.abs(forward).max() < _STILL_PX:
            return np.zeros(self.grid.points.shape, np.float32)
        depth = self._places @ head.linear[2]
        return self._mesh.backward(forward, depth)

    def _moves(self, head: HeadMotion) -> Array:
        """(8, 2) px: where a head's motion takes each column of `_shared`."""
        aside, down = self._axes
        shake, nod = self._axes @ head.linear[:2, 2]
        return np.vstack(
            [
                head.linear[:2, :2].T - np.eye(2),
                head.at_depth(0.0),
                shake * aside,
                nod * down,
                max(shake, 0.0) ** 2 * aside,
                min(shake, 0.0) ** 2 * aside,
                nod**2 * down,
            ]
        )

    def _turning(
        self,
        face: PortraitFace,
        skull: Skull,
        own: OwnHead | None,
        nodes: Array,
        beyond: Array,
        bulges: Array,
    ) -> Array:
        """(nodes, 5) px: depths in picture axes for a shake and for a nod, and silhouettes."""
        outline, pivot = face.landmarks[_OVAL], face.pose.pivot_px[2]
        depths = [
            recess.around(outline, nodes, beyond, pivot, self.face_height)
            for recess in (skull.aside, skull.down)
        ]
        deep = np.column_stack([*depths, bulges])
        if own is not None:
            deep[:, :4] += own.at(nodes)[:, [0, 0, 1, 2]]
        deep *= self.face_height
        deep[:, :2] += pivot
        return deep

    def _fade(self, residual: Array) -> Array:
        """How far each node lets itself be pulled by the outline."""
        largest = float(np.linalg.norm(residual, axis=1).max())
        reach = _PULL_REACH * self.face_height + _PULL_PER_MOVE * largest
        return np.asarray(np.exp(-self._beyond / reach**2))


def followed(residual: Array, face_height: float) -> Array:
    """(N, 1): how far what lies beside the face follows movements (N, 2) px of its outline."""
    size = np.linalg.norm(residual, axis=1) / face_height
    return smoothstep(_GUESSED, _SEEN, size)[:, None]


def _grid(middle: Array, face_height: float, size: tuple[int, int]) -> NodeGrid:
    """Nodes around the face, no farther than the picture's border."""
    height, width = size
    spacing = max(int(face_height / NODES_PER_FACE / FINER / 2) * 2 + 1, 3)
    left, right = (
        int(np.clip(middle[0] + side * _ASIDE * face_height, 0, width - 1)) for side in (-1, 1)
    )
    top = int(np.clip(middle[1] - _ABOVE * face_height, 0, height - 1))
    bottom = int(np.clip(middle[1] + _BELOW * face_height, 0, height - 1))
    apart = FINER * spacing
    columns = left + spacing * np.arange(FINER * -(-(right - left) // apart) + 1)
    rows = top + spacing * np.arange(FINER * -(-(bottom - top) // apart) + 1)
    points = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float64)
    return NodeGrid(left=left, top=top, spacing=spacing, points=points)


def _neck_share(along: Array) -> Array:
    """1 at the head, 0 where the body begins; along the face's axis, in face heights."""
    return 1.0 - smoothstep(_NECK_TOP, NECK_BASE, along)


def _side_share(aside: Array, along: Array, half_width: float | None) -> Array:
    """1 at the head and its hair, fading beyond it; beside the face's axis, in face heights."""
    neck = smoothstep(*_BELOW_EARS, along)
    edge = max(0.6, 1.05 * (half_width or 0.0)) * (1.0 - neck) + _NECK * neck
    return 1.0 - smoothstep(0.0, 1.0, (aside - edge) / _SIDE_FADE)


def _border_share(nodes: Array, size: tuple[int, int]) -> Array:
    """0 at the picture's border: what is not cut out is stretched there, not torn off."""
    limits = np.array([size[1] - 1.0, size[0] - 1.0])
    distance = np.minimum(nodes, limits - nodes).min(axis=1)
    return np.asarray(np.clip(distance / (_BORDER * min(size)), 0.0, 1.0))
