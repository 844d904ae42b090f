"""Makes small real clips with PyAV, by other code than the one under test."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.frame import Pixels

RATE = 30
SOUND_RATE = 48_000


def make_clip(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    rate: Fraction | int = RATE,
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_codec: Literal["aac", "pcm_s16le", "flac", "libopus", "libmp3lame"] = "aac",
    pix_fmt: str = "yuv420p",
    codec: Literal["libx264", "mpeg4", "libvpx-vp9"] = "libx264",
    tags: dict[str, int] | None = None,
    matrix: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write the pictures; `ticks` of `time_base` are their times, else they come at the rate.

    `tags` are what the file says of its colours, `matrix` what they are where it says nothing.
    """
    pictures = list(pictures)
    time_base = time_base or 1 / Fraction(rate)
    with av.open(str(path), "w") as output:
        settings = {"crf": "12"} if options is None else options
        video = output.add_stream(codec, rate=Fraction(rate), options=settings)
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = pix_fmt
        video.codec_context.time_base = video.time_base = time_base
        for tag, value in (tags or {}).items():
            setattr(video.codec_context, tag, value)
        heard = None
        if sound is not None:
            heard = output.add_stream(sound_codec, rate=SOUND_RATE, layout="mono")
        for number, pixels in enumerate(pictures):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture = picture.reformat(
                format=pix_fmt,
                dst_colorspace=matrix or (tags or {}).get("colorspace", 5),
                dst_color_range=(tags or {}).get("color_range", 1),
            )
            picture.pts = number if ticks is None else ticks[number]
            picture.time_base = time_base
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        if heard is not None and sound is not None:
            write_sound(output, heard, sound)
    return path


def make_turning_clip(
    path: Path, parts: Sequence[Sequence[Pixels]], *, codec: str = "libvpx", rate: int = RATE
) -> Path:
    """Each part in a size of its own, in one track, as where a phone was turned meanwhile."""
    with av.open(str(path), "w") as output:
        first = parts[0][0]
        video = output.add_stream(codec, rate=rate)
        assert isinstance(video, VideoStream)
        video.height, video.width = first.shape[:2]
        video.pix_fmt = "yuv420p"
        number = 0
        for part in parts:
            encoder = av.CodecContext.create(codec, "w")
            assert isinstance(encoder, VideoCodecContext)
            encoder.height, encoder.width = part[0].shape[:2]
            encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, rate)
            encoder.bit_rate, encoder.options = 2_000_000, {"deadline": "realtime"}
            packets = []
            for pixels in part:
                picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                picture = picture.reformat(format="yuv420p")
                picture.pts, picture.time_base = number, Fraction(1, rate)
                packets += encoder.encode(picture)
                number += 1
            for packet in [*packets, *encoder.encode(None)]:
                packet.stream = video
                output.mux(packet)
    return path


def write_sound(
    output: OutputContainer,
    stream: AudioStream,
    sound: NDArray[np.float32],
) -> None:
    """Encode mono sound, -1..1, at SOUND_RATE."""
    frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
    resampler = av.AudioResampler(
        format=stream.format.name,
        layout="mono",
        rate=SOUND_RATE,
        frame_size=stream.codec_context.frame_size or None,
    )
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(stream.encode(part))
    output.mux(stream.encode(None))


def click(duration_s: float, at_s: float) -> NDArray[np.float32]:
    """Silence with 20 ms of a loud tone that begins at a moment."""
    sound = np.zeros(round(duration_s * SOUND_RATE), np.float32)
    begin = round(at_s * SOUND_RATE)
    length = round(0.02 * SOUND_RATE)
    sound[begin : begin + length] = 0.9 * np.sin(2 * np.pi * 1000 * np.arange(length) / SOUND_RATE)
    return sound


def heard_at(path: Path, track: int = 0) -> float:
    """When the loud tone of a soundtrack begins, in seconds on the file's own clock."""
    with av.open(str(path)) as clip:
        for frame in clip.decode(audio=track):
            samples = np.abs(frame.to_ndarray().astype(np.float64))
            if frame.format.name.startswith("s16"):
                samples /= 32768
            loud = np.flatnonzero(samples.reshape(-1, frame.samples).max(axis=0) > 0.3)
            if loud.size:
                return float(frame.time or 0) + float(loud[0]) / frame.sample_rate
    raise AssertionError(f"nothing is heard in {path}")


def pictures_of(path: Path) -> list[tuple[float, Pixels]]:
    """Time in seconds and picture of each frame, as PyAV reads them."""
    with av.open(str(path)) as clip:
        return [
            (float(frame.time), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            for frame in clip.decode(video=0)
        ]
