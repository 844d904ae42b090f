"""A peer for tests of the server: an aiortc connection with a camera that shows a disc."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from av import AudioFrame, VideoFrame
from PIL import Image

from engine.faces.face import Tracker
from engine.frame import Pixels
from engine.model import Model
from stream.server.app import Served, serving
from stream.server.settings import ServerSettings
from stream.webrtc.connection import install_low_latency
from tests.fakes import DiscTracker, ShiftModel, disc_picture

SOON_S = 20.0
"""How long anything may take on a busy machine."""
SIZE = 256
LOUD = 1000.0
"""Mean of a piece's samples from which on it is a tone."""
LOCAL = ServerSettings(port=0, size=SIZE, framing="full")


class DiscCamera(MediaStreamTrack):
    """Shows a disc at `centre`, 30 times a second."""

    kind = "video"

    def __init__(self, centre: tuple[float, float] | None = (128, 128)) -> None:
        super().__init__()
        self.centre = centre
        self.moved_at = 0.0
        """When a picture with another centre than the last one's was given."""
        self.sent = 0
        self._shown = centre
        self.is_silent = False
        self._began = time.monotonic()

    async def recv(self) -> VideoFrame:
        if self.is_silent:
            await asyncio.Event().wait()
        due = self._began + self.sent / 30
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if self.centre != self._shown:
            self._shown, self.moved_at = self.centre, time.monotonic()
        picture = VideoFrame.from_ndarray(disc_picture(SIZE, SIZE, self._shown, 40.0), "rgb24")
        picture.pts, picture.time_base = self.sent * 3000, Fraction(1, 90_000)
        self.sent += 1
        return picture


class Tone(MediaStreamTrack):
    """A microphone: 20 ms pieces, silent or of a tone as the test says."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.is_loud = False
        self.loud_at = 0.0
        """When the tone's first piece after a silence was given: it was just over then."""
        self.lags_s: list[float] = []
        """How late this process was with each piece: a busy machine is late with everything."""
        self._was_loud = False
        self._sent = 0
        self._began: float | None = None

    async def recv(self) -> AudioFrame:
        if self._began is None:
            self._began = time.monotonic()
        due = self._began + self._sent * 0.02
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        self.lags_s.append(time.monotonic() - due)
        if self.is_loud and not self._was_loud:
            self.loud_at = time.monotonic()
        self._was_loud = self.is_loud
        wave = np.sin(np.arange(960) * 2 * np.pi * 440 / 48_000) * (12_000 if self.is_loud else 0)
        sound = AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        sound.pts, sound.sample_rate = self._sent * 960, 48_000
        sound.time_base = Fraction(1, 48_000)
        self._sent += 1
        return sound


class Page:
    """What the web page does, in Python."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url.rstrip("/")
        self.camera = DiscCamera()
        install_low_latency()  # or aiortc would hold pictures and sound back, each for its own time
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pictures: asyncio.Queue[tuple[float, VideoFrame]] = asyncio.Queue()
        """(when, picture) of every picture that came back."""
        self.seen_at = 0.0
        """When the picture came that `until` gave last."""
        self.sounds: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        """(when, loudness) of every piece of sound that came back."""
        self.stats: asyncio.Queue[str] = asyncio.Queue()
        self.session: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, microphone: Tone | None = None, **extra: object) -> int:
        """Make the call; the status of the answer."""
        self.connection.on("track", self._arrived)
        self.connection.addTrack(self.camera)
        if microphone is not None:
            self.connection.addTrack(microphone)
        self.channel: RTCDataChannel = self.connection.createDataChannel("stats")
        self.channel.on("message", self.stats.put_nowait)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = {"sdp": self.connection.localDescription.sdp, "type": "offer", **extra}
        async with self.http.post(f"{self.url}/api/sessions", json=offer) as response:
            self.session = await response.json()
            if response.status == 201:
                await self.connection.setRemoteDescription(
                    RTCSessionDescription(sdp=self.session["sdp"], type="answer")
                )
            return response.status

    async def until(self, condition: Callable[[Pixels], bool]) -> Pixels:
        """The first picture from now on for which this holds."""
        async with asyncio.timeout(SOON_S):
            while True:
                self.seen_at, picture = await self.pictures.get()
                pixels = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
                if condition(pixels):
                    return pixels

    async def until_heard(self, *, is_loud: bool) -> float:
        """When the next piece came back that is a tone, or silence."""
        async with asyncio.timeout(SOON_S):
            while True:
                when, loudness = await self.sounds.get()
                if (loudness >= LOUD) == is_loud:
                    return when

    async def figures(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first figures from now on for which this holds."""
        async with asyncio.timeout(SOON_S):
            while True:
                told: dict[str, Any] = json.loads(await self.stats.get())
                if condition(told):
                    return told

    async def patch(self, **settings: object) -> tuple[int, dict[str, Any]]:
        address = f"{self.url}/api/sessions/{self.session['id']}"
        async with self.http.patch(address, json=settings) as response:
            return response.status, await response.json()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.connection.close()

    def _arrived(self, track: MediaStreamTrack) -> None:
        read = self._watch(track) if track.kind == "video" else self._listen(track)
        self._tasks.append(asyncio.create_task(read))

    async def _watch(self, track: MediaStreamTrack) -> None:
        while True:
            picture = await track.recv()
            assert isinstance(picture, VideoFrame)
            self.pictures.put_nowait((time.monotonic(), picture))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            sound = await track.recv()
            assert isinstance(sound, AudioFrame)
            self.sounds.put_nowait((time.monotonic(), float(np.abs(sound.to_ndarray()).mean())))


@asynccontextmanager
async def server(
    folder: Path,
    settings: ServerSettings = LOCAL,
    make_tracker: Callable[[], Tracker] = DiscTracker,
    model: Model[Any] = ShiftModel(),  # noqa: B008 (nothing is kept in it)
) -> AsyncIterator[tuple[Served, aiohttp.ClientSession]]:
    """The real server with the fake model, a disc as its portrait, and a client."""
    portrait = folder / "disc.png"
    Image.fromarray(disc_picture(SIZE, SIZE, (128, 128), 40.0)).save(portrait)
    settings = replace(settings, portrait=portrait)
    async with (
        serving(settings, model=model, make_tracker=make_tracker) as served,
        browser() as http,
    ):
        yield served, http


def browser() -> aiohttp.ClientSession:
    """A client that keeps its cookies, from an address of numbers too, as browsers do."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@asynccontextmanager
async def page(
    http: aiohttp.ClientSession, url: str, microphone: Tone | None = None, **extra: object
) -> AsyncIterator[Page]:
    """A page on camera."""
    made = Page(http, url)
    try:
        assert await made.start(microphone, **extra) == 201, made.session
        yield made
    finally:
        await made.close()


def disc_place(pixels: Pixels) -> tuple[float, float] | None:
    """Where the picture shows the disc."""
    face = DiscTracker().find(pixels)
    return None if face is None else (float(face.landmarks[468, 0]), float(face.landmarks[468, 1]))


def disc_near(x: float, y: float, within: float = 6.0) -> Callable[[Pixels], bool]:
    """Whether a picture shows the disc there."""

    def is_near(pixels: Pixels) -> bool:
        place = disc_place(pixels)
        return place is not None and float(np.hypot(place[0] - x, place[1] - y)) <= within

    return is_near
