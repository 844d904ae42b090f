"""A film to be edited: its pictures as they are stored, from the beginning or from the middle on.

Planes, times and colours stay the decoder's own; RGB is made of them only to be looked at.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from engine.errors import InputError
from engine.frame import Pixels
from stream.edit.planes import Layout
from stream.files.clip_files import video_of
from stream.files.clips import Clip
from stream.files.colours import HDR_CURVES, RgbReader
from stream.files.orientation import Orientation, orientation_of

BEFORE_S = 2.0
"""A seek aims so much earlier, so that no picture needed lies before the key frame it finds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmFrame:
    """One picture of the film."""

    index: int
    picture: VideoFrame
    """As decoded; its pts is in the film's time base."""
    time_s: float
    """After the first picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What a film says of its colours, as numbers of ISO 23091-2, and HDR metadata."""

    matrix: int
    range: int
    curve: int
    primaries: int
    mastering: tuple[int, ...] = field(default=())
    """Numerators and denominators of FFmpeg's AVMasteringDisplayMetadata; empty where none."""
    light: tuple[int, int] | None = None
    """MaxCLL and MaxFALL in cd/m2."""

    @property
    def is_hdr(self) -> bool:
        """Whether the curve is PQ or HLG."""
        return self.curve in {int(curve) for curve in HDR_CURVES}


class Film:
    """A clip on disk that is edited. Its pictures must all be of one kind."""

    def __init__(self, path: Path) -> None:
        self.clip = Clip(path)
        """The same file, for its rate, sound and complaints."""
        self.path = path
        with video_of(path) as (container, stream):
            first = next(_decoded(container, stream), None)
            if first is None:
                raise InputError(f"no picture of {path} can be decoded. Is the file complete?")
            if first.interlaced_frame:
                raise InputError(
                    f"{path} is interlaced: each picture is two moments. Deinterlace it first: "
                    "ffmpeg -i IN -vf bwdif OUT.mkv"
                )
            self.layout = Layout.of(first, str(path))
            self.orientation: Orientation = orientation_of(first)
            self.matrix = _display_matrix(first)
            """Nine numbers of the file's display matrix; None for an upright film."""
            self.stored = (first.width, first.height)
            self.aspect = stream.sample_aspect_ratio
            self.time_base = Fraction(first.time_base or stream.time_base or Fraction(1, 90_000))
            self.colours = _colours(first)
            self.began_s = (first.pts or 0) * self.time_base
            """The file's own time of the first picture."""
        self.rate = self.clip.rate
        self.size = (self.clip.width, self.clip.height)
        """Width and height as shown, with square pixels."""
        self._reader: RgbReader | None = None

    def frames(self) -> Generator[FilmFrame]:
        """Every picture, in order."""
        with video_of(self.path) as (container, stream):
            yield from self._numbered(_decoded(container, stream), 0, None)

    def frames_from(self, begin: int, ticks: Sequence[int]) -> Generator[FilmFrame]:
        """The pictures from this number on; `ticks` are all pictures' own times, as once read."""
        if begin == 0:
            yield from self.frames()
            return
        with video_of(self.path) as (container, stream):
            wanted = ticks[begin]
            aim = wanted - int(BEFORE_S / self.time_base)
            found = self._sought(container, stream, aim, wanted) if aim > ticks[0] else None
            if found is not None:
                yield from self._numbered(found, begin, ticks)
                return
        for frame in self.frames():
            if frame.index >= begin:
                yield frame

    def stated_ticks(self) -> list[int] | None:
        """All pictures' times as the file states them, undecoded; None where it does not."""
        with video_of(self.path) as (container, stream):
            if stream.time_base != self.time_base:
                return None
            packets = (
                each for each in container.demux(stream) if each.size and not each.is_discard
            )
            times = [packet.pts for packet in packets]
        ticks = sorted(time for time in times if time is not None)
        is_sound = len(ticks) == len(times) == len(set(ticks)) and bool(ticks)
        return ticks if is_sound and ticks[0] * self.time_base == self.began_s else None

    def pixels(self, picture: VideoFrame) -> Pixels:
        """(H, W, 3) as a player shows the picture."""
        if self._reader is None:
            stored = self.orientation.size(*self.size)
            self._reader = RgbReader(width=stored[0], height=stored[1])
        return self.orientation.upright(self._reader.pixels(picture))

    def _sought(
        self, container: InputContainer, stream: VideoStream, aim: int, wanted: int
    ) -> Iterator[VideoFrame] | None:
        """The pictures from the wanted one on; None where seeking does not lead there."""
        unit = stream.time_base or self.time_base
        try:
            container.seek(int(aim * self.time_base / unit), stream=stream, backward=True)
        except (av.FFmpegError, OverflowError):
            return None
        pictures = _decoded(container, stream)
        for picture in pictures:
            if picture.pts == wanted:
                return _joined(picture, pictures)
            if picture.pts is None or picture.pts > wanted:
                return None
        return None

    def _numbered(
        self, pictures: Iterator[VideoFrame], begin: int, ticks: Sequence[int] | None
    ) -> Iterator[FilmFrame]:
        last = -1
        start: int | None = None if ticks is None else ticks[0]
        step = max(1, round(1 / self.rate / self.time_base))
        for index, picture in enumerate(pictures, begin):
            if (picture.width, picture.height) != self.stored or (
                picture.format.name != self.layout.format
            ):
                raise InputError(
                    f"the pictures of {self.path} change their size or kind at number {index}. "
                    "Convert it first: ffmpeg -i IN OUT.mkv"
                )
            pts = picture.pts
            if start is None:
                start = 0 if pts is None else pts
                last = start - step
            if pts is None or (pts <= last and ticks is None):
                pts = last + step
            picture.pts, last = pts, pts
            picture.time_base = self.time_base
            yield FilmFrame(
                index=index, picture=picture, time_s=float((pts - start) * self.time_base)
            )


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """All pictures that can be decoded; damaged places are left out."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            packet = None
        try:
            pictures = stream.codec_context.decode(packet)
        except av.FFmpegError:
            pictures = []
        yield from pictures
        if packet is None or packet.size == 0:
            return


def _joined(first: VideoFrame, rest: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    yield first
    yield from rest


def _side_data(picture: VideoFrame, kind: str) -> bytes | None:
    try:
        return bytes(cast("Mapping[str, bytes]", picture.side_data)[kind])
    except (KeyError, ValueError):
        return None


def _display_matrix(picture: VideoFrame) -> tuple[int, ...] | None:
    data = _side_data(picture, "DISPLAYMATRIX")
    if data is None or orientation_of(picture) == Orientation():
        return None
    return tuple(int(value) for value in np.frombuffer(data, np.int32)[:9])


def _colours(picture: VideoFrame) -> Colours:
    mastering = _side_data(picture, "MASTERING_DISPLAY_METADATA")
    light = _side_data(picture, "CONTENT_LIGHT_LEVEL")
    levels = None if light is None else np.frombuffer(light, np.uint32)[:2].tolist()
    return Colours(
        matrix=int(picture.colorspace),
        range=int(picture.color_range),
        curve=int(picture.color_trc),
        primaries=int(picture.color_primaries),
        mastering=()
        if mastering is None
        else tuple(int(value) for value in np.frombuffer(mastering, np.int32)),
        light=None if levels is None else (int(levels[0]), int(levels[1])),
    )
