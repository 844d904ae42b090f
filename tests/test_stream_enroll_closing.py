"""Which frame may close the mouth of a portrait, and what of the portrait it changes."""

import numpy as np
import pytest

from engine.faces.face import Face
from stream.enroll.closing import closed, find_closed, is_closed, lip_gap
from tests.faces_made import made_face, textured

OPEN = made_face(jawOpen=0.7)
REST = made_face()


def test_lips_that_meet_are_told_from_an_open_mouth() -> None:
    assert lip_gap(REST) < 0.035
    assert is_closed(REST)
    assert not is_closed(OPEN)


def test_the_frame_that_lies_best_is_taken() -> None:
    assert find_closed(OPEN, [OPEN, made_face(yaw=5), REST, made_face(yaw=-4)]) == 2


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (REST, [REST]),
        (OPEN, []),
        (OPEN, [OPEN]),
        (OPEN, [made_face(yaw=17)]),
        (OPEN, [made_face(cheekPuff=3.0)]),
        (OPEN, [made_face(mouthPucker=1.2, mouthClose=0.0), OPEN, OPEN]),
    ],
)
def test_what_would_be_seen_is_left_alone(own: Face, others: list[Face]) -> None:
    assert find_closed(own, others) is None


def test_the_lower_face_is_the_other_frames_and_the_rest_stays() -> None:
    own, other = textured(seed=1), textured(seed=2)
    moved = np.roll(other, (6, 10), axis=(0, 1))
    result = closed(own, OPEN, moved, made_face(shift=(10.0, 6.0)))
    above = int(OPEN.landmarks[4, 1])
    np.testing.assert_array_equal(result[:above], own[:above])
    columns, rows = REST.landmarks[[13, 14, 17, 18], :2].round().astype(int).T
    detail = result[rows, columns].astype(float) - other[rows, columns]
    assert np.abs(detail - detail.mean(axis=0)).max() < 12.0  # but for the light


def test_the_light_is_the_portraits_own() -> None:
    own = textured(seed=4)
    dark = (own * 0.8).astype(np.uint8)
    result = closed(own, OPEN, dark, OPEN)
    inside = OPEN.landmarks[[17, 18, 200, 199], :2].round().astype(int)
    for column, row in inside:
        assert result[row, column].mean() - own[row, column].mean() > -0.5 * (
            own[row, column].mean() - dark[row, column].mean()
        )
