"""Curves that two talkers teach, tried on a third."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.speech_curves import Talker, compare, learned
from benchmarks.speech_filmed import TRAITS, Filmed

RATE = 100
WEIGHTS = np.linspace(-1.0, 1.0, 17)


def talker(seed: int, weights: NDArray[np.float64]) -> Talker:
    """One whose mouth is a sum of what is heard, 100 ms before it is."""
    draw = np.random.default_rng(seed)
    rows = np.cumsum(draw.normal(0.0, 1.0, (600, 17)), axis=0)
    rows -= np.linspace(0.0, 1.0, 600)[:, None] * rows[-1]
    times_s = np.arange(0.2, 5.5, 1 / 25)
    places_s = (np.arange(600) + 0.5) / RATE
    seen = np.interp(times_s + 0.1, places_s, rows @ weights)
    filmed = Filmed(
        times_s=times_s, traits=dict.fromkeys(TRAITS, seen), samples=np.zeros(1, np.float32)
    )
    table = dict.fromkeys(TRAITS, rows[:, 0])
    return Talker(filmed=filmed, table=table, heard=rows, lag_s=0.1)


def test_a_rule_that_all_share_is_learned_and_beats_a_table_without_it() -> None:
    talkers = {name: talker(seed, WEIGHTS) for seed, name in enumerate("abc")}
    for traits in compare(talkers).values():
        for found in traits.values():
            assert found["learned"] > 0.98
            assert found["learned"] > found["table"]


def test_a_talker_who_moves_the_other_way_is_not_helped_by_the_others() -> None:
    talkers = {"a": talker(0, WEIGHTS), "b": talker(1, WEIGHTS), "c": talker(2, -WEIGHTS)}
    assert compare(talkers)["c"]["jaw"]["learned"] < 0.9


@pytest.mark.parametrize("strength", [1.0, 100.0])
def test_weights_are_one_for_each_thing_that_is_heard(strength: float) -> None:
    others = [talker(seed, WEIGHTS) for seed in range(2)]
    assert learned(others, "jaw", strength).shape == (17,)
