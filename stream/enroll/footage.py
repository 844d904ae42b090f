"""What a portrait is made from: a picture, a clip, a portrait file; told by the content alone."""

from collections.abc import Callable, Generator
from math import ceil
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np

from engine.errors import InputError
from engine.frame import Frame, Pixels
from engine.pictures import open_picture
from stream.files.clip_files import NotAClipError
from stream.files.clips import Clip
from stream.files.portrait_layout import is_portrait_file

Kind: TypeAlias = Literal["picture", "portrait file", "clip"]

LONGEST_S = 60
"""Of a clip that is looked at; what is filmed for an enrolment has a quarter of that."""
MOST_FRAMES = 240
"""Of a clip that are looked at, evenly: every second one of 15 s. A blink has six."""
LONGEST_SIDE = 1920
"""Of a frame in pixels; larger ones are reduced, for no face is kept larger."""

_PHONE_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of ISO 14496-12 files that are pictures (ISO 23008-12, AVIF)."""


def kind_of_portrait(path: Path) -> Kind:
    """What a file begins as; its name says nothing. A clip is whatever is neither of the others."""
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] == b"ftyp" and head[8:12] in _PHONE_PICTURES:
        # FFmpeg takes it for a clip, of which it gives one tile.
        raise InputError(f"{path} is a HEIC or AVIF picture. Save it as JPEG, PNG or WebP.")
    if is_portrait_file(head):
        return "portrait file"
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_picture = is_webp or head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
    return "picture" if is_picture else "clip"


def open_clip(path: Path) -> Clip:
    """The clip in a file of no other kind."""
    try:
        clip = Clip(path)
    except NotAClipError as error:
        raise InputError(
            f"{path} is neither a picture nor a clip: {error.reason}. Give a JPEG, PNG or WebP "
            "picture, a video file such as MP4, or a portrait file of `understudy enroll`."
        ) from error
    if clip.is_photo:
        raise InputError(f"{path} is a picture of another kind. Save it as JPEG, PNG or WebP.")
    return clip


class Footage:
    """The frames of one clip or picture that are looked at; each call reads them again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clip = open_clip(path) if kind_of_portrait(path) == "clip" else None
        self.is_picture = self._clip is None or self._clip.is_still
        """Whether it shows one moment only."""
        self.frames = 1
        """How many are looked at, roughly."""
        self._every, self._last = 1, 0
        if self._clip is not None and not self.is_picture:
            longest = ceil(LONGEST_S * self._clip.rate)
            stated = min(self._clip.stated_frames or longest, longest)
            self._every, self._last = ceil(stated / MOST_FRAMES), longest - 1
            self.frames = ceil(stated / self._every)

    def watched(self, also: int | None = None) -> Generator[tuple[int, Frame]]:
        """Number and frame of those that are looked at, evenly, and of one more."""
        yield from self.numbered(lambda number: number % self._every == 0 or number == also)

    def numbered(self, wanted: Callable[[int], bool]) -> Generator[tuple[int, Frame]]:
        """Number and frame of those that are wanted, none larger than is of use."""
        if self._clip is None:
            yield 0, Frame(pixels=reduced(open_picture(self.path)), captured_ns=0)
            return
        last = self._last
        # The last one comes in any case, so that nothing behind it has to be read.
        for number, frame in self._clip.numbered(lambda number: number == last or wanted(number)):
            if wanted(number):
                yield number, frame.with_pixels(reduced(frame.pixels))
            if number >= last:
                return


def reduced(picture: Pixels) -> Pixels:
    """The picture, at most as large as is of use."""
    rows, columns = picture.shape[:2]
    scale = LONGEST_SIDE / max(rows, columns)
    if scale >= 1.0:
        return picture
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
