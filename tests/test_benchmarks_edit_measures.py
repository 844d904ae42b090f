"""What the edit's measures say of a leak, and of chance."""

import numpy as np

from benchmarks.edit_measures import chances, leaks
from engine.geometry import Array


def walk(seed: int) -> Array:
    """(80, 6): a face's features that wander, as those of a film do."""
    return np.asarray(np.random.default_rng(seed).normal(0.0, 1.0, (80, 6)).cumsum(axis=0) / 9.0)


def test_a_leak_is_larger_than_chance() -> None:
    driver, source = walk(1), walk(2)
    result = driver + 0.5 * source
    assert np.allclose([leak.left for leak in leaks(result, driver, source)], 0.5)
    assert (chances([(result, driver, source)]) > 0.05).all()


def test_of_a_source_that_hardly_moves_chance_finds_much() -> None:
    driver, source = walk(3), walk(4)
    result = driver + np.random.default_rng(5).normal(0.0, 0.1, driver.shape)
    moves, hardly = (chances([(result, driver, source * size)]) for size in (1.0, 0.05))
    assert np.allclose(hardly, 20.0 * moves)
    assert (hardly > 0.15).all()


def test_more_takes_leave_less_to_chance() -> None:
    takes = [(walk(k), walk(k), walk(9)) for k in range(6)]
    noisy = [
        (r + np.random.default_rng(k).normal(0, 0.2, r.shape), d, s)
        for k, (r, d, s) in enumerate(takes)
    ]
    assert chances(noisy).mean() < chances(noisy[:1]).mean()
