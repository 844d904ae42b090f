"""A crop goes back to its place exactly, and its edge is not seen."""

import numpy as np
import pytest

from engine.compositing import Backdrop, face_mask
from engine.faces.crop import CropBox
from tests.faces_made import made_face, textured

SIZE = 64


def full_mask() -> np.ndarray:
    return np.ones((SIZE, SIZE), np.float32)


def test_the_mask_is_one_on_the_face_and_nothing_at_the_crops_border() -> None:
    face = made_face(SIZE)
    mask = face_mask(face, SIZE)
    left, top, right, bottom = face.box
    assert mask.dtype == np.float32
    assert mask[int(top) + 2 : int(bottom) - 2, int(left) + 8 : int(right) - 8].min() > 0.9
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.max() == 0.0
    steps = np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max()
    assert max(steps) < 0.25  # no visible edge


def test_the_mask_reaches_below_the_chin_as_far_as_it_opens() -> None:
    closed, opened = made_face(SIZE), made_face(SIZE, jawOpen=1.0)
    x, y = opened.landmarks[152, :2]  # the chin
    assert y > closed.landmarks[152, 1]
    assert face_mask(closed, SIZE)[round(float(y)), round(float(x))] > 0.7


def test_a_crop_that_was_not_changed_leaves_the_picture_as_it_was() -> None:
    picture = textured(96)
    box = CropBox(x=47.5, y=40.5, side=SIZE)
    crop = box.cut(picture, SIZE).astype(np.float32)
    result = Backdrop(picture, box.crop_to_frame(SIZE), full_mask()).paste(crop)
    np.testing.assert_array_equal(result, picture)


@pytest.mark.parametrize("side", [40.0, 64.0, 111.3])
def test_a_spot_lands_where_it_was_cut(side: float) -> None:
    picture = np.zeros((150, 180, 3), np.uint8)
    box = CropBox(x=90.0, y=71.5, side=side)
    y, x = np.mgrid[:SIZE, :SIZE]
    crop = (200.0 * np.exp(-((x - 20) ** 2 + (y - 41) ** 2) / 18))[..., None].repeat(3, 2)
    result = Backdrop(picture, box.crop_to_frame(SIZE), full_mask()).paste(crop.astype(np.float32))
    rows, columns = np.mgrid[:150, :180]
    weight = result[..., 0] / result[..., 0].sum()
    wanted = box.crop_to_frame(SIZE) @ np.array([20.0, 41.0, 1.0])
    found = np.array([(columns * weight).sum(), (rows * weight).sum()])
    np.testing.assert_allclose(found, wanted, atol=0.1)


def test_outside_the_mask_the_picture_keeps_every_pixel() -> None:
    picture, box = textured(96), CropBox(x=47.5, y=47.5, side=SIZE)
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[24:40, 24:40] = 1.0
    result = Backdrop(picture, box.crop_to_frame(SIZE), mask).paste(
        np.full((SIZE, SIZE, 3), 255.0, np.float32)
    )
    changed = (result != picture).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert rows.min() >= 16 + 24 - 1
    assert rows.max() <= 16 + 40
    assert columns.min() >= 16 + 24 - 1
    assert columns.max() <= 16 + 40


@pytest.mark.parametrize("centre", [(0.0, 0.0), (95.0, 40.0), (50.0, 120.0)])
def test_a_crop_that_leaves_the_picture_is_cut_off_there(centre: tuple[float, float]) -> None:
    picture, box = textured(96), CropBox(x=centre[0], y=centre[1], side=80.0)
    crop = np.zeros((SIZE, SIZE, 3), np.float32)
    result = Backdrop(picture, box.crop_to_frame(SIZE), full_mask()).paste(crop)
    assert result.shape == picture.shape
    y, x = np.mgrid[:96, :96]
    inside = (np.abs(x - centre[0]) < 39) & (np.abs(y - centre[1]) < 39)
    outside = (np.abs(x - centre[0]) > 42) | (np.abs(y - centre[1]) > 42)
    assert result[inside].max(initial=0) == 0
    np.testing.assert_array_equal(result[outside], picture[outside])


def test_a_crop_beside_the_picture_changes_nothing() -> None:
    picture, box = textured(96), CropBox(x=300.0, y=300.0, side=80.0)
    backdrop = Backdrop(picture, box.crop_to_frame(SIZE), full_mask())
    np.testing.assert_array_equal(backdrop.paste(np.zeros((SIZE, SIZE, 3), np.float32)), picture)
