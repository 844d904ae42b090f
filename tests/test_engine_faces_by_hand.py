"""Points that a person has put right are in their places, and the face around them fits better."""

import numpy as np
import pytest

from engine.faces.by_hand import POINTS, laid_over, placed_by_hand, points_of
from engine.faces.canonical import head_pose, is_face_shaped, load_basis
from engine.faces.face import Face
from tests.faces_made import made_face

FACE = made_face(yaw=12.0, roll=8.0, mouthSmileLeft=0.5)


def test_points_that_stay_move_nothing() -> None:
    np.testing.assert_allclose(
        placed_by_hand(FACE, points_of(FACE)).landmarks, FACE.landmarks, atol=1e-3
    )


def test_a_point_is_where_it_was_put_and_the_other_seven_stay() -> None:
    x, y = points_of(FACE)["mouth_left"]
    moved = points_of(placed_by_hand(FACE, {"mouth_left": (x + 9.0, y - 5.0)}))
    for name, place in points_of(FACE).items():
        expected = (x + 9.0, y - 5.0) if name == "mouth_left" else place
        assert moved[name] == pytest.approx(expected, abs=1e-2), name


def test_a_face_that_was_found_elsewhere_and_smaller_is_brought_over_whole() -> None:
    """A similarity of all eight points is one of all landmarks, with their depth."""
    wanted = FACE.moved(1.7, (40.0, -25.0))
    found = placed_by_hand(FACE, points_of(wanted))
    np.testing.assert_allclose(found.landmarks, wanted.landmarks, atol=0.02)


def test_a_mouth_that_was_found_too_high_is_put_right_with_its_lips() -> None:
    """Of the lips' forty points, three are named."""
    wrong = FACE.landmarks.copy()
    lower = load_basis().canonical[:, 1] < -1.5  # below the nose
    wrong[lower, 1] -= 8.0
    wrong[468:] = FACE.landmarks[468:]
    names = ("mouth_right", "mouth_left", "lips", "chin")
    truth = {name: points_of(FACE)[name] for name in names}
    mended = placed_by_hand(Face(landmarks=wrong, confidence=1.0), truth)
    lips = [61, 146, 91, 84, 17, 314, 321, 291, 40, 37, 0, 267, 270, 78, 88, 14, 318, 308, 13]
    before, after = (
        np.linalg.norm((face - FACE.landmarks)[lips, :2], axis=1).mean()
        for face in (wrong, mended.landmarks)
    )
    assert before > 7.0
    assert after < 1.0


def test_an_iris_within_its_new_lids_stays_and_one_beside_them_goes_along() -> None:
    points = points_of(FACE)
    near = {name: (x, y + 2.0) for name, (x, y) in points.items() if name.startswith("left_eye")}
    far = {name: (x, y + 30.0) for name, (x, y) in points.items() if name.startswith("left_eye")}
    iris = FACE.landmarks[473, :2]
    np.testing.assert_allclose(placed_by_hand(FACE, near).landmarks[473, :2], iris, atol=1e-2)
    assert placed_by_hand(FACE, far).landmarks[473, 1] > iris[1] + 20.0


def test_where_no_face_was_found_all_eight_make_one() -> None:
    straight = made_face(512, roll=20.0)
    points = points_of(straight)
    face = laid_over(points)
    assert is_face_shaped(face.landmarks)
    for name, place in points_of(face).items():
        assert place == pytest.approx(points[name], abs=0.02), name
    apart = np.linalg.norm((face.landmarks - straight.landmarks)[:468, :2], axis=1)
    assert apart.max() < 3.0
    turned = head_pose(face).placement.rotation @ head_pose(straight).placement.rotation.T
    assert np.degrees(np.arccos(np.clip((np.trace(turned) - 1.0) / 2.0, -1.0, 1.0))) < 2.0


def test_wrong_names_and_missing_points_are_named() -> None:
    with pytest.raises(ValueError, match="no such points: nose"):
        placed_by_hand(FACE, {"nose": (1.0, 2.0)})
    some = {name: at for name, at in points_of(FACE).items() if name != "chin"}
    with pytest.raises(ValueError, match="missing: chin"):
        laid_over(some)
    assert len(POINTS) == 8
