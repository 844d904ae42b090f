"""A portrait file that a browser brings is a portrait like any other, with its appearances."""

import asyncio
import sys

import numpy as np
import pytest

from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Pixels
from engine.pictures import NotAPictureError
from stream.files.portrait_file import portrait_bytes
from stream.files.portrait_layout import KeptPortrait
from stream.server import decoders
from stream.server.decoded import packed, unpacked
from stream.server.decoders import Decoders
from stream.server.portrait_list import uploaded
from tests.portraits_made import made_portrait

MADE = made_portrait()


class Sure:
    """Finds the face of the made portrait everywhere."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return MADE.face

    def reset(self) -> None:
        pass


def opened(content: bytes, command: tuple[str, ...] = decoders.COMMAND) -> object:
    return asyncio.run(Decoders(command).open(content))


def same(one: KeptPortrait, other: KeptPortrait) -> bool:
    pairs = zip(one.appearances, other.appearances, strict=True)
    return (
        np.array_equal(one.picture, other.picture)
        and np.array_equal(one.face.landmarks, other.face.landmarks)
        and all(
            a.part == b.part
            and np.array_equal(a.picture, b.picture)
            and np.array_equal(a.landmarks, b.landmarks)
            and np.allclose(a.gain, b.gain)
            for a, b in pairs
        )
    )


def test_it_is_read_in_a_process_of_its_own() -> None:
    read = opened(portrait_bytes(MADE))
    assert isinstance(read, KeptPortrait)
    assert same(read, MADE)


def test_it_becomes_an_item_with_its_appearances() -> None:
    item = uploaded(MADE, "me.portrait", Sure())
    assert item.name == "me"
    assert item.is_own
    assert len(item.appearances) == len(MADE.appearances)
    assert item.jpeg.startswith(b"\xff\xd8")


def test_a_damaged_one_is_refused_with_its_reason() -> None:
    with pytest.raises(InputError, match="the portrait file cannot be used: its end is missing"):
        opened(portrait_bytes(MADE)[:-100])


def test_another_archive_is_no_portrait() -> None:
    with pytest.raises(NotAPictureError, match="ZIP archive"):
        opened(b"PK\x03\x04" + bytes(100))


@pytest.mark.parametrize(
    "written",
    [
        '{"sizes": []}\\n',
        '{"sizes": [[9, 9]], "parts": ["nose"], "gains": [], "confidence": 1}\\n',
        '{"sizes": [[9, 9]], "parts": [], "gains": [], "confidence": 1}\\n',
        '{"sizes": [[99999, 9]], "parts": [], "gains": [], "confidence": 1}\\n',
    ],
)
def test_what_the_process_writes_is_not_trusted(written: str) -> None:
    lied = (sys.executable, "-c", f"import sys; sys.stdin.read(); sys.stdout.write('{written}')")
    with pytest.raises(InputError, match="cannot be opened"):
        opened(b"PK", command=lied)


def test_numbers_that_are_no_face_do_not_pass() -> None:
    line, _, body = packed(MADE).partition(b"\n")
    with pytest.raises(ValueError, match="numbers of a portrait"):
        unpacked(line + b"\n" + b"\0" * len(body))
    with pytest.raises(ValueError, match="bytes are left"):
        unpacked(packed(MADE) + b"more")
