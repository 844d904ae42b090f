"""Somebody on camera, without a browser: what the page does, at next to no cost.

Neither encodes nor decodes: the camera is a clip that was encoded before, and what comes back is
counted when it is whole.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    rtcrtpreceiver,
)
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame

from benchmarks.live.clip import ClipCamera, EncodedClip
from stream.webrtc.aiortc_parts import part_of, replace_part
from stream.webrtc.connection import install_low_latency


class RefusedError(RuntimeError):
    """The server let nobody more in."""


class _Counting(Decoder):
    """Gives a tiny picture for each that is whole, undecoded."""

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        picture = VideoFrame(2, 2, "yuv420p")
        picture.pts = encoded_frame.timestamp
        return [picture]


class _CountsVideo:
    """Stands in for aiortc's choice of decoders."""

    def __init__(self, stock: Callable[[RTCRtpCodecParameters], Decoder]) -> None:
        self._stock = stock

    def __call__(self, codec: RTCRtpCodecParameters) -> Decoder:
        is_video = codec.mimeType.lower().startswith("video/")
        return _Counting() if is_video else self._stock(codec)


@contextmanager
def counting() -> Iterator[None]:
    """Nobody in this process decodes video, for the length of the block."""
    stock = part_of(rtcrtpreceiver, "get_decoder")
    replace_part(rtcrtpreceiver, "get_decoder", _CountsVideo(stock))
    try:
        yield
    finally:
        replace_part(rtcrtpreceiver, "get_decoder", stock)


class Peer:
    """One of them."""

    def __init__(self, http: aiohttp.ClientSession, url: str, clip: EncodedClip) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._clip = clip
        self._camera = ClipCamera(clip)
        install_low_latency()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._session = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.pictures = 0
        """That came back."""
        self.figures: dict[str, Any] = {}
        """The newest of the server's figures for this session."""
        self.came_s: list[float] = []
        """When the pictures came, since `forget`."""

    async def start(self) -> None:
        """Call.

        Raises:
            RefusedError: there is no room, with the server's words.
        """
        self._connection.on("track", self._arrived)
        self._connection.addTrack(self._camera)
        (transceiver,) = self._connection.getTransceivers()
        offered = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences(
            [codec for codec in offered if codec.mimeType == f"video/{self._clip.codec}"]
        )
        channel: RTCDataChannel = self._connection.createDataChannel("stats")
        channel.on("message", self._told)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        offer = {"sdp": self._connection.localDescription.sdp, "type": "offer"}
        async with self._http.post(f"{self._url}/api/sessions", json=offer) as response:
            answer = await response.json()
            if response.status != 201:
                raise RefusedError(str(answer))
        self._session = answer["id"]
        await self._connection.setRemoteDescription(
            RTCSessionDescription(sdp=answer["sdp"], type="answer")
        )

    def forget(self) -> None:
        """Begin to count anew."""
        self.came_s.clear()

    async def leave(self, *, politely: bool = True) -> None:
        """End the session as the page does, or vanish with the connection alone."""
        if politely and self._session:
            async with self._http.delete(f"{self._url}/api/sessions/{self._session}") as gone:
                await gone.read()
        for task in self._tasks:
            task.cancel()
        self._camera.stop()
        await self._connection.close()

    def _told(self, message: str) -> None:
        self.figures = json.loads(message)

    def _arrived(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._watch(track))
        self._tasks.add(task)

    async def _watch(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                await track.recv()
            except MediaStreamError:
                return
            self.pictures += 1
            self.came_s.append(time.monotonic())
            del self.came_s[:-9000]


@asynccontextmanager
async def visitors() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps its cookies, from an address of numbers too, as browsers do."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield http
