"""Pixels that come from elsewhere have the frame's own grain, and keep their detail."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.rig.edit.grain import with_grain_of

SIDE = 96


def noisy(picture: NDArray[np.float32], sigma: float, seed: int) -> NDArray[np.float32]:
    grain = np.random.default_rng(seed).normal(0.0, sigma, (*picture.shape[:2], 1))
    return np.asarray(np.clip(picture + grain, 0, 255), np.float32)


def scene() -> NDArray[np.float32]:
    """Skin with a dark line, as of lips, and a bright spot."""
    picture = np.full((SIDE, SIDE, 3), 150.0, np.float32)
    cv2.line(picture, (10, 50), (86, 46), (70.0, 40.0, 40.0), 3)
    cv2.circle(picture, (48, 20), 3, (240.0, 240.0, 240.0), -1)
    return picture


def fine(picture: NDArray[np.floating] | Pixels) -> NDArray[np.float64]:
    grey = picture.mean(axis=-1)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 1.2), np.float64)[60:90, 10:90]


def as_frame(picture: NDArray[np.float32]) -> Pixels:
    return np.rint(picture).astype(np.uint8)


@pytest.mark.parametrize("lender", [0.0, 2.0, 6.0])
def test_lent_pixels_take_the_frames_own_grain(lender: float) -> None:
    own = as_frame(noisy(np.full((SIDE, SIDE, 3), 120.0, np.float32), 4.0, 1))
    new = noisy(scene(), lender, 2)
    with_grain_of(own, new, np.ones((SIDE, SIDE), np.float32))
    assert fine(new).std() == pytest.approx(fine(own).std(), rel=0.15)
    assert np.corrcoef(fine(new).ravel(), fine(own).ravel())[0, 1] > 0.85


def test_what_is_stronger_than_grain_stays() -> None:
    own = as_frame(noisy(np.full((SIDE, SIDE, 3), 120.0, np.float32), 4.0, 1))
    new = noisy(scene(), 4.0, 2)
    with_grain_of(own, new, np.ones((SIDE, SIDE), np.float32))
    assert new[48, 30:70].min(axis=0) == pytest.approx(scene()[48, 30:70].min(axis=0), abs=15.0)
    assert new[18:22, 46:50].mean() == pytest.approx(240.0, abs=4.0)


def test_own_lips_are_no_grain() -> None:
    own = as_frame(noisy(scene(), 3.0, 1))
    new = np.full((SIDE, SIDE, 3), 150.0, np.float32)
    with_grain_of(own, new, np.ones((SIDE, SIDE), np.float32))
    assert np.abs(new - 150.0).max() < 3.0 * 3.5 * 1.3


def test_where_nothing_is_lent_nothing_changes() -> None:
    own, new = as_frame(noisy(scene(), 4.0, 1)), noisy(scene(), 1.0, 2)
    lent = np.zeros((SIDE, SIDE), np.float32)
    lent[40:80, 40:80] = 1.0
    before = new.copy()
    with_grain_of(own, new, lent)
    assert np.array_equal(new[lent == 0.0], before[lent == 0.0])
    assert not np.array_equal(new[lent == 1.0], before[lent == 1.0])
    before = new.copy()
    with_grain_of(own, new, np.zeros_like(lent))
    assert np.array_equal(new, before)
