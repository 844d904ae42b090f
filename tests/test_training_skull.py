"""Where hair and ears lie, read from renders."""

from dataclasses import astuple

import numpy as np
import pytest

from engine.faces.mesh_tracker import MeshTracker
from engine.rig.warp.skull import SKULL, DepthGaussian
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training import skull
from training.heads import facekit
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer


def test_a_depth_gaussian_is_found_again() -> None:
    middles = (np.arange(skull.BINS) + 0.5) * (2 * skull.REACH / skull.BINS) - skull.REACH
    along, aside = np.meshgrid(middles, middles, indexing="ij")
    made = DepthGaussian(forward=0.5, width=0.6, height=0.7, above=0.3, back=0.1)
    counts = np.full(aside.shape, 1000.0)
    counts[:, :3] = 0.0  # what no render shows
    found = skull.fit(made.depth(aside, along) * counts, counts)
    np.testing.assert_allclose(astuple(found), astuple(made), atol=1e-3)


@pytest.mark.slow
@NEEDS_HEADS
def test_rendered_heads_lie_where_the_rig_takes_them_to_lie() -> None:
    renderer = Renderer(facekit.load(FACEKIT), TRAINING)
    first = skull.FIRST_PERSON + 100  # nobody of those that the constants are from
    sums, counts = skull.measure(renderer, MeshTracker(), range(first, first + 3))
    known = counts > 500
    seen = sums[known] / counts[known]
    rows, columns = np.nonzero(known)
    above_neck = rows < skull.BINS * 0.6
    middles = (np.arange(skull.BINS) + 0.5) * (2 * skull.REACH / skull.BINS) - skull.REACH
    taken = SKULL.depth(*(np.asarray(middles[at], np.float64) for at in (columns, rows)))
    off = np.abs(seen - taken)[above_neck].mean()
    flat = np.abs(seen - seen[above_neck].mean())[above_neck].mean()
    assert off < 0.75 * flat
