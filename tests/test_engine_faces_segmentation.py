from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.faces.matting import LEAST_VARIANCE, linear_fit, moved_to_edges, stretched
from engine.faces.mesh_tracker import MeshTracker
from engine.faces.segmentation import PersonSegmenter, faded, only_the_one_at, part_around
from engine.pictures import open_picture
from tests.drawn_faces import draw_face, drawn_picture

MEDIA = Path(__file__).parents[2] / "shared" / "media"


@pytest.fixture(scope="module")
def segmenter() -> PersonSegmenter:
    return PersonSegmenter()


def test_a_drawn_person_is_cut_out_and_the_wall_is_not(segmenter: PersonSegmenter) -> None:
    matte = segmenter.matte(drawn_picture(half_width=50, shoulders=True), (108, 110, 212, 232))
    assert matte.shape == (320, 320)
    assert matte.dtype == np.float32
    assert matte.min() >= 0
    assert matte.max() <= 1
    assert matte[80:210, 130:190].min() > 0.9
    assert matte[280:, 100:220].min() > 0.9
    assert matte[:50].max() < 0.1
    assert matte[:180, :80].max() < 0.1


def test_somebody_else_is_background(segmenter: PersonSegmenter) -> None:
    picture = np.full((320, 640, 3), (170, 180, 190), np.uint8)
    draw_face(picture, 150, 130, 50, shoulders=True)
    draw_face(picture, 490, 130, 50, shoulders=True)
    matte = segmenter.matte(picture, (98, 80, 202, 202))
    assert matte[100:180, 120:180].mean() > 0.9
    assert matte[:, 400:].max() < 0.1


@pytest.mark.parametrize("box", [(-500, -500, -400, -400), (900, 10, 950, 60), (10, 10, 10, 10)])
def test_a_face_outside_the_picture_has_no_matte(
    segmenter: PersonSegmenter, box: tuple[float, float, float, float]
) -> None:
    assert not segmenter.matte(drawn_picture(), box).any()


@pytest.mark.parametrize("size", [(40, 30), (33, 500), (500, 33)])
def test_odd_sizes_give_a_matte_of_the_same_size(
    segmenter: PersonSegmenter, size: tuple[int, int]
) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    matte = segmenter.matte(picture, (5, 5, 25, 25))
    assert matte.shape == size
    assert np.isfinite(matte).all()


@pytest.mark.skipif(not MEDIA.exists(), reason="../shared/media is missing")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["astronaut.png", "s9.jpg", "stock-emotions-a-5.jpg"])
def test_a_portraits_face_is_in_and_its_upper_corners_are_out(
    segmenter: PersonSegmenter, name: str
) -> None:
    picture = open_picture(MEDIA / "portraits" / name)
    face = MeshTracker().find(picture)
    assert face is not None
    matte = segmenter.matte(picture, face.box)
    outline = cv2.convexHull(face.landmarks[:468, :2].astype(np.float32))
    inside = cv2.fillConvexPoly(np.zeros(matte.shape, np.uint8), outline.astype(np.int32), 1)
    assert np.percentile(matte[inside > 0], 1) > 0.9
    assert matte[: round(face.box[1]) // 3, : picture.shape[1] // 8].max() < 0.05


def test_a_part_is_a_square_as_far_as_the_picture_goes() -> None:
    assert part_around((40, 40, 60, 50), 2.0, 200, 200) == (30, 25, 70, 65)
    assert part_around((0, 0, 20, 20), 2.0, 25, 200) == (0, 0, 25, 30)


def test_a_part_fades_only_inside_the_picture() -> None:
    weight = faded((0, 20, 80, 100), 100, 100)  # left and bottom edges are the picture's
    assert weight.shape == (80, 80)
    assert weight[40, 0] == 1
    assert weight[79, 20] == 1
    assert weight[0, 20] < 0.1
    assert weight[40, 79] < 0.1


def test_only_the_person_with_the_face_is_kept() -> None:
    matte = np.zeros((20, 40), np.float32)
    matte[5:15, 2:12], matte[5:15, 25:38] = 0.8, 1.0
    kept = only_the_one_at(matte, (4, 6, 9, 11), 2)
    np.testing.assert_array_equal(kept[:, :20], matte[:, :20])
    assert not kept[:, 20:].any()


def test_the_filters_function_reproduces_a_matte_that_follows_colour() -> None:
    rng = np.random.default_rng(0)
    colour = rng.uniform(0, 1, (40, 50, 3)).astype(np.float32)
    matte = (colour @ np.array([0.5, 0.3, -0.2], np.float32) + 0.1).astype(np.float32)
    gain, offset = linear_fit(colour, matte, 4)
    fitted = (gain * colour).sum(axis=-1) + offset
    assert np.abs(fitted - matte).max() < 0.02  # epsilon is small beside the colours' variance
    assert colour.var() > 100 * LEAST_VARIANCE


def test_an_edge_that_is_off_moves_to_the_pictures() -> None:
    picture = np.full((64, 64, 3), 30, np.uint8)
    picture[:, 32:] = 220
    matte = np.zeros((64, 64), np.float32)
    matte[:, 28:] = 1.0  # four pixels too early
    moved = moved_to_edges(picture, matte, 8)
    assert moved[32, 40:].min() > 0.95
    assert moved[32, :20].max() < 0.05
    assert moved[32, 32] - moved[32, 31] > 0.3
    assert moved[32, 32] > 0.9
    assert moved[32, 31] < 0.6  # it was 1


def test_stretching_makes_nearly_whole_whole() -> None:
    values = np.array([0.0, 0.1, 0.5, 0.9, 1.0], np.float32)
    np.testing.assert_allclose(stretched(values, 0.1), [0, 0, 0.5, 1, 1], atol=1e-6)
