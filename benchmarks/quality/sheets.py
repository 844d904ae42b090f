"""Sheets to look at: portrait, driver, each row, where the result is farthest off."""

from collections.abc import Mapping

import cv2
import numpy as np

from benchmarks.quality.measuring import Found
from benchmarks.quality.played import STILL, Played
from benchmarks.quality.takes import Drive
from benchmarks.report.charts import ImageSheet
from engine.frame import Pixels

SIDE = 224
WORST = 2
"""Frames of each drive."""
APART = 8
"""Frames between two that are shown."""


def sheet(drive: Drive, played: Mapping[str, Played], found: Found) -> ImageSheet:
    """The worst frames of the row "both", or of the last row where that one is missing."""
    rows = [name for name in played if name != STILL]
    judged = "both" if "both" in rows else rows[-1]
    cells: list[tuple[str, Pixels]] = []
    for index in _picked(found.worst[judged]):
        cells += [
            ("portrait", drive.picture),
            (f"driver, frame {index}", drive.frames[index].picture),
            *((name, played[name].pictures[index]) for name in rows),
        ]
    return ImageSheet(
        title=f"{found.name}: worst frames",
        pictures=[(caption, _small(picture)) for caption, picture in cells],
        columns=2 + len(rows),
    )


def _picked(worst: list[int]) -> list[int]:
    picked: list[int] = []
    for index in worst:
        if all(abs(index - other) >= APART for other in picked):
            picked.append(index)
        if len(picked) == WORST:
            break
    return picked


def _small(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
