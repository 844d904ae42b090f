"""Nodes drawn where they go: far stretches are found again, and what is behind is hidden."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.rig.warp.node_mesh import NodeMesh

ROWS, COLUMNS, SPACING = 12, 40, 5
X = np.arange(COLUMNS, dtype=np.float64)
POINTS = np.stack(np.meshgrid(20.0 + SPACING * X, 7.0 + SPACING * np.arange(ROWS)), axis=-1)
MESH = NodeMesh(POINTS.astype(np.float64), SPACING)


def backward(way: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(40,) in nodes, of the middle row, where all rows go aside by `way` (40,) nodes."""
    forward = np.zeros((ROWS, COLUMNS, 2))
    forward[..., 0] = way * SPACING
    return MESH.backward(forward, np.tile(depth, (ROWS, 1)))[6, :, 0].astype(float) / SPACING


@pytest.mark.parametrize("stretched", [0.0, 2.2, 4.0])
def test_what_is_stretched_is_found_again(stretched: float) -> None:
    way = np.interp(X, [0, 10, 15, 40], [0.0, 0.0, 5.0 * stretched, 5.0 * stretched])
    there = X + backward(way, np.zeros(COLUMNS))
    np.testing.assert_allclose(there + np.interp(there, X, way), X, atol=0.01)


def test_what_moves_in_from_the_rim_goes_on_as_the_rim_does() -> None:
    np.testing.assert_allclose(backward(np.full(COLUMNS, 7.0), np.zeros(COLUMNS)), -7.0, atol=1e-3)


@pytest.mark.parametrize("left_is_nearer", [True, False])
def test_of_what_lies_at_one_place_the_nearer_is_seen(left_is_nearer: bool) -> None:
    """The left half goes to the right, over or behind the right one that stays."""
    way = np.where(X < 20.0, 6.0, 0.0)
    depth = np.where((X < 20.0) == left_is_nearer, -30.0, 30.0)
    at_both = slice(22, 25)
    np.testing.assert_allclose(
        backward(way, depth)[at_both], -6.0 if left_is_nearer else 0.0, atol=1e-3
    )
