"""A head that nobody drives: it blinks, and is never quite still."""

import numpy as np

from engine.idle import Idle

RATE = 50


def minute(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rotations and blinks."""
    idle = Idle(seed)
    moments = [idle.at(index / RATE) for index in range(60 * RATE)]
    return np.array([m.rotation for m in moments]), np.array([m.blink for m in moments])


def test_it_blinks_as_often_as_people_do() -> None:
    _, blinks = minute()
    closed = np.flatnonzero(np.diff((blinks > 0.5).astype(int)) == 1)
    assert 8 <= len(closed) <= 30
    assert blinks.max() > 0.9
    assert np.mean(blinks == 0.0) > 0.8


def test_the_head_moves_a_little_and_slowly() -> None:
    rotation, _ = minute()
    degrees = np.degrees(rotation)
    assert 0.3 < degrees.std(axis=0).max() < 3.0
    assert np.abs(degrees).max() < 5.0
    assert np.abs(np.diff(degrees, axis=0)).max() * RATE < 6.0


def test_the_same_moments_are_the_same_and_another_sitter_is_not() -> None:
    first, again, other = minute(), minute(), minute(seed=1)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert np.abs(first[0] - other[0]).max() > 0.01
