"""Three pictures side by side: one height, even sides, nothing squeezed."""

import numpy as np
import pytest

from engine.frame import Pixels
from engine.framing import LONGEST_SIDE
from stream.render.compare import SideBySide


def plain(width: int, height: int, level: int) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("portrait", "driving"),
    [((512, 512), (640, 480)), ((384, 512), (100, 75)), ((1920, 1080), (1919, 1079))],
)
def test_the_three_stand_in_order(portrait: tuple[int, int], driving: tuple[int, int]) -> None:
    layout = SideBySide(portrait=portrait, driving=driving)
    joined = layout.join(plain(*portrait, 10), plain(*driving, 120), plain(*portrait, 240))
    width, height = layout.size
    assert joined.shape == (height, width, 3)
    assert (width % 2, height % 2) == (0, 0)
    levels, counts = np.unique(joined[height // 2, :, 0], return_counts=True)
    assert levels.tolist() == [10, 120, 240]
    for count, (wide, high) in zip(counts, (portrait, driving, portrait), strict=True):
        assert count == pytest.approx(wide * height / high, abs=2)


def test_very_wide_ones_shrink_together() -> None:
    layout = SideBySide(portrait=(1920, 1080), driving=(1920, 1080))
    assert layout.size[0] <= LONGEST_SIDE
    assert layout.size[0] / layout.size[1] == pytest.approx(3 * 16 / 9, rel=0.01)
