"""Encodes for a viewer who waits: a fast x264 preset, and bitrates that suit a face at 30 fps.

aiortc opens x264 with no preset (medium: 5-8 ms a picture at 512, superfast 2.3-2.5, ultrafast
1.4-1.7), reopens it, with a key frame, for each change of bitrate by 10 %, and holds H.264 between
0.5 and 3 and VP8 between 0.25 and 1.5 Mbit/s. That range is widened here, so that the bitrate
follows what the viewer's network lets through (REMB). Beside superfast, ultrafast loses 0.5 dB of
51 at 2.5 Mbit/s and 1.0 of 47 at 1 Mbit/s, and is cheaper to decode.
"""

import logging
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from aiortc import rtcrtpsender
from aiortc.codecs import h264, vpx
from aiortc.codecs.base import Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from stream.files import faults
from stream.webrtc.aiortc_parts import part_of, replace_part

logger = logging.getLogger(__name__)

LEAST_BPS, FIRST_BPS, MOST_BPS = 200_000, 2_500_000, 8_000_000
"""Lower limit, start and upper limit; a receiver's estimate takes over within seconds. A face at
the lower limit is made of blocks, but it moves, where above it a slow line would stand still."""
ENOUGH_BITS = 0.25
"""Of each pixel: 2 Mbit/s at 512 x 512, some 49 dB. What a receiver has room for beyond that nobody
sees, but each packet more takes 0.2 ms of the thread that also receives."""
LEAST_NAME = "MIN_BITRATE"
RAISED = {"DEFAULT_BITRATE": FIRST_BPS, "MAX_BITRATE": MOST_BPS}
"""aiortc's names of them."""
BUFFER_S = 0.2
"""What a key frame may take of the line at most."""
OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "level": "31"}
REOPENED_AT = 1.5
"""x264 changes the bitrate of a running stream only up to the one it was opened with; from this
many times of that on, a new one is worth its key frame. So many times below, the next key frame
that is asked for comes from a new one: the buffer that bounds key frames stays what it was."""
_RATE = 30
COMPLAIN_EVERY_S = 10.0


class _Enduring:
    """An encoder whose failure costs a picture. In aiortc it would end the track, for good."""

    codec: Any
    _complained_s = -COMPLAIN_EVERY_S

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:  # noqa: FBT001, FBT002 (aiortc's own signature)
        """The packets of a picture; none where it cannot be encoded: the next one begins anew."""
        try:
            if faults.happens("encoder.error"):
                raise av.error.ExternalError(542398533, "a fault that was asked for")
            made: tuple[list[bytes], int] = super().encode(  # type: ignore[misc]
                frame, force_keyframe
            )
        except Exception:
            # Whatever fails in a codec of somebody else's, whoever watches goes on watching.
            self.codec = None
            now_s = time.monotonic()
            if now_s - self._complained_s >= COMPLAIN_EVERY_S:
                self._complained_s = now_s
                logger.exception("a picture could not be encoded; the stream goes on")
            return [], 0
        return made


class EnduringVp8Encoder(_Enduring, vpx.Vp8Encoder):
    """aiortc's, which outlives a failure."""


class FastH264Encoder(_Enduring, h264.H264Encoder):
    """aiortc's encoder with a codec of our own settings, whose bitrate changes while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.codec: VideoCodecContext | None = None
        self.target_bitrate = FIRST_BPS
        self._opened_bps = FIRST_BPS

    def _encode_frame(self, frame: av.VideoFrame, force_keyframe: bool) -> Iterator[bytes]:  # noqa: FBT001
        codec = self.codec
        size = (frame.width, frame.height)
        wanted_bps = min(self.target_bitrate, enough_bps(*size))
        if (
            codec is None
            or (codec.width, codec.height) != size
            or wanted_bps > REOPENED_AT * self._opened_bps
            or (force_keyframe and self._opened_bps > REOPENED_AT * wanted_bps)
        ):
            self._opened_bps = wanted_bps
            codec = self.codec = _opened(frame, self._opened_bps)
        elif abs(wanted_bps - (codec.bit_rate or 0)) > 0.1 * wanted_bps:
            codec.bit_rate = wanted_bps  # FFmpeg hands it to x264 with the next picture
        frame.pict_type = PictureType.I if force_keyframe else PictureType.NONE
        yield from self._split_bitstream(b"".join(bytes(packet) for packet in codec.encode(frame)))


def enough_bps(width: int, height: int) -> int:
    """The bitrate beyond which a picture of this size does not look better."""
    return max(round(ENOUGH_BITS * width * height * _RATE), LEAST_BPS)


def install() -> None:
    """Use it for every sender made from now on, and widen the limits of all encoders."""
    for codec in (h264, vpx):
        replace_part(codec, LEAST_NAME, min(part_of(codec, LEAST_NAME), LEAST_BPS))
        for name, raised in RAISED.items():
            replace_part(codec, name, max(part_of(codec, name), raised))
    stock = part_of(rtcrtpsender, "get_encoder")
    if not isinstance(stock, _Chosen):
        replace_part(rtcrtpsender, "get_encoder", _Chosen(stock))


class _Chosen:
    """Ours for video, aiortc's for everything else."""

    def __init__(self, stock: Callable[[RTCRtpCodecParameters], Encoder]) -> None:
        self._stock = stock

    def __call__(self, codec: RTCRtpCodecParameters) -> Encoder:
        made = self._stock(codec)
        if type(made) is h264.H264Encoder and not has_preset():
            return FastH264Encoder()
        return EnduringVp8Encoder() if type(made) is vpx.Vp8Encoder else made


def has_preset() -> bool:
    """Whether aiortc's own encoder sets a preset by now; tried on a small picture."""
    encoder = h264.H264Encoder()
    encoder.encode(_small_picture())
    codec = encoder.codec
    return codec is not None and "preset" in codec.options


def _small_picture() -> av.VideoFrame:
    picture = av.VideoFrame(64, 64, "yuv420p")
    picture.pts, picture.time_base = 0, Fraction(1, _RATE)
    return picture


def _opened(frame: av.VideoFrame, bit_rate: int) -> VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "yuv420p"
    codec.bit_rate = bit_rate
    codec.framerate, codec.time_base = Fraction(_RATE, 1), Fraction(1, _RATE)
    # A bitrate that can be changed needs a buffer model.
    buffer = round(bit_rate * BUFFER_S)
    codec.options = OPTIONS | {"maxrate": str(bit_rate), "bufsize": str(buffer)}
    codec.profile = "Baseline"
    codec.thread_count = 1  # slices for several threads cost more than they save at this size
    return codec
