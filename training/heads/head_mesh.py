"""The head that is rendered: FaceKit's mesh with shoulders, turning eyes, normals, neck weights.

FaceKit ends in a small bust; its open lower edge is extruded here to shoulders. Its eyeballs do not
turn with its eyeLook shapes (those move only the lids), so they are turned here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.heads.facekit import FaceKit, Part
from training.heads.posing import rotation

RINGS = 9
"""Rows of triangles from the bust's edge to below the picture."""
VERGENCE_RAD = 0.02
"""Each eye turns this much inwards: the person looks at a screen, not at the horizon."""
EYE_PARTS = (Part.LEFT_EYE, Part.RIGHT_EYE)
BEHIND_LIDS = 0.25
"""Units by which the eyeball of a closed eye lies deeper: FaceKit's lids are flat where they close,
and pupils of people with large eyes came through them."""
CORNEA_RAD, CORNEA_BULGE = 0.5, 0.8
"""Angle of its rim from the pupil, and how much faster its normals turn than the ball's."""


def smoothstep(low: float, high: float, value: NDArray[np.floating] | float) -> NDArray[np.float32]:
    """Go smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadMesh:
    """FaceKit with a torso: V >= N vertices, the same triangles and more."""

    facekit: FaceKit
    neutral: NDArray[np.float32]
    """(V, 3): the mean head; also the generic coordinates in which skin and cloth are painted."""
    loop: NDArray[np.int64]
    """(L,): the bust's lower edge, from which the torso hangs."""
    torso_offsets: NDArray[np.float32]
    """(RINGS * L, 3): the torso against its point of the edge."""
    triangles: NDArray[np.int32]
    triangle_parts: NDArray[np.int32]
    vertex_of: NDArray[np.int32]
    uv: NDArray[np.float32]
    parts: NDArray[np.int32]
    head_weights: NDArray[np.float32]
    """(V,): share of the head's rotation: 1 on the head, 0 at the shoulders."""
    eyes: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Vertices of the left and of the right eyeball."""
    eye_poles: tuple[int, int]
    """The vertex in the middle of each pupil."""
    normal_triangles: NDArray[np.int32]
    normal_sum: sparse.csr_matrix
    """(V, triangles): adds the triangles' normals up at their vertices."""

    def with_torso(self, head: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hang the shoulders on a head: (N, 3) -> (V, 3)."""
        torso = np.tile(head[self.loop], (RINGS, 1)) + self.torso_offsets
        return np.concatenate([head, torso]).astype(np.float32)

    def deformed(
        self,
        identity: NDArray[np.float32],
        weights: NDArray[np.float32],
        gaze: tuple[float, float] = (0.0, 0.0),
    ) -> NDArray[np.float32]:
        """Give the head with an expression, before it is posed.

        identity (V, 3), weights (E,) of FaceKit's shapes, gaze (yaw, pitch) in radians -> (V, 3).
        """
        head = identity.copy()
        head[: self.facekit.size] += self.facekit.displacement(weights)
        sides = ("_L", -VERGENCE_RAD), ("_R", VERGENCE_RAD)
        for eye, (side, inward) in zip(self.eyes, sides, strict=True):
            centre = eye_centre(identity[eye])
            turn = rotation(gaze[0] + inward, gaze[1], 0.0)
            head[eye] = (identity[eye] - centre) @ turn.T + centre
            closed = weights[self.facekit.expression_names.index("eyeBlink" + side)]
            head[eye, 2] -= BEHIND_LIDS * smoothstep(0.2, 0.9, closed)
        return head

    def normals(self, head: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit normals (V, 3) of a deformed head."""
        a, b, c = (head[self.normal_triangles[:, k]] for k in range(3))
        normals = np.asarray(self.normal_sum @ np.cross(b - a, c - a), np.float32)
        for eye, pole in zip(self.eyes, self.eye_poles, strict=True):
            normals[eye] = _cornea_normals(head[eye], head[pole])
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))[:, None]
        return np.asarray(normals / (length + 1e-9), np.float32)

    def triangles_of(self, *parts: Part) -> NDArray[np.int32]:
        """Triangles (into render vertices) of some parts."""
        return self.triangles[np.isin(self.triangle_parts, parts)]


