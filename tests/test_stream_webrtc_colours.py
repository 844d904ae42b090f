"""Colours arrive as they were sent, at every size: from the outlet through both codecs."""

import asyncio
from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from aiortc.codecs import h264, vpx
from aiortc.codecs.base import Encoder
from aiortc.jitterbuffer import JitterFrame
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext

from engine.frame import Frame, Pixels
from engine.framing import SIZE_LIMITS
from stream.session.ladder import Ladder, Load
from stream.webrtc.camera_source import rgb
from stream.webrtc.encoders import FastH264Encoder
from stream.webrtc.outlet import Outlet
from stream.webrtc.portrait_track import PortraitTrack

ASKED = (256, 258, 300, 358, 360, 480, 512, 540, 716, 718, 720, 1000, 1078, 1080)
"""Sizes that a user may ask for."""
ODD = [
    *((358, 358), (358, 512), (512, 358), (258, 256), (256, 258), (262, 388), (270, 480)),
    *((302, 402), (306, 256), (314, 314), (322, 286), (330, 1000), (346, 260), (354, 630)),
    *((362, 362), (374, 298), (542, 724), (686, 258), (257, 256), (256, 259), (301, 303)),
]
"""(height, width) beside the codecs' blocks, not square, and even odd."""


def coloured(height: int, width: int) -> Pixels:
    """Saturated corners that run into each other: rows of colour in the wrong place show."""
    corners = np.array(
        [[[220, 40, 40], [40, 200, 60]], [[40, 60, 220], [210, 190, 40]]], np.float32
    )
    return np.asarray(cv2.resize(corners, (width, height)).clip(0, 255), np.uint8)


def sent(pixels: Pixels, encoder: Encoder, decoded: Callable[[bytes], VideoFrame]) -> Pixels:
    """The picture after the way from an outlet to a viewer's screen."""

    async def run() -> VideoFrame:
        return await PortraitTrack(Outlet(Frame(pixels=pixels, captured_ns=0))).recv()

    payloads, _ = encoder.encode(asyncio.run(run()), force_keyframe=True)
    depayload = h264.h264_depayload if isinstance(encoder, h264.H264Encoder) else vpx.vp8_depayload
    shown = decoded(b"".join(depayload(payload) for payload in payloads))
    return np.asarray(shown.to_ndarray(format="rgb24"), np.uint8)


def decode(codec: str, data: bytes) -> VideoFrame:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    packet = av.Packet(data)
    packet.pts, packet.time_base = 0, Fraction(1, 90_000)
    return [*decoder.decode(packet), *decoder.decode(None)][0]


def differences(pixels: Pixels, shown: Pixels) -> Pixels:
    """How far each pixel of the sent part is off."""
    height, width = pixels.shape[:2]
    assert shown.shape[:2] == (height + height % 2, width + width % 2)
    return np.abs(shown[:height, :width].astype(int) - pixels).astype(np.uint8)


def rungs(size: int) -> list[int]:
    """Every size that the ladder may choose for one that is asked for."""
    ladder = Ladder(size)
    slow = [Load(now_s=float(n), frames=1, drops=29, step_ms=999.0, fps=1.0) for n in range(60)]
    return [size, *(ladder.size for load in slow if ladder.observe(load))]


@pytest.mark.parametrize("size", ASKED)
def test_smaller_sizes_of_the_ladder_are_whole_blocks_of_a_codec(size: int) -> None:
    smaller = rungs(size)[1:]
    assert smaller == sorted(set(smaller), reverse=True)
    assert all(each % 16 == 0 and SIZE_LIMITS[0] <= each <= size for each in smaller)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_colours_are_right_at_every_size_of_the_ladder_and_beside_it(codec: str) -> None:
    of_ladder = {each for size in ASKED for each in rungs(size)}
    sizes = [(each, each) for each in sorted(of_ladder)] + ODD
    for height, width in sizes:
        pixels = coloured(height, width)
        encoder: Encoder = FastH264Encoder() if codec == "h264" else vpx.Vp8Encoder()
        shown = sent(pixels, encoder, lambda data: decode(codec, data))
        off = differences(pixels, shown)
        # A first picture is coarse; colours in the wrong rows are off by 20 and by 150.
        assert off.mean() < 8, (height, width)
        assert np.percentile(off, 99) < 40, (height, width)


@pytest.mark.parametrize("shape", ODD)
def test_a_camera_of_any_size_is_seen_in_its_colours(shape: tuple[int, int]) -> None:
    pixels = coloured(*shape)
    picture = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
    off = np.abs(rgb(picture).astype(int) - pixels)
    assert off.mean() < 2
    assert off.max() < 24


def test_a_decoder_of_aiortcs_own_shows_the_same() -> None:
    pixels = coloured(358, 374)
    decoder = h264.H264Decoder()

    def decoded(data: bytes) -> VideoFrame:
        (picture,) = decoder.decode(JitterFrame(data=data, timestamp=0))
        assert isinstance(picture, VideoFrame)
        return picture

    assert differences(pixels, sent(pixels, FastH264Encoder(), decoded)).mean() < 3
