"""Writes a clip: H.264 in BT.709 limited range, the driving clip's times, its sound.

The file appears under its name only when it is complete and valid. Until then it grows beside it
under a name of its own, which is removed when anything fails.
"""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.video.stream import VideoStream

from engine.errors import MachineError, OutputError
from engine.frame import Frame
from engine.installing import install
from stream.colours import BT709_TAGS, YuvWriter
from stream.sound import AudioPacket

logger = logging.getLogger(__name__)

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""File extension -> FFmpeg's name of the container."""

QUALITY = {"crf": "17", "preset": "veryfast"}
"""crf 17 is visually lossless. On two cores veryfast takes half of medium's time (6 against 13 ms a
picture at 480 x 480) for the same PSNR within 0.1 dB and a smaller file."""

FEWEST_TICKS = 15_000
"""At least so many ticks a second, for pictures between the places of an even clip."""
SNAP_S = Fraction(1, 1000)
"""A picture this near to its place in an even clip belongs there: Matroska rounds to 1 ms."""


class Soundtrack(Protocol):
    """Sound that grows in the file beside the pictures: a clip's own, or a live one."""

    def attach(self, output: OutputContainer, extension: str) -> None:
        """Add the stream to the output, before anything is written to it."""
        ...

    def until(self, time_s: Fraction | None) -> Iterator[AudioPacket]:
        """The packets that begin before this time of the file; None means all that are left."""
        ...


def check_output(path: Path, *, force: bool) -> None:
    """Refuse an output that cannot be written, before any work is done for it."""
    if path.suffix.lower() not in CONTAINERS:
        known = ", ".join(CONTAINERS)
        raise OutputError(f"cannot write {path.name}: its name must end in one of {known}.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder. Give the name of a file in it.")
    if path.exists() and not force:
        raise OutputError(
            f"{path} exists already. Add --force to replace it, or choose a new name."
        )
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent}. Make it, or choose another.")


@contextmanager
def clip_writer(
    path: Path,
    *,
    width: int,
    height: int,
    rate: Fraction,
    sound: Soundtrack | None = None,
    force: bool = False,
) -> Iterator["ClipWriter"]:
    """A clip to be written. Without a call of its `finish`, nothing is left behind."""
    check_output(path, force=force)
    growing = path.with_name(f".{path.name}.{os.getpid()}.part")
    extension = path.suffix.lower()
    output: OutputContainer | None = None
    try:
        with failures_named(path):
            output = av.open(
                str(growing), "w", format=CONTAINERS[extension], options=_options(extension, rate)
            )
            stream = _video_stream(output, width, height, rate)
            if sound is not None:
                sound.attach(output, extension)
            output.start_encoding()  # now, so that a folder that refuses the file is known at once
        yield ClipWriter(output, stream, rate=rate, sound=sound, growing=growing, path=path)
    finally:
        if output is not None:
            with suppress(av.FFmpegError):  # a disk that was full before is so again
                output.close()
        growing.unlink(missing_ok=True)


class ClipWriter:
    """Takes the pictures of a clip in order; `finish` gives the file its name."""

    def __init__(
        self,
        output: OutputContainer,
        stream: VideoStream,
        *,
        rate: Fraction,
        sound: Soundtrack | None,
        growing: Path,
        path: Path,
    ) -> None:
        self.frames = 0
        """Pictures written so far."""
        self._output = output
        self._stream = stream
        self._rate = rate
        self._tick_s = 1 / Fraction(_ticks_per_second(rate))
        self._last_tick = -1
        self._sound = sound
        self._lost_sound = 0
        self._yuv = YuvWriter()
        self._growing = growing
        self._path = path

    def write(self, frame: Frame) -> None:
        """Append a picture; its captured_ns is its time after the first one, growing strictly."""
        self._last_tick = max(self._tick(frame.captured_ns), self._last_tick + 1)
        picture = self._yuv.picture(frame.pixels)
        picture.pts, picture.time_base = self._last_tick, self._tick_s
        picture.duration = round(1 / self._rate / self._tick_s)
        with failures_named(self._path):
            self._write_sound(self._last_tick * self._tick_s)
            self._output.mux(self._stream.encode(picture))
        self.frames += 1

    def write_sound(self, until_ns: int) -> None:
        """Append the sound up to this time, while no picture comes."""
        with failures_named(self._path):
            self._write_sound(Fraction(until_ns, 1_000_000_000))

    def finish(self, *, whole: bool = True) -> None:
        """Complete the file and give it its name; the sound of a shortened one ends with it."""
        if not self.frames:
            raise ValueError("a clip needs at least one picture")
        with failures_named(self._path):
            end_s = self._last_tick * self._tick_s + 1 / self._rate
            self._write_sound(None if whole else end_s)
            self._output.mux(self._stream.encode(None))
            self._output.close()
            self._growing.replace(self._path)
        if self._lost_sound:
            logger.warning("%d damaged pieces of the sound were left out", self._lost_sound)

    def _write_sound(self, until_s: Fraction | None) -> None:
        if self._sound is None:
            return
        for packet in self._sound.until(until_s):
            try:
                self._output.mux(packet)
            except OSError:
                raise  # the file cannot grow; any other failure is the packet's own
            except av.FFmpegError:
                self._lost_sound += 1

    def _tick(self, captured_ns: int) -> int:
        """The picture's time in ticks: its place in an even clip, or between two of them."""
        time_s = Fraction(captured_ns, 1_000_000_000)
        place_s = round(time_s * self._rate) / self._rate
        return round((place_s if abs(time_s - place_s) <= SNAP_S else time_s) / self._tick_s)


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Say which file could not be written, why, and what to do."""
    try:
        yield
    except OSError as error:  # PyAV's own for a full disk is one, too
        raise OutputError(
            f"cannot write {path}: {error.strerror}. "
            "Free some space or choose another place; nothing was left behind."
        ) from error
    except av.FFmpegError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}. The sound of the driving clip seems damaged; "
            "take it out (ffmpeg -i IN -an OUT) and try again. Nothing was left behind."
        ) from error


def _ticks_per_second(rate: Fraction) -> int:
    """A multiple of the rate's numerator, so that every place of an even clip is a whole tick."""
    return rate.numerator * math.ceil(FEWEST_TICKS / rate.numerator)


def _options(extension: str, rate: Fraction) -> dict[str, str]:
    """For mp4 and mov, edit lists in the clip's own ticks: the usual 1 ms would round durations."""
    return {} if extension == ".mkv" else {"movie_timescale": str(_ticks_per_second(rate))}


def _video_stream(output: OutputContainer, width: int, height: int, rate: Fraction) -> VideoStream:
    if width % 2 or height % 2:
        raise ValueError(f"4:2:0 video needs even sides, got {width} x {height}")
    try:
        stream = output.add_stream("libx264", rate=rate, options=dict(QUALITY))
    except UnknownCodecError as error:
        raise MachineError(
            "this build of PyAV has no libx264. Install the wheel: "
            f"{install('--force-reinstall', 'av')}"
        ) from error
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, _ticks_per_second(rate))
    for tag, value in BT709_TAGS.items():
        setattr(stream.codec_context, tag, int(value))
    return stream
