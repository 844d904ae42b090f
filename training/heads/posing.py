"""How a head is turned: rotation about the neck joint, faded along the neck, then the torso's sway.

The shaders pose on the GPU (`shaders/posing.glsl`); this is the same in numpy, for landmarks and
for whoever needs the posed mesh.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NECK_JOINT = np.array([0.0, -2.0, -1.0], np.float32)
TORSO_JOINT = np.array([0.0, -30.0, -3.0], np.float32)
TORSO_YAW_SHARE = 0.12
"""Part of the head's yaw that the shoulders follow."""
TORSO_ROLL_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the head is. Angles in radians, shifts in FaceKit units."""

    yaw: float = 0.0
    """Positive: towards the subject's left, the picture's right."""
    pitch: float = 0.0
    """Positive: down."""
    roll: float = 0.0
    """Positive: towards the subject's right shoulder, counter-clockwise in the picture."""
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0
    torso_yaw: float = 0.0
    """Sway of the shoulders on top of what they follow of the head."""
    torso_roll: float = 0.0


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float32]:
    """Give the matrix (3, 3) that turns by roll, then pitch, then yaw."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(turn @ nod @ tilt, np.float32)


def head_rotation(pose: Pose) -> NDArray[np.float32]:
    """The head against the torso, (3, 3)."""
    return rotation(pose.yaw, pose.pitch, pose.roll)


def torso_rotation(pose: Pose) -> NDArray[np.float32]:
    """The torso against the world, (3, 3); the head is turned by it too."""
    return rotation(
        pose.yaw * TORSO_YAW_SHARE + pose.torso_yaw,
        0.0,
        pose.roll * TORSO_ROLL_SHARE + pose.torso_roll,
    )


def axis_angle(matrix: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Split a rotation into its unit axis (3,) and its angle in radians."""
    angle = float(np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1)))
    axis = np.array(
        [
            matrix[2, 1] - matrix[1, 2],
            matrix[0, 2] - matrix[2, 0],
            matrix[1, 0] - matrix[0, 1],
        ],
        np.float32,
    )
    length = float(np.linalg.norm(axis))
    if length < 1e-8:
        return np.array([0, 1, 0], np.float32), 0.0
    return axis / np.float32(length), angle


def posed(
    points: NDArray[np.float32], head_weights: NDArray[np.float32], pose: Pose
) -> NDArray[np.float32]:
    """Turn points (M, 3) by the share head_weights (M,) of the head's rotation, then sway."""
    axis, angle = axis_angle(head_rotation(pose))
    turned = _rotate(points - NECK_JOINT, axis, head_weights * np.float32(angle)) + NECK_JOINT
    return np.asarray((turned - TORSO_JOINT) @ torso_rotation(pose).T + TORSO_JOINT, np.float32)


def _rotate(
    points: NDArray[np.float32], axis: NDArray[np.float32], angles: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Rodrigues' formula, one angle per point."""
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    along = (points @ axis)[:, None] * axis
    return np.asarray(points * cosine + np.cross(axis, points) * sine + along * (1 - cosine))
