"""The far eye of a turned head ends at the face's contour, with a lid beside it."""

from dataclasses import replace

import numpy as np
import pytest

from engine.geometry import Array
from engine.rig.landmarks import EYES, LEFT_EYE, RIGHT_EYE
from engine.rig.motion.motion import still_motion
from engine.rig.paint.eyes import EyePainter, eye_painters
from engine.rig.warp.target import PortraitFace, head_motion
from tests.eyes_made import SIZE, drawn, looking

FACE = looking(0.0)
OWN = PortraitFace.from_face(FACE)
BESIDE = {LEFT_EYE: (359, 446, 265, 372), RIGHT_EYE: (130, 226, 35, 143)}


def turned(yaw: float) -> Array:
    motion = replace(still_motion(), rotation=np.array([0.0, np.radians(yaw), 0.0]))
    return head_motion(OWN, motion).apply(OWN.landmarks)[:, :2]


def painted(painter: EyePainter, target: Array) -> Array:
    """(N,): columns of the picture where much of the eye is painted."""
    layer = painter.find_layer((SIZE, SIZE), target)
    assert layer is not None
    columns = np.flatnonzero((layer.mask[..., 0] > 0.6).any(axis=0))
    return columns.astype(np.float64) + layer.box[0]


@pytest.mark.parametrize("yaw", [42.0, -42.0])
def test_no_white_lies_on_the_contour(yaw: float) -> None:
    target = turned(yaw)
    painters = eye_painters(drawn(FACE), OWN.landmarks[:, :2])
    far = max(painters, key=lambda each: -_width(target, each))
    columns, contour = painted(far, target), target[list(BESIDE[far.eye]), 0]
    lid = 0.075 * far.width
    side = np.sign(target[far.eye.outer, 0] - target[far.eye.inner, 0])
    assert (columns * side).max() < (contour * side).max() - lid


@pytest.mark.parametrize("yaw", [0.0, 8.0])
def test_an_eye_that_is_seen_is_painted_to_its_corners(yaw: float) -> None:
    target = turned(yaw)
    for painter in eye_painters(drawn(FACE), OWN.landmarks[:, :2]):
        corners = sorted(target[[painter.eye.outer, painter.eye.inner], 0])
        columns = painted(painter, target)
        assert columns.min() < corners[0] + 3.0
        assert columns.max() > corners[1] - 3.0


def _width(points: Array, painter: EyePainter) -> float:
    eye = painter.eye
    return float(np.linalg.norm(points[eye.outer] - points[eye.inner]))


def test_both_eyes_have_landmarks_beside_them() -> None:
    points = OWN.landmarks
    for eye in EYES:
        side = np.sign(points[eye.outer, 0] - points[eye.inner, 0])
        assert ((points[list(BESIDE[eye]), 0] - points[eye.outer, 0]) * side).min() > 0.0
