"""Shoulders and chest go along with the head as bodies do."""

from dataclasses import replace

import numpy as np
import pytest

from engine.geometry import Array, rotation_from_yaw_pitch_roll, vector_from_rotation
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.warp.head_field import HeadField
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face

SIZE = 256
HEIGHT = 300
"""Of a picture that shows a body to above its hips."""


def forward(motion: RigMotion, at: tuple[float, float], *, is_cut_out: bool = True) -> Array:
    """(2,) px: how far what ends up at a place goes; it lies aside of and below the face's middle,
    in face heights."""
    face = PortraitFace.from_face(made_face())
    matte = np.zeros((HEIGHT, SIZE), np.float32) if is_cut_out else None  # no border cuts anybody
    width = 0.6 if is_cut_out else None
    field = HeadField(face, (HEIGHT, SIZE), half_width=width, matte=matte)
    head = head_motion(face, motion)
    backward = field.backward(head, target_landmarks(face, motion, head))
    place = SIZE / 2 + np.array(at) * field.face_height
    node = np.argmin(np.linalg.norm(field.grid.points - place, axis=-1))
    return np.asarray(-backward.reshape(-1, 2)[node], np.float64)


def gone(right_px: float, down_px: float) -> RigMotion:
    scale = PortraitFace.from_face(made_face()).pose.placement.scale
    return replace(still_motion(), shift=np.array([right_px, down_px]) / scale)


SHOULDER, NECK = (0.6, 1.0), (0.0, 0.8)


def test_a_head_that_nods_leaves_its_shoulders_and_who_sits_down_takes_them_along() -> None:
    assert forward(gone(0.0, 6.0), SHOULDER)[1] == pytest.approx(0.0, abs=0.4)
    assert forward(gone(0.0, 60.0), SHOULDER)[1] == pytest.approx(60.0, rel=0.1)


def test_the_neck_of_who_walks_is_not_stretched() -> None:
    """As far as head and shoulders, between which it lies."""
    assert forward(gone(60.0, 10.0), NECK) == pytest.approx([60.0, 10.0], rel=0.1)


def test_what_the_picture_cuts_off_below_stays_there_when_the_body_goes_up() -> None:
    up = gone(0.0, -70.0)
    ways = [forward(up, (0.3, below))[1] for below in (1.0, 1.25, 9.0)]
    assert ways[0] < ways[1] - 5.0 < ways[2]
    assert ways[2] == pytest.approx(0.0, abs=1.5)


def test_who_comes_nearer_has_broader_shoulders() -> None:
    motion = replace(still_motion(), log_scale=0.2)
    left, right = (forward(motion, (side * 0.6, 1.0))[0] for side in (-1.0, 1.0))
    assert 1.0 < right < 0.6 * 0.2 * 160.0
    assert left == pytest.approx(-right, abs=0.5)


def test_the_crown_turns_with_the_head_up_to_the_pictures_border() -> None:
    """Where nobody was cut out the border holds what lies behind."""
    roll = vector_from_rotation(rotation_from_yaw_pitch_roll(0.0, 0.0, 10.0))
    motion = replace(still_motion(), rotation=roll)
    crown = (0.0, -1.1)
    free, held = (forward(motion, crown, is_cut_out=cut)[0] for cut in (True, False))
    assert free < held - 3.0
