"""Reads the pictures of any clip that FFmpeg opens, in the order and at the times they are shown.

What can be read of a damaged clip is read; `complaint` says what could not.
"""

import logging
import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFrame
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from engine.errors import InputError
from engine.frame import Frame
from stream.colours import HDR_CURVES, RgbReader
from stream.orientation import orientation_of
from stream.sound import Sound, is_readable

logger = logging.getLogger(__name__)

LARGEST_PIXELS = 36_000_000
"""A little more than 8K; a clip that claims more is damaged or means harm."""
UNKNOWN_RATE = Fraction(25)
"""For a file that states no rate and no times: what FFmpeg assumes."""
MISSING_S = 0.25
"""A clip whose pictures end earlier than stated by more than this is called cut off."""


class Clip:
    """A clip on disk. Each call of `frames` reads it from the start."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise InputError(f"there is no file {path}. Check the name and the folder.")
        if not path.is_file():
            raise InputError(f"{path} is not a file. Name the clip itself.")
        self.path = path
        self.complaint: str | None = None
        with _opened(path) as (container, stream):
            problems: list[str] = []
            first = next(_decoded(container, stream, problems), None)
            if first is None:
                reason = f" ({problems[0]})" if problems else ""
                raise InputError(
                    f"no picture of {path} can be decoded{reason}. Is the file complete?"
                )
            self.rate = _rate(stream)
            """Frames per second as the file states it; single frames may deviate."""
            self.stated_frames = _stated_frames(container, stream, self.rate)
            """How many frames the file states, roughly; None where it says nothing."""
            self._stated_s = _stated_duration_s(container, stream)
            self._orientation = orientation_of(first)
            self._stored_size = _square_pixels(stream, first)
            self.is_picture = _is_picture(container)
            """A BMP, TIFF and so on, which FFmpeg reads as a clip of one frame."""
            self._began_s = (first.pts or 0) * (first.time_base or Fraction(1))
            self.is_hdr = first.color_trc in HDR_CURVES
        self.width, self.height = self._orientation.size(*self._stored_size)

    def frames(self) -> Generator[Frame]:
        """Each picture; captured_ns is its presentation time, 0 at the first one."""
        for _, frame in self._numbered(wanted=None):
            yield frame

    def frame_at(self, index: int) -> Frame:
        """The picture with this number; the first is 0."""
        for number, frame in self._numbered(wanted=index):
            if number == index:
                return frame
        raise InputError(f"{self.path} has no frame {index}. The first frame is 0.")

    @contextmanager
    def sound(self) -> Iterator[Sound | None]:
        """The clip's sound, its time 0 at the first picture too; None where there is none."""
        with _container(self.path) as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None:
                yield None
            elif not is_readable(stream):
                logger.warning("the sound of %s cannot be read; the result is silent", self.path)
                yield None
            else:
                yield Sound(container, stream, began_s=self._began_s)

    def _numbered(self, wanted: int | None) -> Iterator[tuple[int, Frame]]:
        """Number and frame; where one is wanted, only that one is converted and given."""
        self.complaint = None
        reader = RgbReader(width=self._stored_size[0], height=self._stored_size[1])
        problems: list[str] = []
        end_s = 0.0
        with _opened(self.path) as (container, stream):
            pictures = _timed(_decoded(container, stream, problems), self.rate)
            for number, (picture, time_s) in enumerate(pictures):
                end_s = float(time_s)
                if wanted is None or number == wanted:
                    pixels = self._orientation.upright(reader.pixels(picture))
                    yield number, Frame(pixels=pixels, captured_ns=round(time_s * 1_000_000_000))
        self.complaint = self._complain(problems, end_s + float(1 / self.rate))

    def _complain(self, problems: list[str], end_s: float) -> str | None:
        """What was wrong with the file as a whole, in one sentence."""
        margin_s = max(MISSING_S, 3.0 / float(self.rate))
        if self._stated_s is not None and self._stated_s - end_s > margin_s:
            return (
                f"the pictures of {self.path} end at {end_s:.1f} s, though the file states "
                f"{self._stated_s:.1f} s: it seems to be cut off"
            )
        if problems:
            return f"{len(problems)} damaged place(s) in {self.path} were skipped ({problems[0]})"
        return None


@contextmanager
def _container(path: Path) -> Iterator[InputContainer]:
    """The open file."""
    try:
        # The prefix keeps a name such as "a:b.mp4" from being read as a network protocol.
        container = av.open(f"file:{path}", "r", metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise InputError(
            f"{path} is not a clip that can be read ({error.strerror}). Is the file complete?"
        ) from error
    with container:
        yield container


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The open file and its first real video stream (not the cover picture of a song)."""
    with _container(path) as container:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise InputError(f"{path} holds no video. Give a clip with pictures.")
        stream = streams[0]
        if stream.codec_context is None:
            raise InputError(f"the video codec of {path} is unknown. Convert it with ffmpeg first.")
        if stream.width * stream.height > LARGEST_PIXELS:
            raise InputError(f"the pictures of {path} are larger than 8K. Make it smaller first.")
        stream.thread_type = "AUTO"
        yield container, stream


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


def _timed(pictures: Iterator[VideoFrame], rate: Fraction) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Each picture with its time in seconds after the first, growing strictly.

    Where a file states no time, or one that goes back, the picture follows at the clip's rate.
    """
    first: Fraction | None = None
    last = -1 / rate
    for picture in pictures:
        stated: Fraction | None = None
        if picture.pts is not None and picture.time_base is not None:
            stated = picture.pts * picture.time_base
            first = stated if first is None else first
        time_s = last + 1 / rate if stated is None or first is None else stated - first
        last = time_s if time_s > last else last + 1 / rate
        yield picture, last


def _is_picture(container: InputContainer) -> bool:
    name = container.format.name
    return name == "image2" or name.endswith("_pipe")


def _rate(stream: VideoStream) -> Fraction:
    for rate in (stream.guessed_rate, stream.average_rate, stream.base_rate):
        if rate and 0 < rate <= 1000:
            return rate
    return UNKNOWN_RATE


def _stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / 1_000_000
    return None


def _stated_frames(container: InputContainer, stream: VideoStream, rate: Fraction) -> int | None:
    if stream.frames:
        return stream.frames
    duration_s = _stated_duration_s(container, stream)
    return None if duration_s is None else max(1, round(duration_s * rate))


def _square_pixels(stream: VideoStream, picture: VideoFrame) -> tuple[int, int]:
    """Width and height of the stored picture once its pixels are square (old DV, some phones)."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect == 1 or not 0.125 < aspect < 8:
        return picture.width, picture.height
    return max(1, math.floor(picture.width * aspect + Fraction(1, 2))), picture.height
