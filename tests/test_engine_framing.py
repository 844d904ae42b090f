"""A portrait is framed and scaled with its face staying where it is in the picture."""

import logging

import numpy as np
import pytest

from engine.errors import InputError
from engine.framing import FACE_SIDE, Framing, fit_portrait
from tests.fakes import DISC, DiscTracker, disc_face, disc_picture


def test_the_full_frame_keeps_the_aspect_and_ends_even() -> None:
    picture, _ = fit_portrait(
        disc_picture(901, 700, (450, 300)), disc_face((450, 300), 20), frame="full", size=300
    )
    assert picture.shape == (300, 386, 3)  # 901 * 300 / 700 = 386.1
    assert picture.flags.c_contiguous


def test_a_picture_that_fits_already_is_left_alone() -> None:
    portrait, face = disc_picture(300, 256, (100, 100)), disc_face((100, 100), 20)
    same, same_face = fit_portrait(portrait, face, frame="full", size=256)
    np.testing.assert_array_equal(same, portrait)
    np.testing.assert_array_equal(same_face.landmarks, face.landmarks)


@pytest.mark.parametrize("frame", ["full", "face"])
@pytest.mark.parametrize("size", [256, 720])
@pytest.mark.parametrize("shape", [(640, 481), (333, 800), (90, 120)])
def test_the_face_stays_on_its_disc(frame: Framing, size: int, shape: tuple[int, int]) -> None:
    centre, radius = (shape[0] * 0.4, shape[1] * 0.45), min(shape) * 0.2
    picture, face = fit_portrait(
        disc_picture(*shape, centre, radius), disc_face(centre, radius), frame=frame, size=size
    )
    found = DiscTracker().find(picture)
    assert found is not None
    tolerance = 1.0 * size / min(shape) + 0.5  # the disc has hard pixels in the small picture
    np.testing.assert_allclose(face.box, found.box, atol=tolerance)
    assert min(picture.shape[:2]) == size


def test_the_square_is_as_large_as_said_and_has_the_face_inside() -> None:
    picture, face = fit_portrait(
        disc_picture(1000, 800, (500, 400), 100), disc_face((500, 400), 100), frame="face", size=420
    )
    left, top, right, bottom = face.box
    assert picture.shape == (420, 420, 3)
    assert bottom - top == pytest.approx(420 / FACE_SIDE, rel=0.01)
    assert (left + right) / 2 == pytest.approx(210, abs=1.5)
    assert 200 < (top + bottom) / 2 < 235  # a little below the middle: hair needs room above


@pytest.mark.parametrize("centre", [(5, 5), (795, 5), (5, 595), (795, 595)])
def test_the_square_never_leaves_the_picture(centre: tuple[float, float]) -> None:
    """A repeated edge would stand still beside a head that moves: here it would be a blue band."""
    portrait = np.full((600, 800, 3), (10, 200, 30), np.uint8)
    portrait[[0, -1]] = portrait[:, [0, -1]] = (0, 0, 255)
    picture, _ = fit_portrait(portrait, disc_face(centre, 150), frame="face", size=600)
    assert picture.shape == (600, 600, 3)
    blue = (picture[..., 2] > 200).all(axis=0)
    assert blue.sum() <= 1


def test_a_face_outside_the_picture_still_gives_a_square() -> None:
    portrait = np.full((100, 100, 3), DISC, np.uint8)
    picture, _ = fit_portrait(portrait, disc_face((90, 90), 60), frame="face", size=256)
    assert picture.shape == (256, 256, 3)


def test_enlarging_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit_portrait(disc_picture(200, 180, None), disc_face((90, 90), 20), frame="full", size=256)
    assert "180 pixels" in caplog.text
    assert "256" in caplog.text


def test_shrinking_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit_portrait(disc_picture(600, 500, None), disc_face((90, 90), 20), frame="full", size=256)
    assert not caplog.records


def test_a_very_long_picture_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError, match="--frame face"):
        fit_portrait(disc_picture(3000, 200, None), disc_face((90, 90), 20), frame="full", size=512)


@pytest.mark.parametrize("size", [0, 254, 301, 1082])
def test_a_size_that_cannot_be_meant_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        fit_portrait(disc_picture(300, 300, None), disc_face((90, 90), 20), frame="full", size=size)
