"""A lender shows the same whoever borrowed from it before."""

import numpy as np

from engine.editing import Cut
from engine.faces.canonical import load_basis
from engine.rig.edit.lent import Lent

SIDE = 160


def test_a_small_copy_does_not_depend_on_who_asked_first() -> None:
    # A run that was broken off goes on at a later frame: others have asked before it.
    points = load_basis().canonical
    face = np.zeros((478, 3))
    face[: len(points)] = points * (6.0, -6.0, 6.0) + (SIDE / 2, SIDE / 2, 0.0)
    random = np.random.default_rng(3)
    cut = Cut(pixels=random.integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8), corner=(0, 0))
    asked, fresh = Lent(cut, face), Lent(cut, face)
    asked.small(face, (20, 20, 140, 140), 0.504)
    one, other = (each.small(face, (20, 20, 140, 140), 0.496) for each in (asked, fresh))
    assert one[1].any()
    assert np.array_equal(one[1], other[1])
    assert np.array_equal(one[0], other[0])
