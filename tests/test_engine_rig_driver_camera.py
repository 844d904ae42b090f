"""A camera that shakes is no driver who moves."""

import logging

import numpy as np
import pytest

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.driver.camera import MOVES, Camera
from engine.rig.driver.driver import RigDriver
from tests.faces_made import made_face, textured

FRAME_NS = 33_333_333
FRAMES = 60
SIDE, MARGIN = 256, 16
EASED = 30
"""Frames after which the camera is believed to move."""


def walk() -> Array:
    """(N, 2) px, whole: a hand's shake of 4 % of the picture's side."""
    t = np.arange(FRAMES)[:, None] / 30.0
    way = np.sin(2.0 * np.pi * (np.array([1.3, 1.7]) * t)) * 0.03 * SIDE
    return np.asarray(np.round(way))


def shaken(by: Array, behind: Pixels, *, head: Array | None = None) -> list[tuple[Pixels, Face]]:
    """Pictures of a camera that goes `by` (N, 2) px, and the face in them, which goes `head`."""
    frames = []
    for (x, y), (right, down) in zip(by, by if head is None else head, strict=True):
        left, top = MARGIN - int(x), MARGIN - int(y)
        picture = np.ascontiguousarray(behind[top : top + SIDE, left : left + SIDE])
        frames.append((picture, made_face(SIDE, scale=0.6, shift=(right, down))))
    return frames


def stood(frames: list[tuple[Pixels, Face]]) -> Array:
    """(N, 2) px: where the middle of the face is shown to have been."""
    camera = Camera()
    seen = [camera.standing(*frame, k * FRAME_NS)[1] for k, frame in enumerate(frames)]
    return np.array([face.landmarks[:, :2].mean(axis=0) for face in seen])


@pytest.fixture(scope="module")
def behind() -> Pixels:
    return textured(SIDE + 2 * MARGIN)


def test_a_shake_is_taken_out_of_the_drivers_movement(behind: Pixels) -> None:
    driver, shaking = RigDriver(), shaken(walk(), behind)
    shifts = [driver.read(*frame, k * FRAME_NS).shift for k, frame in enumerate(shaking)]
    raw = np.abs(walk()[EASED:]).max() / (0.0265 * SIDE * 0.6)  # cm
    assert np.abs(shifts[EASED:]).max() < 0.1 * raw


def test_a_driver_who_moves_before_a_shaken_camera_moves_all_the_way(behind: Pixels) -> None:
    own = np.linspace(0.0, 1.0, FRAMES)[:, None] * (20.0, -8.0)
    places = stood(shaken(walk(), behind, head=walk() + own))
    np.testing.assert_allclose((places - places[0])[EASED:], own[EASED:], atol=1.0)


def test_before_a_camera_that_stands_nothing_is_touched(behind: Pixels) -> None:
    camera, still = Camera(), np.zeros((FRAMES, 2))
    for k, (picture, face) in enumerate(shaken(still, behind, head=walk())):
        seen = camera.standing(picture, face, k * FRAME_NS)
        assert seen[0] is picture
        assert seen[1] is face


def test_before_a_plain_wall_all_is_the_drivers_movement() -> None:
    wall = np.full((SIDE + 2 * MARGIN, SIDE + 2 * MARGIN, 3), 170, np.uint8)
    places = stood(shaken(walk(), wall))
    np.testing.assert_allclose(places - places[0], walk(), atol=1e-3)


def test_a_head_that_its_camera_holds_does_not_sway_with_what_lies_behind(behind: Pixels) -> None:
    """Who films himself while he walks."""
    places = stood(shaken(walk(), behind, head=np.zeros((FRAMES, 2))))
    np.testing.assert_allclose(places, places[:1].repeat(FRAMES, axis=0), atol=1e-3)


def test_parts_that_disagree_say_nothing(behind: Pixels) -> None:
    """A curtain at one side of the head blows, the other side stands."""
    frames = shaken(walk(), behind)
    half = SIDE // 2
    for picture, _ in frames:
        picture[:, half:] = behind[MARGIN : MARGIN + SIDE, MARGIN + half : MARGIN + SIDE]
    places = stood(frames)
    np.testing.assert_allclose(places - places[0], walk(), atol=1e-3)


def test_a_moving_camera_is_told_once(behind: Pixels, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        stood(shaken(walk(), behind))
    assert [record.message for record in caplog.records] == [MOVES]
