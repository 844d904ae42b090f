from dataclasses import replace

import numpy as np
import pytest

from engine.faces.crop import CropBox, CropFollower, framing, portrait_crop
from engine.faces.face import Face

FRAME_NS = 33_366_667
LOWER_FACE = [13, 14, 17, 152, 148, 377, 200, 175]  # lips and chin


def face(x: float = 320, y: float = 240, size: float = 100, seed: int = 3) -> Face:
    """A cloud of points in the shape of no face, which a crop of points cannot tell."""
    cloud = np.random.default_rng(seed).normal(0, 1, (478, 3)).clip(-2, 2)
    landmarks = (cloud * size + [x, y, 0]).astype(np.float32)
    return Face(landmarks=landmarks, confidence=1.0)


def turned(one: Face, yaw_rad: float) -> Face:
    middle = one.landmarks.mean(axis=0)
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return replace(one, landmarks=((one.landmarks - middle) @ turn.T + middle).astype(np.float32))


def follow(faces: list[Face], follower: CropFollower | None = None) -> list[CropBox]:
    follower = follower or CropFollower()
    return [follower.update(one, index * FRAME_NS) for index, one in enumerate(faces)]


def as_rows(boxes: list[CropBox]) -> np.ndarray:
    return np.array([(box.x, box.y, box.side) for box in boxes])


def test_the_two_maps_undo_each_other() -> None:
    box = CropBox(x=100.5, y=40.0, side=77.0)
    there, back = (
        np.vstack([m, [0, 0, 1]]) for m in (box.crop_to_frame(64), box.frame_to_crop(64))
    )
    np.testing.assert_allclose(there @ back, np.eye(3), atol=1e-12)


def test_a_crop_of_its_own_size_copies_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (50, 60, 3), dtype=np.uint8)
    box = CropBox(x=29.5, y=24.5, side=20)
    np.testing.assert_array_equal(box.cut(picture, 20), picture[15:35, 20:40])


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_smaller_crop_averages_and_stays_in_place(factor: int) -> None:
    ramp = np.arange(240, dtype=np.uint8)[None, :, None].repeat(240, axis=0).repeat(3, axis=2)
    box = CropBox(x=119.5, y=119.5, side=40 * factor)
    crop = box.cut(ramp, 40)
    expected = (box.crop_to_frame(40)[0] * [1, 0, 1]) @ np.array(
        [np.arange(40), [0] * 40, [1] * 40]
    )
    assert np.abs(crop[20, :, 0] - expected).max() <= 1


def test_beyond_the_picture_its_edge_goes_on() -> None:
    picture = np.full((20, 20, 3), 200, np.uint8)
    assert CropBox(x=0, y=0, side=30).cut(picture, 30).min() == 200


def test_a_face_moves_into_the_crop_with_its_pixels() -> None:
    box = CropBox(x=320, y=240, side=512)
    moved = box.face(face(), 256)
    np.testing.assert_allclose(moved.landmarks[5, 2], face().landmarks[5, 2] / 2, rtol=1e-5)
    place = box.crop_to_frame(256) @ [*moved.landmarks[5, :2], 1]
    np.testing.assert_allclose(place, face().landmarks[5, :2], rtol=1e-5)


def test_speaking_and_turning_do_not_move_the_frame() -> None:
    speaking = face()
    speaking.landmarks[LOWER_FACE, 1] += 40
    assert framing(speaking) == framing(face())
    assert framing(turned(face(), 0.5)).side == pytest.approx(framing(face()).side, rel=1e-5)


def test_a_head_that_stays_in_the_middle_leaves_the_crop_alone() -> None:
    still = framing(face())
    sway = [face(x=320 + 0.07 * still.side * np.sin(i / 5)) for i in range(120)]
    rows = as_rows(follow([face(), *sway]))
    assert np.ptp(rows, axis=0).max() == 0


def test_the_crop_does_not_breathe_when_the_size_trembles() -> None:
    rng = np.random.default_rng(1)
    rows = as_rows(follow([face(size=100 * (1 + rng.normal(0, 0.02))) for _ in range(120)]))
    assert np.ptp(rows[:, 2]) == 0


def test_the_crop_goes_along_without_a_jerk_and_keeps_the_head_in_view() -> None:
    side = framing(face()).side
    walk = [face(x=320 + 2 * side * min(i, 60) / 60) for i in range(150)]
    rows = as_rows(follow(walk))
    heads = np.array([framing(one).x for one in walk])
    assert np.abs(rows[:, 0] - heads).max() < 0.25 * side
    assert np.abs(rows[-1, 0] - heads[-1]) < 0.09 * side
    jerk = np.abs(np.diff(rows[:, 0], 2)).max()
    assert jerk < np.diff(heads).max() / 3  # the head itself starts within one frame


def test_another_face_is_framed_at_once() -> None:
    follower = CropFollower()
    follow([face()] * 3, follower)
    there = face(x=2000)
    assert follower.update(there, 4 * FRAME_NS) == framing(there)


def test_after_a_reset_the_next_face_is_framed_at_once() -> None:
    follower = CropFollower()
    follow([face()], follower)
    follower.reset()
    near = face(x=330)
    assert follower.update(near, FRAME_NS) == framing(near)


def test_the_lag_is_stated() -> None:
    assert CropFollower().lag_ms == pytest.approx(199, abs=1)


def test_a_portrait_is_framed_inside_its_picture() -> None:
    box = portrait_crop(face(x=200, y=200, size=100), 2000, 2000)
    assert box.x == pytest.approx(box.side / 2 - 0.5)
    assert box.y == pytest.approx(box.side / 2 - 0.5)
    assert box.side == pytest.approx(framing(face()).side)


def test_a_portrait_too_narrow_for_the_crop_stands_in_its_middle() -> None:
    box = portrait_crop(face(x=40), 101, 2000)
    assert box.x == 50
