import numpy as np
import pytest

from engine.faces.detection import (
    SIZE,
    Detection,
    anchors,
    decode,
    overlap,
    parts,
    scores,
    square_at,
    without_overlaps,
)


def at(left: float, top: float, right: float, bottom: float, score: float = 0.9) -> Detection:
    return Detection(
        box=(left, top, right, bottom),
        right_eye=(left, top),
        left_eye=(right, top),
        score=score,
    )


def test_anchors_stand_in_the_middle_of_their_cells() -> None:
    places = anchors()
    assert places.shape == (896, 2)
    np.testing.assert_array_equal(places[:3], [(4, 4), (4, 4), (12, 4)])
    np.testing.assert_array_equal(places[512:519:6], [(8, 8), (24, 8)])
    np.testing.assert_array_equal(places[-1], (120, 120))


def test_a_row_is_decoded_about_its_anchor() -> None:
    rows = np.zeros((896, 16), np.float32)
    rows[5, :8] = [1, 2, 20, 10, -3, -4, 3, -4]
    sure = np.zeros(896)
    sure[5] = 0.8
    boxes, kept = decode(rows, sure, anchors())
    x, y = anchors()[5] + (1, 2)
    np.testing.assert_allclose(kept, [0.8])
    np.testing.assert_allclose(boxes[0, :2], [(x - 10, y - 5), (x + 10, y + 5)])
    np.testing.assert_allclose(boxes[0, 2:], anchors()[5] + np.array([(-3, -4), (3, -4)]))


def test_scores_are_shares_even_of_absurd_logits() -> None:
    np.testing.assert_allclose(
        scores(np.array([-1e9, 0, 1e9], np.float32)), [0, 0.5, 1], atol=1e-30
    )


def test_overlap_is_the_shared_part_of_the_union() -> None:
    assert overlap(at(0, 0, 10, 10), at(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap(at(0, 0, 10, 10), at(20, 0, 30, 10)) == 0
    assert overlap(at(0, 0, 0, 0), at(0, 0, 0, 0)) == 0


def test_boxes_of_one_face_become_their_weighed_mean() -> None:
    one, other = at(0, 0, 10, 10, 0.9), at(2, 0, 12, 10, 0.6)
    (face,) = without_overlaps([other, one])
    assert face.box == pytest.approx((0.8, 0, 10.8, 10))
    assert face.score == 0.9


def test_two_faces_stay_two_best_first() -> None:
    faces = without_overlaps([at(0, 0, 10, 10, 0.6), at(50, 0, 60, 10, 0.9)])
    assert [face.score for face in faces] == [0.9, 0.6]


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (640, 480), (500, 500), (3000, 200)])
def test_parts_cover_the_picture_and_stay_inside(size: tuple[int, int]) -> None:
    width, height = size
    covered = np.zeros((height, width), int)
    for left, top, part_width, part_height in parts(width, height):
        assert left >= 0
        assert top >= 0
        assert left + part_width <= width
        assert top + part_height <= height
        covered[top : top + part_height, left : left + part_width] += 1
    assert covered.min() >= 2  # in both sizes


def test_a_tiny_picture_has_no_parts() -> None:
    assert list(parts(60, 40)) == []


def test_the_whole_picture_is_searched_centred() -> None:
    square = square_at(0, 0, 200, 100)
    corners = square.to_picture(SIZE) @ np.array([[0, SIZE], [0, SIZE], [1, 1]])
    np.testing.assert_allclose(corners.T, [(-0.5, -50.5), (199.5, 149.5)])
