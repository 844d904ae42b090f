"""What a portrait is made from is told by its content, and a long clip is looked at evenly."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from stream.enroll.footage import LONGEST_SIDE, MOST_FRAMES, Footage, kind_of_portrait, open_clip
from stream.files.portrait_file import portrait_bytes
from tests.portraits_made import made_portrait
from tests.video_files import make_clip

GREY = np.full((32, 48, 3), 99, np.uint8)


def picture(path: Path, size: tuple[int, int] = (48, 32)) -> Path:
    Image.new("RGB", size).save(path, "PNG")
    return path


def test_the_name_says_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "me.png"
    kept.write_bytes(portrait_bytes(made_portrait()))
    assert kind_of_portrait(kept) == "portrait file"
    assert kind_of_portrait(picture(tmp_path / "me.mp4")) == "picture"
    clip = make_clip(tmp_path / "clip.mkv", [GREY] * 3).rename(tmp_path / "me.portrait")
    assert kind_of_portrait(clip) == "clip"


def test_what_is_neither_is_refused_with_what_to_give(tmp_path: Path) -> None:
    phone = tmp_path / "me.jpg"
    phone.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(InputError, match="HEIC"):
        kind_of_portrait(phone)
    with pytest.raises(InputError, match="there is no file"):
        kind_of_portrait(tmp_path / "nothing.png")
    text = tmp_path / "me.txt"
    text.write_text("hello")
    with pytest.raises(InputError, match="neither a picture nor a clip: it is a text"):
        open_clip(text)


def test_a_minute_is_looked_at_and_no_more(tmp_path: Path) -> None:
    footage = Footage(make_clip(tmp_path / "long.mkv", [GREY] * 70, rate=1))
    assert [number for number, _ in footage.watched()] == list(range(60))
    assert [number for number, _ in footage.numbered(lambda number: number in (7, 65))] == [7]


def test_a_clip_of_many_frames_is_looked_at_evenly(tmp_path: Path) -> None:
    footage = Footage(make_clip(tmp_path / "many.mkv", [GREY] * 500, rate=30))
    looked = [number for number, _ in footage.watched()]
    assert looked == list(range(0, 500, 3))
    assert len(looked) == footage.frames <= MOST_FRAMES
    assert 100 in [number for number, _ in footage.watched(also=100)]


def test_a_picture_is_one_moment_of_a_size_that_is_of_use(tmp_path: Path) -> None:
    footage = Footage(picture(tmp_path / "me.png", (2 * LONGEST_SIDE, 600)))
    assert footage.is_picture
    [(number, frame)] = footage.watched()
    assert number == 0
    assert frame.pixels.shape == (300, LONGEST_SIDE, 3)
