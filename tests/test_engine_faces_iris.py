"""Irises of eyes that look aside lie where the picture shows them, whatever a network says."""

from dataclasses import replace

import numpy as np
import pytest

from engine.faces.face import Face
from engine.faces.iris import with_irises
from engine.rig.landmarks import EYES, LIDS
from tests.eyes_made import SIZE, drawn, looking
from tests.faces_made import made_face

SHORT = 0.8
"""Of its way aside, what the told iris goes."""


def ways(face: Face) -> list[float]:
    """Of both irises aside, in eye widths, from where the made face's eyes have their middles."""
    found = []
    for eye in EYES:
        corners = made_face(SIZE).landmarks[[eye.outer, eye.inner], :2]
        along = face.landmarks[eye.iris, 0] - corners[:, 0].mean()
        found.append(float(along / np.linalg.norm(corners[0] - corners[1])))
    return found


@pytest.mark.parametrize("aside", [-0.28, -0.2, 0.2, 0.28])
def test_an_iris_told_short_is_found(aside: float) -> None:
    mended = with_irises(drawn(looking(aside)), looking(SHORT * aside))
    assert np.abs(np.array(ways(mended)) - aside).max() < 0.15 * abs(aside)
    assert np.abs(np.array(ways(mended)) - aside).max() < 0.06


def test_a_ring_goes_along_with_its_middle_and_depths_stay() -> None:
    told = looking(SHORT * 0.25)
    mended = with_irises(drawn(looking(0.25)), told)
    for eye in EYES:
        moved = (mended.landmarks - told.landmarks)[eye.iris : eye.iris + 5]
        assert np.ptp(moved[:, :2], axis=0).max() < 1e-3
        assert moved[0, 0] > 1.0
    np.testing.assert_array_equal(mended.landmarks[:, 2], told.landmarks[:, 2])


@pytest.mark.parametrize("aside", [0.0, 0.03])
def test_an_eye_that_looks_ahead_keeps_its_landmarks(aside: float) -> None:
    told = looking(aside)
    mended = with_irises(drawn(looking(aside + 0.03)), told)
    np.testing.assert_allclose(mended.landmarks, told.landmarks, atol=1e-3)


def test_corners_that_went_along_are_taken_back_and_the_rest_of_the_face_stays() -> None:
    told = looking(0.25)
    moved = (with_irises(drawn(told), told).landmarks - told.landmarks)[:, 0]
    for eye in EYES:
        width = np.linalg.norm(np.subtract(*told.landmarks[[eye.outer, eye.inner], :2]))
        went = moved[[eye.outer, eye.inner]] / width
        assert np.all((went < -0.03) & (went > -0.07))
        assert np.abs(moved[[eye.upper[3], eye.lower[3]]]).max() < 0.01 * width
    around = {*LIDS.tolist(), *(k for e in EYES for k in range(e.iris, e.iris + 5))}
    far = [1, 4, 13, 14, 61, 105, 152, 291, 334]
    assert not around & set(far)
    assert not moved[far].any()


@pytest.mark.parametrize("size", [256, 2048])
def test_small_and_large_pictures_tell_where_it_looks(size: int) -> None:
    told, seen = looking(SHORT * 0.25, size), looking(0.25, size)
    mended = with_irises(drawn(seen, size), told).landmarks * (SIZE / size)
    assert np.abs(np.array(ways(Face(landmarks=mended, confidence=1.0))) - 0.25).max() < 0.05


def test_a_shut_eye_and_one_of_a_single_colour_keep_their_irises() -> None:
    told = looking(0.25)
    shut = told.landmarks.copy()
    for eye in EYES:
        shut[eye.upper, :2] = shut[eye.lower, :2] - (0.0, 1.0)
    cases = [
        (drawn(looking(0.3)), replace(told, landmarks=shut)),
        (np.full((SIZE, SIZE, 3), 128, np.uint8), told),
    ]
    for picture, face in cases:
        irises = with_irises(picture, face).landmarks[468:]
        np.testing.assert_array_equal(irises, face.landmarks[468:])


@pytest.mark.parametrize("size", [(1, 1), (40, 512), (512, 40)])
def test_a_face_beyond_the_pictures_border_breaks_nothing(size: tuple[int, int]) -> None:
    picture = np.ascontiguousarray(drawn(looking(0.2))[: size[0], : size[1]])
    assert np.isfinite(with_irises(picture, looking(0.2)).landmarks).all()
