"""Reads the pictures of any clip that FFmpeg opens, in the order and at the times they are shown.

What can be read of a damaged clip is read; `complaint` says what could not.
"""

import logging
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from engine.errors import InputError
from engine.file_kinds import kind_of
from engine.frame import Frame, Pixels
from stream.files.clip_files import (
    PICTURES,
    NotAClipError,
    check_size,
    chosen,
    container_of,
    video_of,
)
from stream.files.clip_times import (
    FASTEST,
    MISSING_S,
    breaks_off,
    rate_of,
    shown_rate,
    stated_duration_s,
    stated_frames,
    timed,
)
from stream.files.colours import HDR_CURVES, RgbReader
from stream.files.orientation import orientation_of
from stream.files.sound import Sound, is_readable

logger = logging.getLogger(__name__)


class Clip:
    """A clip on disk. Each call of `frames` reads it from the start."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise InputError(f"there is no file {path}. Check the name and the folder.")
        if not path.is_file():
            raise InputError(f"{path} is not a file. Name the clip itself.")
        self.path = path
        self.complaint: str | None = None
        with video_of(path) as (container, stream):
            problems: list[str] = []
            pictures = list(islice(_decoded(container, stream, problems), 2))
            if not pictures and (kind := kind_of(path)) is not None:
                raise NotAClipError(path, kind)  # some kinds are opened by their name alone
            if not pictures and container.format.name == "webp_pipe":  # FFmpeg reads still ones
                raise InputError(f"{path} is a WebP that moves. Make it a GIF or an MP4 first.")
            if not pictures:
                reason = f" ({problems[0]})" if problems else ""
                raise InputError(
                    f"no picture of {path} can be decoded{reason}. Is the file complete?"
                )
            first = pictures[0]
            shown = shown_rate(path)
            self._has_times = shown is None or shown <= FASTEST
            self.rate = rate_of(stream, shown)
            """Frames per second; single frames may deviate."""
            self.stated_frames = stated_frames(container, stream, self.rate)
            """How many frames the file states, roughly; None where it says nothing."""
            self._stated_s = stated_duration_s(container, stream)
            self.is_photo = container.format.name in PICTURES
            """A BMP, TIFF and so on, which FFmpeg reads as a clip of one frame."""
            self.is_still = len(pictures) == 1 and not problems
            """Whether there is only one picture in it."""
            self._began_s = (first.pts or 0) * (first.time_base or Fraction(1))
            self.is_hdr = first.color_trc in HDR_CURVES
            self.width, self.height = orientation_of(first).size(*_square_pixels(stream, first))
        """Of the first picture; later ones may have other sizes."""

    def frames(self) -> Generator[Frame]:
        """Each picture in its own size; captured_ns is its presentation time, 0 at the first."""
        for _, frame in self.numbered(lambda number: True):
            yield frame

    def frame_at(self, index: int) -> Frame:
        """The picture with this number; the first is 0."""
        for _, frame in self.numbered(lambda number: number == index):
            return frame
        raise InputError(f"{self.path} has no frame {index}. The first frame is 0.")

    @contextmanager
    def sound(self) -> Iterator[Sound | None]:
        """The clip's sound, its time 0 at the first picture too; None where there is none."""
        with container_of(self.path) as container:
            stream = chosen(container.streams.audio)
            if stream is None:
                yield None
            elif not is_readable(stream):
                logger.warning("the sound of %s cannot be read; the result is silent", self.path)
                yield None
            else:
                yield Sound(container, stream, began_s=self._began_s)

    def numbered(self, wanted: Callable[[int], bool]) -> Generator[tuple[int, Frame]]:
        """Number and frame of those that are wanted; the others are decoded, but not converted."""
        self.complaint = None
        problems: list[str] = []
        end_s = 0.0
        with video_of(self.path) as (container, stream):
            upright = _Upright(self.path, stream)
            decoded = _decoded(container, stream, problems)
            pictures = timed(decoded, self.rate, has_times=self._has_times)
            for number, (picture, time_s) in enumerate(pictures):
                end_s = float(time_s)
                if wanted(number):
                    yield (
                        number,
                        Frame(
                            pixels=upright.pixels(picture),
                            captured_ns=round(time_s * 1_000_000_000),
                        ),
                    )
        self.complaint = self._complain(problems, end_s + float(1 / self.rate))

    def _complain(self, problems: list[str], end_s: float) -> str | None:
        """What was wrong with the file as a whole, in one sentence."""
        margin_s = max(MISSING_S, 3.0 / float(self.rate))
        is_short = self._stated_s is not None and self._stated_s - end_s > margin_s
        if is_short and breaks_off(self.path, margin_s):
            return (
                f"the pictures of {self.path} end at {end_s:.1f} s, though the file states "
                f"{self._stated_s:.1f} s: it seems to be cut off"
            )
        if problems:
            return f"{len(problems)} damaged place(s) in {self.path} were skipped ({problems[0]})"
        return None


class _Upright:
    """Turns decoded pictures into RGB; a phone that is turned changes their size and way up."""

    def __init__(self, path: Path, stream: VideoStream) -> None:
        self._path = path
        self._stream = stream
        self._size = (0, 0)
        self._reader: RgbReader | None = None

    def pixels(self, picture: VideoFrame) -> Pixels:
        """(H, W, 3), as a player shows the picture."""
        size = (picture.width, picture.height)
        if self._reader is None or size != self._size:
            check_size(self._path, *size)
            width, height = _square_pixels(self._stream, picture)
            self._size, self._reader = size, RgbReader(width=width, height=height)
        return orientation_of(picture).upright(self._reader.pixels(picture))


def _decoded(
    container: InputContainer, stream: VideoStream, problems: list[str]
) -> Iterator[VideoFrame]:
    """All pictures that can be decoded; what could not goes to `problems`."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:  # the file ends in the middle of a packet
            problems.append(error.strerror or "read error")
            packet = None
        try:
            # After the last packet, None asks the decoder for the pictures it still holds.
            pictures = stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            problems.append(error.strerror or "decoding error")
            pictures = []
        yield from pictures
        if packet is None or packet.size == 0:
            return


def _square_pixels(stream: VideoStream, picture: VideoFrame) -> tuple[int, int]:
    """Width and height of the stored picture once its pixels are square (old DV, some phones)."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect == 1 or not 0.125 < aspect < 8:
        return picture.width, picture.height
    return max(1, math.floor(picture.width * aspect + Fraction(1, 2))), picture.height
