"""What all shaders share in one frame, packed as the uniform block `Frame` (std140)."""

import numpy as np
from numpy.typing import NDArray

from training.heads.camera import FAR, NEAR, Camera
from training.heads.lights import Light
from training.heads.posing import Pose, axis_angle, head_rotation, torso_rotation

SHADOW_HALF_WIDTH = 23.0
SHADOW_HALF_DEPTH = 60.0
SHADOW_CENTRE = np.array([0.0, -1.0, 1.0])
"""Box around head and shoulders that the shadow map covers, in FaceKit units."""


def pack(
    camera: Camera,
    pose: Pose,
    light: Light,
    wrinkles: NDArray[np.float32] | None = None,
    second: tuple[Camera, Pose] | None = None,
) -> bytes:
    """Give the block's bytes; `shaders/frame.glsl` lists the same fields in the same order.

    wrinkles (2, 4): forehead, frown, eye corners, cheek folds, left then right. `second` is the
    other frame of a flow.
    """
    other_camera, other_pose = second or (camera, pose)
    folds = np.zeros((2, 4), np.float32) if wrinkles is None else wrinkles
    rows = [
        *_view(camera, pose),
        *_view(other_camera, other_pose),
        *light_matrix(light.key_direction).T,
        [*light.key_direction, light.shadow],
        [*light.key_colour, 0],
        [*light.fill_direction, 0],
        [*light.fill_colour, 0],
        *([*colour, 0] for colour in light.ambient),
        *folds,
        [NEAR, FAR, 0, 0],
    ]
    return np.asarray(rows, np.float32).tobytes()


def light_matrix(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthographic view (4, 4) along a light that comes from `direction` (3,)."""
    towards = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    right = np.cross([0, 1, 0.001], towards)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(towards, right), -towards])
    extent = np.array([SHADOW_HALF_WIDTH, SHADOW_HALF_WIDTH, SHADOW_HALF_DEPTH])
    matrix = np.eye(4)
    matrix[:3, :3] = axes / extent[:, None]
    matrix[:3, 3] = -matrix[:3, :3] @ SHADOW_CENTRE
    return matrix


def _view(camera: Camera, pose: Pose) -> list[list[float]]:
    """Camera, head turn and torso turn: five rows of four."""
    axis, angle = axis_angle(head_rotation(pose))
    torso = torso_rotation(pose)
    return [
        [camera.focal, camera.centre_x, camera.centre_y, camera.distance],
        [*axis.tolist(), angle],
        *([*torso[:, k].tolist(), 0.0] for k in range(3)),
    ]
