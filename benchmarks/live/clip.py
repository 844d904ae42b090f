"""A camera that costs nothing: a clip that was encoded once, sent round and round."""

import asyncio
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av
from aiortc import MediaStreamTrack
from av.video.codeccontext import VideoCodecContext

from benchmarks.live.light_model import disc_picture
from engine.frame import Pixels
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

RATE = 30
SECONDS = 4
KEY_EVERY = 30
"""A receiver that lost something waits for the next key frame: it cannot be asked for."""
BITRATE = 1_500_000
CLOCK_HZ = 90_000

CodecName = Literal["H264", "VP8"]
"""The server takes H.264 where it may choose."""
_ENCODERS: dict[CodecName, tuple[str, dict[str, str]]] = {
    "H264": ("libx264", {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}),
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedClip:
    """Pictures, one packet each."""

    codec: CodecName
    packets: tuple[bytes, ...]
    rate: int = RATE


def faces(count: int = RATE * SECONDS) -> list[Pixels]:
    """The beginning of the bundled driving clip."""
    found: list[Pixels] = []
    for frame in Clip(ASSETS / "driving.mp4").frames():
        found.append(frame.pixels)
        if len(found) == count:
            break
    return found


def discs(side: int, count: int = RATE * SECONDS) -> list[Pixels]:
    """A disc that goes to and fro: the face of the light model."""
    places = (side / 2 + side / 8 * (abs(n % 40 - 20) / 10 - 1) for n in range(count))
    return [disc_picture(side, side, (x, side / 2), 0.16 * side) for x in places]


def encoded(pictures: list[Pixels], name: CodecName = "H264") -> EncodedClip:
    """The pictures as a browser would send them."""
    encoder, options = _ENCODERS[name]
    codec = av.CodecContext.create(encoder, "w")
    assert isinstance(codec, VideoCodecContext)
    height, width = pictures[0].shape[:2]
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.gop_size = BITRATE, KEY_EVERY
    codec.time_base = Fraction(1, RATE)
    codec.options = options
    packets: list[bytes] = []
    for number, pixels in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, codec.time_base
        packets += [bytes(packet) for packet in codec.encode(frame)]
    packets += [bytes(packet) for packet in codec.encode(None)]
    return EncodedClip(codec=name, packets=tuple(packets))


class ClipCamera(MediaStreamTrack):
    """Sends the clip's packets at its rate; the sender passes them on as they are."""

    kind = "video"

    def __init__(self, clip: EncodedClip) -> None:
        super().__init__()
        self._clip = clip
        self._began_s: float | None = None
        self.sent = 0

    async def recv(self) -> "av.Packet[Any]":
        """The next packet, when it is due."""
        if self._began_s is None:
            self._began_s = time.monotonic()
        due_s = self._began_s + self.sent / self._clip.rate
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        packet = av.Packet(self._clip.packets[self.sent % len(self._clip.packets)])
        packet.pts = self.sent * CLOCK_HZ // self._clip.rate
        packet.time_base = Fraction(1, CLOCK_HZ)
        self.sent += 1
        return packet
