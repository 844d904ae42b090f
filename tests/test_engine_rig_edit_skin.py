"""What of a way is the skin's: heads and a tracker's guesses leave nothing, expressions stay."""

import numpy as np
import pytest

from engine.faces.canonical import load_basis
from engine.geometry import Array, rotation_from_vector
from engine.rig.driver.brow_band import BROWS
from engine.rig.edit.skin import of_skin
from engine.rig.landmarks import EYES, LIDS
from engine.rig.motion.factors import factor_weights, motion_from_arkit

NOSE = [1, 4, 5, 195, 197, 6]
UPPER = np.flatnonzero(load_basis().canonical[:468, 1] > 0.0)


def without_lids(offsets: Array) -> Array:
    offsets = offsets.copy()
    offsets[LIDS] = 0.0
    return offsets


def test_a_head_that_moves_is_no_expression() -> None:
    points = load_basis().canonical
    turned = points @ rotation_from_vector(np.array([0.03, -0.02, 0.02])).T * 1.01 + 0.1
    assert np.abs(of_skin(without_lids(turned - points))[:468]).max() < 0.02


@pytest.mark.parametrize(
    ("name", "point"),
    [("jawOpen", 152), ("mouthSmileLeft", 291), ("browInnerUp", 55), ("browDownRight", 66)],
)
def test_an_expression_stays(name: str, point: int) -> None:
    asked = without_lids(motion_from_arkit({name: 0.8}).offsets)
    left = of_skin(asked)[point] - asked[point]
    assert np.linalg.norm(left) < 0.3 * np.linalg.norm(asked[point])


def test_lips_keep_a_way_that_no_shape_has() -> None:
    lips = np.flatnonzero(factor_weights()["lips"][:468] > 0.99)
    asked = np.zeros((478, 3))
    asked[lips[::2], 1] = 0.1
    assert np.abs((of_skin(asked) - asked)[lips, 1]).mean() < 0.03


def test_a_nose_that_slides_takes_neither_itself_nor_the_eyes_along() -> None:
    sliding = np.zeros((478, 3))
    sliding[NOSE, 1] = -0.3
    # As a head laid over all points has it: what stays seems to go up.
    sliding[:, 1] += 0.1
    skin = of_skin(without_lids(sliding))
    corners = [point for eye in EYES for point in (eye.inner, eye.outer, eye.iris)]
    assert np.abs(skin[corners]).max() < 0.05
    assert np.abs(skin[NOSE]).max() < 0.1


def test_points_that_tremble_apart_from_each_other_tremble_less() -> None:
    noise = without_lids(np.random.default_rng(3).normal(0.0, 0.05, (478, 3)))
    brows = [point for brow in BROWS for edge in brow for point in edge]
    still = np.setdiff1d(UPPER, [*brows, *LIDS])
    assert of_skin(noise)[still].std() < 0.4 * noise[still].std()
