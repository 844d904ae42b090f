"""Behind a person who moves, the background goes on: with its grain, and without the person."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.rig.warp.backdrop import filled
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.layers import split, with_face
from engine.rig.warp.target import PortraitFace
from tests.faces_made import made_face
from tests.rig_made import SIZE, person

GRID = PortraitFlow(PortraitFace.from_face(made_face(SIZE)), (SIZE, SIZE), half_width=0.6).head.grid
RED = (220, 20, 20)


def before(background: Pixels, matte: NDArray[np.float32]) -> Pixels:
    """A red person before it."""
    return np.where(matte[..., None] > 0.5, np.array(RED, np.uint8), background)


def uncovered(matte: NDArray[np.float32], low: int, high: int) -> NDArray[np.bool_]:
    """What a moving head uncovers first: so many px within the person, beside the head."""
    depth = cv2.distanceTransform((matte > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    beside = np.zeros(matte.shape, bool)
    beside[60:150] = True
    return np.asarray((depth > low) & (depth < high) & beside)


def test_no_trace_of_the_person_stays_in_the_background() -> None:
    matte = person()
    background = split(
        before(np.full((SIZE, SIZE, 3), 90, np.uint8), matte), matte, GRID
    ).background
    assert background[uncovered(matte, 0, 60)].max() < 100
    assert background[uncovered(matte, 0, 60)].min() > 80


@pytest.mark.parametrize("blur_px", [0.8, 2.0])
def test_its_grain_goes_on(blur_px: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, 1.0, (SIZE, SIZE)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), blur_px))
    grey = np.clip(120.0 + 25.0 * soft / soft.std(), 0, 255).astype(np.uint8)
    matte = person()
    shown = split(before(np.repeat(grey[..., None], 3, axis=2), matte), matte, GRID).background
    inside = shown[uncovered(matte, 3, 14)].astype(float)
    assert inside.std() > 0.6 * grey.std()


def test_the_light_of_a_plain_wall_is_not_mirrored() -> None:
    light = np.linspace(60.0, 200.0, SIZE)
    wall = np.repeat(np.broadcast_to(light, (SIZE, SIZE))[..., None], 3, axis=2).astype(np.uint8)
    matte = person()
    shown = split(before(wall, matte), matte, GRID).background
    ring = uncovered(matte, 3, 20)
    off = np.abs(shown[ring].astype(float) - wall[ring]).mean()
    depth = cv2.distanceTransform((matte > 0.5).astype(np.uint8), cv2.DIST_L2, 5)[ring]
    mirrored = 2.0 * (light[1] - light[0]) * depth.mean()
    assert off < 0.8 * mirrored


def test_what_lies_beside_a_person_is_as_it_was() -> None:
    rng = np.random.default_rng(2)
    background = rng.integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    matte = person()
    shown = split(before(background, matte), matte, GRID).background
    far = cv2.distanceTransform((matte < 0.5).astype(np.uint8), cv2.DIST_L2, 5) > 12.0
    np.testing.assert_array_equal(shown[far], background[far])


def test_a_picture_that_is_all_person_is_filled_with_something() -> None:
    picture = np.full((40, 60, 3), 77, np.uint8)
    assert filled(picture, np.ones((40, 60), np.float32)).shape == picture.shape


def test_a_face_has_no_holes_whatever_the_segmentation_takes_for_wall() -> None:
    """The white blaze of a drawn dog."""
    landmarks = made_face(SIZE).landmarks.astype(np.float64)
    matte = person()
    nose = landmarks[4, :2].round().astype(int)
    matte[nose[1] - 20 : nose[1], nose[0] - 5 : nose[0] + 5] = 0.0
    whole = with_face(matte, landmarks)
    assert whole[nose[1] - 20 : nose[1], nose[0] - 5 : nose[0] + 5].min() == 1.0
    outside = person() == 0.0
    assert not whole[outside].any()
