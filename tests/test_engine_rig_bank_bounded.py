"""A large portrait's bank takes no more memory than a usual one's, and shows the same places."""

from dataclasses import replace

import numpy as np

from engine.appearances import Appearance
from engine.rig.bank.bounded import MOST_PIXELS, bounded
from tests.faces_made import made_face


def appearance(side: int) -> Appearance:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[side // 2 :] = 200
    landmarks = made_face().landmarks * np.float32(side / 1000.0)
    return Appearance(
        part="mouth", picture=picture, landmarks=landmarks, gain=np.ones(3, np.float32)
    )


def test_what_fits_is_left_as_it_is() -> None:
    given = [appearance(100)] * 24
    assert all(kept is one for kept, one in zip(bounded(given), given, strict=True))


def test_what_is_too_large_is_scaled_down_with_its_landmarks() -> None:
    given = [appearance(1000)] * 24
    kept = bounded(given)
    pixels = sum(one.picture.shape[0] * one.picture.shape[1] for one in kept)
    assert 0.9 * MOST_PIXELS < pixels < 1.05 * MOST_PIXELS
    scale = kept[0].picture.shape[0] / 1000
    wanted = (given[0].landmarks[:, :2] + 0.5) * scale - 0.5
    np.testing.assert_allclose(kept[0].landmarks[:, :2], wanted, atol=0.01)
    assert kept[0].picture[0].max() < 50
    assert kept[0].picture[-1].min() > 150


def test_lids_count_once_for_each_eye() -> None:
    half = [appearance(1000)] * 2  # as many pixels as a bank may keep
    assert bounded(half)[0] is half[0]
    lids = bounded([replace(one, part="lids") for one in half])
    assert lids[0].picture.shape[0] < 750
