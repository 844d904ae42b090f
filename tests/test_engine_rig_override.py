"""A pose that is held stays held, eyes stay on the camera, and no switch makes a jump."""

from dataclasses import replace

import numpy as np
import pytest

from engine.geometry import rotation_from_vector
from engine.motion import Edit
from engine.rig.motion import RigMotion, still_motion
from engine.rig.override import EYE_RADIUS_CM, PASS_S, RigOverride, gaze_at_camera

FRAME_NS = 33_000_000
IRISES = slice(468, 478)


def turned(yaw: float, *, mouth: float = 0.0) -> RigMotion:
    """A head turned about the vertical axis, and a mouth that is open."""
    still = still_motion()
    offsets = still.offsets.copy()
    offsets[14, 1] = -mouth
    return replace(
        still,
        rotation=np.array([0.0, yaw, 0.0]),
        shift=np.array([yaw, 0.0]),
        log_scale=yaw / 10,
        offsets=offsets,
    )


def settled(override: RigOverride, motion: RigMotion, edit: Edit | None = None) -> RigMotion:
    """What comes out once every switch has passed over."""
    shown = motion
    for index in range(round(PASS_S * 1e9 / FRAME_NS) + 2):
        shown = override(motion, edit or Edit(), index * FRAME_NS)
    return shown


def test_without_a_switch_the_motion_passes_untouched() -> None:
    motion = turned(0.2)
    assert RigOverride()(motion, Edit(), 0) is motion


def test_a_frozen_head_keeps_its_pose_and_the_face_goes_on() -> None:
    override = RigOverride()
    override.freezes_pose = True
    settled(override, turned(0.2))
    shown = override(turned(-0.3, mouth=0.5), Edit(), 10**10)
    np.testing.assert_allclose(shown.rotation, [0.0, 0.2, 0.0])
    np.testing.assert_allclose(shown.shift, [0.2, 0.0])
    assert shown.log_scale == pytest.approx(0.02)
    assert shown.offsets[14, 1] == -0.5


def test_letting_the_head_go_eases_back_to_the_driver() -> None:
    override = RigOverride()
    override.freezes_pose = True
    settled(override, turned(0.2))
    override.freezes_pose = False
    yaws = [
        float(override(turned(-0.2), Edit(), 10**9 + index * FRAME_NS).rotation[1])
        for index in range(30)
    ]
    assert yaws[-1] == pytest.approx(-0.2)
    assert np.abs(np.diff(yaws)).max() <= 0.4 * 0.034 / PASS_S + 1e-9
    assert np.all(np.diff(yaws) <= 1e-12)


def test_freezing_again_takes_the_pose_of_that_moment() -> None:
    override = RigOverride()
    override.freezes_pose = True
    settled(override, turned(0.2))
    override.freezes_pose = False
    settled(override, turned(0.0))
    override.freezes_pose = True
    shown = settled(override, turned(-0.1))
    np.testing.assert_allclose(shown.rotation, [0.0, -0.1, 0.0], atol=1e-9)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("angle", [-0.3, 0.15])
def test_eyes_turn_against_the_head(axis: int, angle: float) -> None:
    """Turned into the camera's frame again, the iris must lie on the line to the camera."""
    vector = np.zeros(3)
    vector[axis] = angle
    motion = replace(still_motion(), rotation=vector)
    offset = gaze_at_camera(motion, Edit()).offsets[468]
    depth = np.sqrt(EYE_RADIUS_CM**2 - (offset[:2] ** 2).sum())
    towards = rotation_from_vector(vector) @ np.array([offset[0], offset[1], depth])
    np.testing.assert_allclose(towards, [0.0, 0.0, EYE_RADIUS_CM], atol=1e-9)


def test_a_head_that_is_straight_has_its_eyes_straight() -> None:
    looking_away = replace(still_motion(), offsets=np.full((478, 3), 0.3))
    shown = gaze_at_camera(looking_away, Edit())
    np.testing.assert_array_equal(shown.offsets[IRISES], 0.0)
    np.testing.assert_array_equal(shown.offsets[:468], 0.3)


def test_the_eyes_follow_the_head_that_is_shown_not_the_one_that_was_read() -> None:
    motion = turned(0.3)
    straight = gaze_at_camera(motion, Edit(mode="expression"))
    np.testing.assert_array_equal(straight.offsets[IRISES], 0.0)
    half = gaze_at_camera(motion, Edit(gains={"pose": 0.5})).offsets[468, 0]
    assert half == pytest.approx(gaze_at_camera(turned(0.15), Edit()).offsets[468, 0])


def test_the_gaze_gain_does_not_pull_the_eyes_off_the_camera() -> None:
    edit = Edit(gains={"gaze": 0.5})
    shown = gaze_at_camera(turned(0.2), edit).offsets[468, 0] * edit.gain("gaze")
    assert shown == pytest.approx(gaze_at_camera(turned(0.2), Edit()).offsets[468, 0])


def test_looking_at_the_camera_comes_and_goes_without_a_jump() -> None:
    override = RigOverride()
    motion = turned(0.4)
    seen = []
    for index in range(60):
        override.looks_at_camera = index < 30
        seen.append(float(override(motion, Edit(), index * FRAME_NS).offsets[468, 0]))
    full = float(gaze_at_camera(motion, Edit()).offsets[468, 0])
    assert seen[29] == pytest.approx(full)
    assert seen[-1] == 0.0
    assert np.abs(np.diff(seen)).max() <= abs(full) * 0.034 / PASS_S + 1e-9
