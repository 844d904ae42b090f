"""Landmarks of a rendering, exact: Multi-PIE's 68 and MediaPipe's 478."""

import numpy as np
from numpy.typing import NDArray

from training.correspondence import Correspondence
from training.heads.head_mesh import EYE_PARTS, HeadMesh, eye_centre
from training.heads.renderer import Rendering

IRIS_RAD = 0.36
"""Angle on FaceKit's eyeball from the middle of the pupil to the rim that trackers report."""


def landmarks68(mesh: HeadMesh, seen: Rendering) -> NDArray[np.float32]:
    """Picture coordinates (68, 3) in the order of Multi-PIE."""
    points = seen.posed_head[mesh.facekit.landmarks68]
    return seen.camera.project(points, len(seen.picture))


def landmarks478(
    mesh: HeadMesh, found: Correspondence, irises: Correspondence, seen: Rendering
) -> NDArray[np.float32]:
    """Picture coordinates (478, 3) in MediaPipe's order, as `engine.faces.face.Face` has them.

    `found` is the correspondence in the rig's basis, `irises` comes from `iris_points`.
    """
    points = np.concatenate([found.on(seen.posed_head), irises.on(seen.posed_head)])
    return seen.camera.project(points.astype(np.float32), len(seen.picture))


def iris_points(mesh: HeadMesh) -> Correspondence:
    """The ten iris points on the eyeballs: right then left; centre, +x, top, -x, bottom."""
    triangles, weights = [], []
    ring = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], np.float32) * np.sin(IRIS_RAD)
    depth = np.sqrt(1 - (ring**2).sum(axis=1, keepdims=True))
    directions = np.concatenate([ring, depth], axis=1)
    for part, eye, pole in (
        (EYE_PARTS[1], mesh.eyes[1], mesh.eye_poles[1]),
        (EYE_PARTS[0], mesh.eyes[0], mesh.eye_poles[0]),
    ):
        centre = eye_centre(mesh.neutral[eye])
        axis = mesh.neutral[pole] - centre
        axis = axis / np.linalg.norm(axis)
        right = np.cross([0, 1, 0], axis)
        right /= np.linalg.norm(right)
        frame = np.stack([right, np.cross(axis, right), axis])
        corners = mesh.vertex_of[mesh.triangles_of(part)]
        for direction in directions @ frame:
            triangle, shares = _struck(mesh.neutral[corners] - centre, direction)
            triangles.append(corners[triangle])
            weights.append(shares)
    return Correspondence(
        triangles=np.array(triangles, np.int32), weights=np.array(weights, np.float32)
    )


def _struck(
    corners: NDArray[np.float32], direction: NDArray[np.float32]
) -> tuple[int, NDArray[np.float64]]:
    """The triangle (T, 3, 3) that a ray from the origin strikes, and the weights there."""
    shares = np.linalg.solve(
        np.swapaxes(corners.astype(np.float64), 1, 2) + 1e-9 * np.eye(3),
        np.broadcast_to(direction.astype(np.float64)[:, None], (len(corners), 3, 1)),
    )[..., 0]
    inside = shares.min(axis=1) / np.abs(shares).max(axis=1)
    best = int(inside.argmax())
    return best, shares[best] / shares[best].sum()
