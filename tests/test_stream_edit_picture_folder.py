"""A folder of pictures is edited as the same film is."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.frame import Pixels
from stream.edit.encoders import Encoding
from stream.edit.picture_folder import pictures_of
from tests.edit_made import run
from tests.fakes import disc_picture
from tests.video_files import make_clip
from tests.video_files import pictures_of as shown

LOSSLESS = Encoding(lossless=True)
BT709 = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}


def discs(count: int, size: tuple[int, int] = (160, 120)) -> list[Pixels]:
    return [disc_picture(*size, (50.0 + 3 * k, 58.0), radius=16.0) for k in range(count)]


def folder_of(folder: Path, pictures: list[Pixels]) -> Path:
    folder.mkdir()
    for number, pixels in enumerate(pictures, 8):  # 8, 9, 10: by letters, 10 would be first
        Image.fromarray(pixels).save(folder / f"Shot {number}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_the_result_is_that_of_the_same_film(tmp_path: Path) -> None:
    made = discs(5)
    film = make_clip(tmp_path / "film.mkv", made, rate=24, tags=BT709, options={"qp": "0"})
    run(film, tmp_path / "of-film.mkv", encoding=LOSSLESS)
    folder = folder_of(tmp_path / "pictures", made)
    report = run(folder, tmp_path / "of-folder.mkv", encoding=LOSSLESS, rate=Fraction(24))
    assert (report.frames, report.changed) == (5, 5)
    both = (shown(tmp_path / name) for name in ("of-film.mkv", "of-folder.mkv"))
    for (when, one), (then, other) in zip(*both, strict=True):
        assert when == pytest.approx(then, abs=0.002)
        assert np.array_equal(one, other)
    assert not list(tmp_path.glob("*.edit"))


def test_numbers_come_by_their_value_and_odd_sides_are_kept(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "pictures", discs(3, (161, 121)))
    assert [path.name for path in pictures_of(folder)] == [
        "Shot 8.png",
        "Shot 9.png",
        "Shot 10.png",
    ]
    run(folder, tmp_path / "out.mkv", encoding=LOSSLESS)
    assert [pixels.shape for _, pixels in shown(tmp_path / "out.mkv")] == [(121, 161, 3)] * 3


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "pictures", discs(2))
    Image.fromarray(discs(1, (80, 60))[0]).save(folder / "Shot 11.png")
    with pytest.raises(InputError, match=r"Shot 11\.png is 80 x 60"):
        run(folder, tmp_path / "out.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        run(tmp_path / "empty", tmp_path / "out.mp4")
