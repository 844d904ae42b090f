"""One sheet a portrait: a row for each driver, and below it the exact pictures where they exist."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.frame import Pixels

_TITLE_PX = 20
_JPEG = 80
"""Quality at which a seam of two levels can still be seen."""


def sheet(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[Pixels]]], side: int) -> Pixels:
    """Cells under their titles; each row is a name and its pictures, which are cut to squares."""
    strip = np.full((_TITLE_PX, side * len(titles), 3), 255, np.uint8)
    for place, title in enumerate(titles):
        _write(strip, title, (place * side + 4, 14))
    bands = [strip]
    for name, pictures in rows:
        band = np.hstack([_cell(picture, side) for picture in pictures])
        if name:
            _write(band, name, (4, side - 8), shaded=True)
        bands.append(band)
    return np.vstack(bands)


def save(picture: Pixels, path: Path) -> None:
    """As JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=_JPEG, optimize=True)


def _cell(picture: Pixels, side: int) -> Pixels:
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    part = picture[top : top + edge, left : left + edge]
    way = cv2.INTER_AREA if edge > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=way), np.uint8)


def _write(on: Pixels, text: str, at: tuple[int, int], *, shaded: bool = False) -> None:
    if shaded:
        cv2.putText(on, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 3, cv2.LINE_AA)
    cv2.putText(on, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
