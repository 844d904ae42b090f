"""Writes a clip: H.264 in BT.709 limited range, the driving clip's times, its sound.

The file appears under its name only when it is complete and valid. Until then it grows beside it as
fragments, each of which can be played, and stays so where the disk is full or the program killed.
"""

import logging
import math
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
from stream.files.colours import BT709_TAGS, YuvWriter
from stream.files.growing_file import GrowingFile
from stream.files.output_place import check_place, failures_named, reason_of
from stream.files.sound import AudioPacket

logger = logging.getLogger(__name__)

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""File extension -> FFmpeg's name of the container."""

QUALITY = {"crf": "17", "preset": "veryfast", "bf": "0"}
"""crf 17 is visually lossless. On two cores veryfast takes half of medium's time (6 against 13 ms a
picture at 480 x 480) for the same PSNR within 0.1 dB and a smaller file. No B-frames, though files
are a third larger: where a fragment ends among pictures out of order, FFmpeg's edit list ends a
picture early, and players leave the last one out."""

FRAGMENT_MS = 500
"""So much may be lost where the program is killed, and what the encoder holds: ten pictures."""
FRAGMENTS = {
    # At the end one index of all pictures is written and the fragments' own become dead bytes:
    # editors and old players take the file as any other.
    "movflags": "hybrid_fragmented+delay_moov",
    "frag_duration": str(FRAGMENT_MS * 1000),
    "use_editlist": "1",
}
CLUSTERS = {"cluster_time_limit": str(FRAGMENT_MS)}
"""The same in Matroska's words."""
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
        raise OutputError(f"cannot write {path}: its name must end in one of {known}.")
    check_place(path, force=force)


class BrokenOffError(OutputError):
    """A clip that could not be written to its end."""

    def __init__(self, path: Path, reason: str, kept: Path | None) -> None:
        """Say why, and where the part is that was written, if it shows anything."""
        left = "nothing was left behind" if kept is None else f"what was written is in {kept}"
        super().__init__(f"cannot write {path}: {reason} {left[0].upper()}{left[1:]}.")
        self.reason = reason
        """Why, and what to do, without the name of a file."""
        self.kept = kept


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
    """A clip to be written. Without a call of its `finish`, nothing is left behind.

    Only where it cannot be written any further, what was written stays.
    """
    check_output(path, force=force)
    with failures_named(path):
        growing = GrowingFile(path)
    output: OutputContainer | None = None
    try:
        output = av.open(
            growing, "w", format=CONTAINERS[path.suffix.lower()], options=_options(path, rate)
        )
        stream = _video_stream(output, width, height, rate)
        _begin(output, path, sound)
        writer = ClipWriter(output, stream, rate=rate, sound=sound, growing=growing)
        yield writer
    finally:
        if output is not None:
            _closed(output)
        growing.discard()


class ClipWriter:
    """Takes the pictures of a clip in order; `finish` gives the file its name."""

    def __init__(
        self,
        output: OutputContainer,
        stream: VideoStream,
        *,
        rate: Fraction,
        sound: Soundtrack | None,
        growing: GrowingFile,
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

    def write(self, frame: Frame) -> None:
        """Append a picture; its captured_ns is its time after the first one, growing strictly."""
        self._last_tick = max(self._tick(frame.captured_ns), self._last_tick + 1)
        picture = self._yuv.picture(frame.pixels)
        picture.pts, picture.time_base = self._last_tick, self._tick_s
        picture.duration = round(1 / self._rate / self._tick_s)
        with self._failures_kept():
            self._write_sound(self._last_tick * self._tick_s)
            self._output.mux(self._stream.encode(picture))
        self.frames += 1

    def write_sound(self, until_ns: int) -> None:
        """Append the sound up to this time, while no picture comes."""
        with self._failures_kept():
            self._write_sound(Fraction(until_ns, 1_000_000_000))

    def finish(self, *, whole: bool = True) -> None:
        """Complete the file and give it its name; the sound of a shortened one ends with it."""
        if not self.frames:
            raise ValueError("a clip needs at least one picture")
        with self._failures_kept():
            end_s = self._last_tick * self._tick_s + 1 / self._rate
            self._write_sound(None if whole else end_s)
            self._output.mux(self._stream.encode(None))
            self._output.close()
            self._growing.finish()
        if self._lost_sound:
            logger.warning("%d damaged pieces of the sound were left out", self._lost_sound)

    def _break_off(self) -> Path | None:
        """End the file as far as it came; where it is, or None where it shows nothing."""
        _closed(self._output)
        return self._growing.place if self._growing.keep() else None

    @contextmanager
    def _failures_kept(self) -> Iterator[None]:
        """Keep what was written where the file cannot grow, and say where it is."""
        try:
            yield
        except OSError as error:
            raise BrokenOffError(self._growing.path, reason_of(error), self._break_off()) from error
        except av.FFmpegError as error:
            reason = f"the encoder failed ({error.strerror})."
            raise BrokenOffError(self._growing.path, reason, self._break_off()) from error

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


def _begin(output: OutputContainer, path: Path, sound: Soundtrack | None) -> None:
    """Add the sound and write the file's head, so that what it cannot take is known at once."""
    try:
        if sound is not None:
            sound.attach(output, path.suffix.lower())
        output.start_encoding()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason_of(error)}") from error
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        advice = (
            ""
            if sound is None
            else (
                " The sound of the driving clip may be the reason: take it out "
                "(ffmpeg -i IN -an OUT), or write an .mkv, which takes most kinds."
            )
        )
        raise OutputError(f"cannot write {path}: {reason}.{advice}") from error


def _closed(output: OutputContainer) -> None:
    with suppress(av.FFmpegError, OSError):  # a disk that was full before is so again
        output.close()


def _ticks_per_second(rate: Fraction) -> int:
    """A multiple of the rate's numerator, so that every place of an even clip is a whole tick."""
    return rate.numerator * math.ceil(FEWEST_TICKS / rate.numerator)


def _options(path: Path, rate: Fraction) -> dict[str, str]:
    """Fragments; and for mp4 and mov edit lists in the clip's own ticks, finer than 1 ms."""
    if path.suffix.lower() == ".mkv":
        return CLUSTERS
    return FRAGMENTS | {"movie_timescale": str(_ticks_per_second(rate))}


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
