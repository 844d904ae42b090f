"""The skin that no expression moves tells a head that moves from a face that does."""

import numpy as np
import pytest

from engine.rig.driver.driver import RigDriver, rigid_movement
from engine.rig.driver.face_check import FaceCheck
from engine.rig.driver.reading import read_face
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face, textured


def test_a_movement_that_the_skin_shows_is_the_heads_and_no_other() -> None:
    picture = textured()
    neutral = read_face(made_face(), picture)
    check = FaceCheck(neutral, picture)
    moved = rigid_movement(neutral, read_face(made_face(shift=(4.0, -2.0))))
    assert check.confirmed(moved, np.roll(picture, (-2, 4), axis=(0, 1))) > 0.95
    assert check.confirmed(moved, picture) < 0.05
    half = check.confirmed(moved, np.roll(picture, (-1, 2), axis=(0, 1)))
    assert half == pytest.approx(0.5, abs=0.12)


def _smile_that_reads_as_a_turn(yaw: float) -> RigMotion:
    """The picture stays as it is: nothing of the head has moved."""
    driver = RigDriver()
    driver.calibrate(textured(), made_face())
    return driver.read(textured(), made_face(yaw=yaw, jawOpen=0.1), 0)


def test_what_the_skin_denies_is_expression() -> None:
    motion = _smile_that_reads_as_a_turn(4.0)
    np.testing.assert_allclose(motion.rotation, 0.0, atol=1e-6)
    np.testing.assert_allclose(motion.shift, 0.0, atol=1e-6)
    portrait = PortraitFace.from_face(made_face())
    target = target_landmarks(portrait, motion, head_motion(portrait, motion))
    nose, asked = target[4, :2], made_face(yaw=4.0).landmarks[4, :2]
    np.testing.assert_allclose(nose, asked, atol=0.2)


def test_more_than_an_expression_can_do_is_the_heads_whatever_the_picture_shows() -> None:
    turned = [np.degrees(_smile_that_reads_as_a_turn(yaw).rotation[1]) for yaw in (6.0, 8.5, 11.5)]
    assert turned == sorted(turned)
    assert turned[0] < 1.0
    assert turned[2] == pytest.approx(11.5, abs=0.2)
