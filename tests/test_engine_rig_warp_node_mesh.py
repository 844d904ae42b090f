"""Nodes drawn where they go: far stretches are found again, and what is behind is hidden."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.rig.warp.node_mesh import FINER, NodeMesh

ROWS, COLUMNS, SPACING = 12, 40, 10
X = np.arange(COLUMNS, dtype=np.float64)
FINE = [SPACING * np.arange(FINER * (count - 1) + 1) / FINER for count in (COLUMNS, ROWS)]
POINTS = np.stack(np.meshgrid(20.0 + FINE[0], 7.0 + FINE[1]), axis=-1)
MESH = NodeMesh(POINTS, SPACING // FINER)


def backward(way: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(40,) in nodes, of the middle row, where all rows go aside by `way` (40,) nodes."""
    forward = np.column_stack([np.tile(way * SPACING, ROWS), np.zeros(ROWS * COLUMNS)])
    field = MESH.backward(forward, np.tile(depth, ROWS))[::FINER, ::FINER, 0]
    return np.asarray(field[6] / SPACING, np.float64)


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


def test_an_opencv_that_draws_no_triangles_finds_what_is_not_stretched_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A GPU's machine may have an older one: our kernels draw the face there, and steps do this."""
    way = np.interp(X, [0, 8, 20, 30, 40], [0.0, 0.0, 5.0, 2.0, 0.0])
    drawn = backward(way, np.zeros(COLUMNS))
    monkeypatch.delattr(cv2, "TriangleRasterizeSettings")
    np.testing.assert_allclose(backward(way, np.zeros(COLUMNS)), drawn, atol=0.05)
