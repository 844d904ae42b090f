"""A head nods as far as the driver's does, though trackers read nods short."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.cast import FIRST_PERSON, before_the_camera
from engine.faces.canonical import PIVOT_CM
from engine.faces.mesh_tracker import MeshTracker
from engine.geometry import (
    Array,
    rotation_from_vector,
    rotation_from_yaw_pitch_roll,
    vector_from_rotation,
    yaw_pitch_roll,
)
from engine.motion import Edit
from engine.rig.driver.driver import RigDriver
from engine.rig.motion.factors import edited, with_factor
from engine.rig.motion.motion import RigMotion, between, still_motion
from engine.rig.motion.nods import NOSE_CM, missing
from tests.heads_here import FACEKIT, NEEDS_HEADS


def nodding(pitch: float, *, yaw: float = 0.0, roll: float = 0.0) -> RigMotion:
    """As a driver reads it."""
    rotation = vector_from_rotation(rotation_from_yaw_pitch_roll(yaw, pitch, roll))
    return replace(still_motion(), rotation=rotation, nod=missing(rotation))


def angles(motion: RigMotion) -> tuple[float, float, float]:
    return yaw_pitch_roll(rotation_from_vector(motion.rotation))


@pytest.mark.parametrize("pitch", [-3.0, 0.0, 4.0])
def test_a_small_nod_is_left_as_it_was_read(pitch: float) -> None:
    motion = nodding(pitch, yaw=20.0)
    assert motion.nod == 0.0
    assert motion.nodded is motion


def test_more_of_a_nod_is_never_shown_as_less_of_it() -> None:
    shown = [angles(nodding(pitch).nodded)[1] for pitch in np.arange(-60.0, 60.0, 0.5)]
    steps = np.diff(shown)
    assert steps.min() > 0.45
    assert steps.max() < 1.0


@pytest.mark.parametrize(("yaw", "roll"), [(0.0, 0.0), (30.0, 0.0), (-25.0, 15.0), (0.0, -30.0)])
@pytest.mark.parametrize("pitch", [-15.0, 15.0])
def test_a_nod_is_lengthened_whatever_else_the_head_does(
    pitch: float, yaw: float, roll: float
) -> None:
    motion = nodding(pitch, yaw=yaw, roll=roll)
    gone = 1.35 if pitch > 0.0 else 1.2
    np.testing.assert_allclose(angles(motion.nodded), (yaw, pitch * gone, roll), atol=1e-6)


def test_the_nose_stays_where_it_is_seen() -> None:
    motion = replace(nodding(14.0, yaw=10.0), shift=np.array([0.5, 1.2]), log_scale=0.1)

    def nose(of: RigMotion) -> Array:
        turned = np.exp(of.log_scale) * rotation_from_vector(of.rotation) @ (NOSE_CM - PIVOT_CM)
        return np.asarray(turned[:2] * (1.0, -1.0) + of.shift)

    np.testing.assert_allclose(nose(motion.nodded), nose(motion), atol=1e-9)
    assert motion.nodded.shift[1] < motion.shift[1] - 0.5, "a head that nods does not sink as far"


def test_what_lies_around_the_face_nods_farther_than_the_face() -> None:
    motion = replace(nodding(15.0), rim_share=0.5)
    assert angles(motion)[1] == pytest.approx(15.0)
    assert angles(motion.of_rim)[1] == pytest.approx(0.5 * 20.25)


def test_a_head_alone_nods_all_of_the_way_and_an_expression_not_at_all() -> None:
    motion = nodding(15.0)
    pose = edited(motion, Edit(mode="pose"))
    assert angles(pose)[1] == pytest.approx(20.25)
    assert pose.nod == 0.0
    expression = edited(motion, Edit(mode="expression"))
    assert not expression.nodded.rotation.any()


def test_a_nod_goes_where_the_pose_goes() -> None:
    nod, still = nodding(15.0), still_motion()
    assert with_factor(still, "pose", nod).nod == nod.nod
    assert with_factor(nod, "pose", still).nod == 0.0
    assert with_factor(nod, "lips", still).nod == nod.nod
    assert edited(nod, Edit(gains={"pose": 0.5})).nod == pytest.approx(0.5 * nod.nod)
    assert between(still, nod, 0.25).nod == pytest.approx(0.25 * nod.nod)
    assert nod.eased(1.0).nod == 0.0


@pytest.mark.slow
@NEEDS_HEADS
def test_nods_of_rendered_heads_are_read_as_they_are() -> None:
    from training.heads import facekit
    from training.heads.factors import Expression
    from training.heads.posing import Pose
    from training.heads.quality import TRAINING
    from training.heads.renderer import Renderer

    renderer, tracker = Renderer(facekit.load(Path(FACEKIT)), TRAINING), MeshTracker()

    def read(person: int, pitch: float, yaw: float) -> RigMotion:
        actor, shot = before_the_camera(renderer, FIRST_PERSON + person)
        driver, seen = RigDriver(), still_motion()
        for share in (0.0, 1.0):
            pose = Pose(pitch=np.radians(pitch * share), yaw=np.radians(yaw * share))
            expression = Expression(blink=(0.04, 0.04))
            picture = renderer.render(
                actor, replace(shot, pose=pose, expression=expression)
            ).picture
            tracker.reset()
            face = tracker.find(picture)
            assert face is not None
            seen = driver.read(picture, replace(face, shot=0), 0)
        return seen

    for pitch, yaw in ((20.0, 0.0), (-20.0, 0.0), (20.0, 25.0), (-20.0, -25.0)):
        seen = [read(person, pitch, yaw) for person in (2, 7, 9)]
        assert np.mean([angles(each.nodded)[1] for each in seen]) == pytest.approx(pitch, abs=3.0)
        for each in seen:
            assert abs(each.nodded.shift[1]) < abs(each.shift[1]) - 0.4
