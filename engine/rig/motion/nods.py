"""Nods, which trackers read short: how much of one is missing, and a head that goes all of the way.

Of 16 rendered heads nods of 20 degrees are read as 14.6 down and 17.1 up. The tip of the nose is
about where it should be, but what lies farther back is taken along with it, temples twice as far as
they go, so that the head seems to sink or rise by 2 cm where 0.5 are right. So what is missing is
put back about the nose. The face itself is seen where it is: only what lies around it needs this.
"""

from math import asin, atan2, cos, radians, sin

import numpy as np

from engine.geometry import Array, rotation_from_vector, smoothstep, vector_from_rotation

NOSE_CM = np.array([0.0, 0.0, 8.0])
"""The tip of the nose in the canonical frame."""

_MISSING_DOWN, _MISSING_UP = 0.35, 0.2
"""Of a nod, over what is read of it."""

_DOUBTED_RAD, _BELIEVED_RAD = radians(4.0), radians(10.0)
"""Read nods up to the first are left alone, from the second on all is put back: a small one may be
an expression's, and a head that hardly moves must not tremble more than its landmarks do."""

_MOST_RAD = radians(6.0)
"""What is put back at most: heads that nod by much more than 20 degrees hide their faces."""


def missing(rotation: Array) -> float:
    """Radians by which a head nods farther than its rotation (3,) was read; down is positive."""
    pitch = -asin(min(max(rotation_from_vector(rotation)[1, 2], -1.0), 1.0))
    if abs(pitch) <= _DOUBTED_RAD:
        return 0.0
    sure = float(smoothstep(_DOUBTED_RAD, _BELIEVED_RAD, np.asarray(abs(pitch))))
    share = _MISSING_DOWN if pitch > 0.0 else _MISSING_UP
    return min(max(share * sure * pitch, -_MOST_RAD), _MOST_RAD)


def farther(rotation: Array, nod: float) -> Array:
    """(3,) axis times angle: a rotation with so many radians more of a nod."""
    turn = rotation_from_vector(rotation)
    yaw = atan2(turn[0, 2], turn[2, 2])
    # A nod goes about the axis through the ears, which turns with the head.
    axis = np.array([cos(yaw), 0.0, -sin(yaw)])
    return vector_from_rotation(rotation_from_vector(axis * nod) @ turn)
