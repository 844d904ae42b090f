"""When a clip's pictures are shown, at which rate they come, and whether the file breaks off.

What the file states is believed as far as its packets bear it out: a recording of a browser states
1000 pictures a second, and a file with a long sound states the sound's duration.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import av
from av import Packet, VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from stream.files.clip_files import video_of

AnyPacket: TypeAlias = "Packet[Any]"  # generic in PyAV's stubs only

UNKNOWN_RATE = Fraction(25)
"""For a file that states no rate and no times: what FFmpeg assumes."""
FASTEST = 500
"""Pictures a second; a file whose times are nearer together has counted something else."""
LOOKED_AT = 240
"""Packets whose times are looked at: eight seconds at 30 frames a second."""
ALIKE = 0.04
"""Rates that differ by less are the same: 24 and 25 differ by this."""
USUAL = tuple(map(Fraction, (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 120, 240)))
"""What a recording was meant to have whose times are a little uneven."""
MISSING_S = 0.25
"""A clip that ends earlier than stated by more than this is called cut off."""


def shown_rate(path: Path) -> Fraction | None:
    """Pictures a second by the times of the first packets; None where they have none."""
    with video_of(path) as (container, stream):
        times = sorted({time for time in _first_times(container, stream) if time is not None})
    steps = [later - earlier for earlier, later in pairwise(times)]
    if not steps:
        return None
    middle = median(steps)
    usual = [step for step in steps if middle / 2 <= step <= middle * 3 / 2]
    return len(usual) / sum(usual, Fraction(0))


def rate_of(stream: VideoStream, shown: Fraction | None) -> Fraction:
    """The rate that the file states, where its times bear it out; else the one they show."""
    stated = [
        Fraction(rate)
        for rate in (stream.guessed_rate, stream.average_rate, stream.base_rate)
        if rate and 0 < rate <= FASTEST
    ]
    if shown is None or shown > FASTEST:
        return next(iter(stated), UNKNOWN_RATE)
    nearest = min(USUAL, key=lambda usual: abs(usual - shown))
    known = [rate for rate in (*stated, nearest) if abs(rate - shown) <= ALIKE * shown]
    return next(iter(known), shown.limit_denominator(100) or shown)


def timed(
    pictures: Iterator[VideoFrame], rate: Fraction, *, has_times: bool
) -> Iterator[tuple[VideoFrame, Fraction]]:
    """Each picture with its time in seconds after the first, growing strictly.

    Where a file states no time, or one that goes back, the picture follows at the clip's rate.
    """
    first: Fraction | None = None
    last = -1 / rate
    for picture in pictures:
        stated: Fraction | None = None
        if has_times and picture.pts is not None and picture.time_base is not None:
            stated = picture.pts * picture.time_base
            first = stated if first is None else first
        time_s = last + 1 / rate if stated is None or first is None else stated - first
        last = time_s if time_s > last else last + 1 / rate
        yield picture, last


def stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """What the file states of its video, or else of all that is in it."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / 1_000_000
    return None


def stated_frames(container: InputContainer, stream: VideoStream, rate: Fraction) -> int | None:
    """How many pictures the file states, roughly."""
    if stream.frames:
        return stream.frames
    duration_s = stated_duration_s(container, stream)
    return None if duration_s is None else max(1, round(duration_s * rate))


def breaks_off(path: Path, margin_s: float) -> bool:
    """Whether the file's packets end earlier than it states.

    A sound or a last picture may go on for longer than the pictures come: then nothing is missing.
    """
    with video_of(path) as (container, stream):
        stated_s = stated_duration_s(container, stream)
        is_own = stream.duration is not None
        began = stream.start_time if is_own else container.start_time
        unit = stream.time_base if is_own else Fraction(1, 1_000_000)
        packets = container.demux(stream) if is_own else container.demux()
        ends = [end for end in map(_end, _readable(packets)) if end is not None]
    if stated_s is None:
        return False
    began_s = float((began or 0) * (unit or Fraction(1)))
    return float(max(ends, default=Fraction(0))) - began_s < stated_s - margin_s


def _first_times(container: InputContainer, stream: VideoStream) -> Iterator[Fraction | None]:
    for number, packet in enumerate(_readable(container.demux(stream))):
        if number == LOOKED_AT:
            return
        yield _time(packet, packet.pts)


def _readable(packets: Iterator[AnyPacket]) -> Iterator[AnyPacket]:
    """The packets, to the end or to where the file cannot be read any more."""
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return


def _end(packet: AnyPacket) -> Fraction | None:
    begin = packet.dts if packet.pts is None else packet.pts
    return None if begin is None else _time(packet, begin + (packet.duration or 0))


def _time(packet: AnyPacket, ticks: int | None) -> Fraction | None:
    return None if ticks is None or packet.time_base is None else ticks * packet.time_base
