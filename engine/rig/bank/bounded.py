"""A bank's pictures take no more memory for a large portrait than for a usual one."""

from collections.abc import Sequence

from engine.appearances import Appearance
from engine.rig.bank.places import PLACES

MOST_PIXELS = 2_000_000
"""Of all entries together, at four bytes each. A portrait of 512 px with every part filmed has
1.5 million; beyond this the parts are kept smaller than they are shown."""


def bounded(appearances: Sequence[Appearance]) -> list[Appearance]:
    """The same, all scaled down alike where their pictures are too large together."""
    scale = (MOST_PIXELS / max(sum(map(_pixels, appearances)), 1)) ** 0.5
    return [appearance.scaled(scale) for appearance in appearances]


def _pixels(appearance: Appearance) -> int:
    """What is kept of it: lids once for each eye."""
    rows, columns, _ = appearance.picture.shape
    times = sum(place.part == appearance.part for place in PLACES)
    return int(rows) * int(columns) * times
