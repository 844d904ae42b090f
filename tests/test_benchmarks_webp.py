"""Pictures side by side as an animated WebP."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from benchmarks.webp import write_webp
from engine.frame import Pixels


def grey(value: int) -> Pixels:
    return np.full((32, 32, 3), value, np.uint8)


def test_rows_are_shown_in_turn_each_from_left_to_right(tmp_path: Path) -> None:
    place = tmp_path / "shown.webp"
    values = [(40, 200), (80, 160), (120, 20)]
    rows = ([grey(value) for value in row] for row in values)
    write_webp(place, rows, duration_ms=67, quality=90)
    with Image.open(place) as opened:
        assert opened.info["loop"] == 0
        for row, picture in zip(values, ImageSequence.Iterator(opened), strict=True):
            shown = np.asarray(picture.convert("RGB"))
            assert picture.info["duration"] == 67
            assert shown.shape == (32, 64, 3)
            assert shown[16, [16, 48]].mean(axis=1) == pytest.approx(row, abs=3)


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures"):
        write_webp(tmp_path / "shown.webp", [], duration_ms=67, quality=90)
    assert not (tmp_path / "shown.webp").exists()
