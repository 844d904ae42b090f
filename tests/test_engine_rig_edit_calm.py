"""Brows stay where source and wish are alike; where they differ, the wish is done."""

from dataclasses import replace

import numpy as np
import pytest

from engine.rig.edit.calm import calmed
from engine.rig.motion.factors import factor_weights, motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion

LEFT, RIGHT = 334, 105
"""The middles of the brows."""


def raised(cm: float) -> RigMotion:
    offsets = np.zeros((478, 3))
    offsets[:, 1] = cm
    return replace(still_motion(), offsets=offsets)


def test_brows_that_differ_by_a_misreading_stay_nearly_as_they_are() -> None:
    own = motion_from_arkit({"jawOpen": 0.3})
    wish = replace(own, offsets=own.offsets + 0.03)
    calm = calmed(own, wish)
    assert np.abs((calm.offsets - own.offsets)[[LEFT, RIGHT], :2]).max() < 0.01


def test_what_differs_much_is_done_wholly() -> None:
    wish = motion_from_arkit(
        {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0, "eyeBlinkLeft": 1.0}
    )
    calm = calmed(still_motion(), wish)
    assert np.abs(calm.offsets - wish.offsets).max() < 0.05
    assert np.array_equal(calm.aperture, wish.aperture)


def test_a_larger_way_never_becomes_a_smaller_one() -> None:
    ways = np.linspace(0.0, 0.8, 60)
    gone = [calmed(still_motion(), raised(way)).offsets[LEFT, 1] for way in ways]
    assert np.all(np.diff(gone) >= 0.0)
    assert np.diff(gone).max() < 1.5 * (ways[1] - ways[0])  # trembling grows little


def test_one_raised_brow_is_raised_alone() -> None:
    wish = motion_from_arkit({"browOuterUpLeft": 1.0})
    way = calmed(still_motion(), wish).offsets
    assert np.linalg.norm(way[LEFT]) > 0.9 * np.linalg.norm(wish.offsets[LEFT])
    assert np.linalg.norm(way[RIGHT]) <= np.linalg.norm(wish.offsets[RIGHT])


def test_lips_and_cheeks_are_left_alone() -> None:
    wish = motion_from_arkit({"mouthSmileLeft": 0.1, "cheekSquintLeft": 0.1})
    calm = calmed(still_motion(), wish)
    lips = factor_weights()["lips"] > 0.99
    assert np.array_equal(calm.offsets[lips], wish.offsets[lips])
    assert calm.offsets[205] == pytest.approx(wish.offsets[205])
