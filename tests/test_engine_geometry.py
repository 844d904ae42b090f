"""Rotations and the similarity fit against what can be worked out by hand."""

import numpy as np
import pytest

from engine.geometry import (
    angle_between,
    fit_similarity,
    rotation_from_vector,
    rotation_from_yaw_pitch_roll,
    smoothstep,
    vector_from_rotation,
    yaw_pitch_roll,
)


@pytest.mark.parametrize(
    "vector",
    [
        *((0, 0, 0), (0.3, -0.2, 0.1), (0, np.pi / 2, 0), (3.14, 0.0, 0)),
        *((0, 4e-6, 0), (3e-9, 0, 4e-9), (2.513, 0.0, 1.885)),  # next to nothing, next to half
    ],
)
def test_a_rotation_vector_survives_the_way_there_and_back(
    vector: tuple[float, float, float],
) -> None:
    rotation = rotation_from_vector(np.array(vector, np.float64))
    np.testing.assert_allclose(
        rotation_from_vector(vector_from_rotation(rotation)), rotation, atol=1e-6
    )


def test_shares_of_a_turn_add_up_to_it() -> None:
    vector = np.array([0.2, -0.5, 0.3])
    parts = rotation_from_vector(0.4 * vector) @ rotation_from_vector(0.6 * vector)
    np.testing.assert_allclose(parts, rotation_from_vector(vector), atol=1e-12)
    np.testing.assert_array_equal(rotation_from_vector(np.zeros(3)), np.eye(3))


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    rotation = rotation_from_vector(np.array([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(rotation @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi])
def test_the_angle_between_two_rotations_is_that_of_the_turn(angle: float) -> None:
    one = rotation_from_vector(np.array([0.3, -0.2, 0.9]))
    turn = rotation_from_vector(np.array([0.6, 0.0, 0.8]) * angle)
    assert angle_between(turn @ one, one) == pytest.approx(angle, abs=1e-6)


def test_yaw_pitch_and_roll_survive_the_way_there_and_back() -> None:
    angles = (20.0, -12.0, 7.0)
    np.testing.assert_allclose(yaw_pitch_roll(rotation_from_yaw_pitch_roll(*angles)), angles)


def test_the_fit_finds_the_similarity_that_was_applied() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    rotation = rotation_from_yaw_pitch_roll(15.0, 5.0, -8.0)
    moved = 2.5 * points @ rotation.T + [3.0, -1.0, 4.0]
    found = fit_similarity(points, moved, np.ones(20))
    assert found.scale == pytest.approx(2.5)
    np.testing.assert_allclose(found.rotation, rotation, atol=1e-12)
    np.testing.assert_allclose(found.invert(found.apply(points)), points, atol=1e-12)


def test_a_point_without_weight_does_not_pull() -> None:
    points = np.random.default_rng(1).normal(size=(10, 3))
    moved = points.copy()
    moved[0] += 100.0
    weights = np.ones(10)
    weights[0] = 0.0
    assert fit_similarity(points, moved, weights).scale == pytest.approx(1.0)


def test_the_soft_step_is_half_way_in_the_middle() -> None:
    np.testing.assert_allclose(smoothstep(2.0, 4.0, np.array([1.0, 3.0, 5.0])), [0.0, 0.5, 1.0])