def eye_centre(eyeball: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre of an eyeball's vertices: their mean, but half-way between front and back in z."""
    centre = eyeball.mean(axis=0)
    centre[2] = (eyeball[:, 2].min() + eyeball[:, 2].max()) / 2
    return np.asarray(centre, np.float32)


def _cornea_normals(eyeball: NDArray[np.float32], pole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals (M, 3), not yet unit, of a ball whose front bulges like a cornea."""
    centre = eye_centre(eyeball)
    away, axis = eyeball - centre, pole - centre
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    axis = axis / np.linalg.norm(axis)
    along = (away @ axis)[:, None]
    bulge = CORNEA_BULGE * smoothstep(
        CORNEA_RAD + 0.15, CORNEA_RAD - 0.15, np.arccos(np.clip(along, -1, 1))
    )
    return np.asarray(away + bulge * (away - along * axis), np.float32)


def _pole(neutral: NDArray[np.float32], parts: NDArray[np.int32], eye: Part) -> int:
    vertices = np.flatnonzero(parts == eye)
    return int(vertices[neutral[vertices, 2].argmax()])


def build(facekit: FaceKit) -> HeadMesh:
    """Add the torso and prepare what every frame needs."""
    loop = _bust_edge(facekit)
    offsets = _torso_offsets(facekit.neutral[loop])
    count, size = len(offsets), facekit.size
    first_render = np.full(size, -1)
    first_render[facekit.vertex_of[::-1]] = np.arange(len(facekit.vertex_of))[::-1]
    render_of = np.concatenate([first_render, len(facekit.vertex_of) + np.arange(count)])
    torso_triangles = render_of[_torso_triangles(loop, size)].astype(np.int32)
    triangles = np.concatenate([facekit.triangles, torso_triangles])
    triangle_parts = np.concatenate(
        [facekit.triangle_parts, np.full(len(torso_triangles), Part.TORSO)]
    ).astype(np.int32)
    vertex_of = np.concatenate([facekit.vertex_of, size + np.arange(count)]).astype(np.int32)
    no_uv = np.full((count, 2), -1, np.float32)
    parts = np.concatenate([facekit.parts, np.full(count, Part.TORSO)]).astype(np.int32)
    torso = np.tile(facekit.neutral[loop], (RINGS, 1)) + offsets
    neutral = np.concatenate([facekit.neutral, torso]).astype(np.float32)
    normal_triangles = vertex_of[triangles[triangle_parts < Part.LEFT_EYE]]
    return HeadMesh(
        facekit=facekit,
        neutral=neutral,
        loop=loop,
        torso_offsets=offsets,
        triangles=triangles,
        triangle_parts=triangle_parts,
        vertex_of=vertex_of,
        uv=np.concatenate([facekit.uv, no_uv]),
        parts=parts,
        head_weights=_head_weights(neutral, parts),
        eyes=(np.flatnonzero(parts == EYE_PARTS[0]), np.flatnonzero(parts == EYE_PARTS[1])),
        eye_poles=(_pole(neutral, parts, EYE_PARTS[0]), _pole(neutral, parts, EYE_PARTS[1])),
        normal_triangles=normal_triangles,
        normal_sum=_normal_sum(normal_triangles, len(neutral)),
    )


def neck_weights(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of the head's rotation by place (M, 3): fades from under the chin to the collar."""
    height = points[:, 1] + 0.45 * np.minimum(points[:, 2], 12)
    return smoothstep(-13.2, -4.6, height)


def _head_weights(neutral: NDArray[np.float32], parts: NDArray[np.int32]) -> NDArray[np.float32]:
    weights = neck_weights(neutral)
    weights[~np.isin(parts, (Part.FACE, Part.HEAD, Part.TORSO))] = 1
    return weights


def _bust_edge(facekit: FaceKit) -> NDArray[np.int64]:
    """Walk along the open edge below the bust, in order."""
    skin = facekit.triangle_parts <= Part.HEAD
    corners = facekit.vertex_triangles[skin]
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    known = {(int(a), int(b)) for a, b in edges}
    low = facekit.neutral[:, 1] < -10
    onward = {
        a: b
        for a, b in known
        if (b, a) not in known and low[a] and low[b] and facekit.parts[a] == Part.HEAD
    }
    loop = [min(onward)]
    while onward.get(loop[-1]) not in (None, loop[0]):
        loop.append(onward[loop[-1]])
    return np.array(loop, np.int64)


def _torso_offsets(edge: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shoulders as rings around the edge (L, 3): wide at the sides, straight down in front."""
    outward = (edge - np.array([0, 0, -1.5], np.float32)) * np.array([1, 0, 1], np.float32)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    side = np.abs(outward[:, 0]) ** 1.5
    rings = []
    for t in np.arange(1, RINGS + 1) / RINGS:
        spread = side * 13 * np.sin(min(1, t * 1.5) * np.pi / 2)
        spread += (1 - side) * 2.2 * np.sin(t * np.pi / 2)
        drop = side * (4.8 * t + 24 * max(0.0, t - 0.35) ** 1.3) + (1 - side) * 22 * t
        ring = spread[:, None] * outward
        # The edge lies higher at the back; below it the rings become level.
        ring[:, 1] -= drop + (edge[:, 1] + 19) * t * 0.8 * (1 - side)
        rings.append(ring)
    return np.concatenate(rings).astype(np.float32)


def _torso_triangles(loop: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Two triangles per edge point and ring; the first ring hangs on the loop itself."""
    length = len(loop)
    rows = np.concatenate([loop, first + np.arange(RINGS * length)]).reshape(RINGS + 1, length)
    right = np.roll(rows, -1, axis=1)
    a, b, c, d = rows[:-1].ravel(), right[:-1].ravel(), rows[1:].ravel(), right[1:].ravel()
    return np.concatenate([np.stack([b, a, c], 1), np.stack([b, c, d], 1)])


def _normal_sum(triangles: NDArray[np.int32], count: int) -> sparse.csr_matrix:
    columns = np.repeat(np.arange(len(triangles)), 3)
    ones = np.ones(len(columns), np.float32)
    shape = (count, len(triangles))
    return sparse.csr_matrix((ones, (triangles.ravel(), columns)), shape=shape)
