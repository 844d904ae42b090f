"""Glass to glass without a browser: an aiortc peer does what the page does, in its own process.

    python -m benchmarks.glass.peer ADDRESS '{"size": 256, "rate": 30, "codec": "H264", ...}'

Prints what the page's `measure` returns. Both ends are aiortc's then, and no screen is in it: a
picture counts as seen when it is decoded.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import cv2
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from benchmarks.glass import strip
from benchmarks.glass.chromium import DRIVING, FACES
from engine.frame import Pixels
from stream.files.clips import Clip
from stream.webrtc.connection import new_connection
from stream.webrtc.decoder_tap import take_at_once

CORNERS = {"echo": 255, "unrefined": 128, "model": 0}
CLOCK_HZ = 90_000
SOON_S = 30.0
GREY = 0x77


class Scene(MediaStreamTrack):
    """The driving clip with a time code, at a steady rate."""

    kind = "video"

    def __init__(self, faces: Sequence[Pixels], size: int, rate: int) -> None:
        super().__init__()
        self.asks = "echo"
        self.drawn = 0
        self._pictures = [_laid_out(face, size) for face in faces]
        self._rate = rate
        self._began_s: float | None = None
        self._number = 0

    async def recv(self) -> VideoFrame:
        """The next picture, when it is due; those that are late are left out."""
        if self.readyState != "live":
            raise MediaStreamError
        now_s = time.monotonic()
        self._began_s = now_s if self._began_s is None else self._began_s
        self._number = max(self._number + 1, int((now_s - self._began_s) * self._rate))
        await asyncio.sleep(max(0.0, self._began_s + self._number / self._rate - now_s))
        made = VideoFrame.from_ndarray(self.draw(), format="rgb24")
        made.pts, made.time_base = self._number * CLOCK_HZ // self._rate, Fraction(1, CLOCK_HZ)
        return made

    def draw(self) -> Pixels:
        """The picture of now."""
        along = self.drawn % (2 * len(self._pictures))
        picture = self._pictures[min(along, 2 * len(self._pictures) - 1 - along)]
        self.drawn += 1
        cell = picture.shape[1] // strip.CELLS
        picture[-cell:, :cell] = CORNERS[self.asks]
        strip.draw(picture, strip.now_ms())
        return picture


class Watcher:
    """Reads every picture that comes back; what it saw belongs to the block of the moment."""

    def __init__(self) -> None:
        self.decoded = 0
        self.block: dict[str, Any] | None = None
        self._last: int | None = None

    def see(self, frame: VideoFrame) -> None:
        """Called in the decoder's thread."""
        self.decoded += 1
        self.read(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))

    def read(self, picture: Pixels) -> None:
        """Take in a picture that has just been seen."""
        code, now_ms, block = strip.read(picture), time.time() * 1e3, self.block
        if block is not None:
            if code is None:
                block["misread"] += 1
            elif code == self._last:
                block["repeated"] += 1
            else:
                block["latencies"].append(strip.since_ms(code, now_ms))
                block["at"].append((time.monotonic() - block["began"]) * 1e3)
        self._last = self._last if code is None else code

    def begin(self, kind: str) -> dict[str, Any]:
        """A new block."""
        lists: dict[str, Any] = {"latencies": [], "at": []}
        moment = {"began": time.monotonic(), "wallS": time.time()}
        self.block = {"kind": kind, **lists, "misread": 0, "repeated": 0, **moment}
        return self.block


def measured_own(asked: dict[str, Any]) -> dict[str, Any]:
    """The measurement's own part: each picture is read back as soon as it is drawn."""
    scene = Scene(_faces(), asked["size"], asked["rate"])
    watcher = Watcher()
    block = watcher.begin("own")
    for _ in range(int(asked["seconds"] * asked["rate"])):
        watcher.read(scene.draw())
        time.sleep(0.001)
    return block


async def measured(address: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page's `measure` returns, for the same questions."""
    scene = Scene(_faces(), asked["size"], asked["rate"])
    watcher, heard = Watcher(), {"stats": None}
    peer, end = await _called(address, scene, watcher, heard, asked["codec"])
    latest_s = time.monotonic() + SOON_S
    while not watcher.decoded:
        if time.monotonic() > latest_s:
            raise SystemExit(f"error: no picture came back within {SOON_S:g} s")
        await asyncio.sleep(0.05)
    await asyncio.sleep(asked["warmUp"])
    found = []
    for block in asked["blocks"]:
        scene.asks = block["kind"]
        await asyncio.sleep(asked["settle"])
        found.append(await _watched(scene, watcher, heard, asked["codec"], block["seconds"]))
    await peer.close()
    await end()
    return found


async def _watched(
    scene: Scene, watcher: Watcher, heard: dict[str, Any], codec: str, seconds: float
) -> dict[str, Any]:
    decoded, drawn, drops = watcher.decoded, scene.drawn, (heard["stats"] or {}).get("drops", 0)
    block = watcher.begin(scene.asks)
    await asyncio.sleep(seconds)
    watcher.block = None
    took_s = time.monotonic() - block["began"]
    stats = heard["stats"] or {}
    return block | {
        "seconds": took_s,
        "fps": (watcher.decoded - decoded) / took_s,
        "drawnFps": (scene.drawn - drawn) / took_s,
        "drops": stats.get("drops", 0) - drops,
        "codec": f"video/{codec}",
        "received": {},
        "stats": stats,
    }


async def _called(
    address: str, scene: Scene, watcher: Watcher, heard: dict[str, Any], codec: str
) -> tuple[RTCPeerConnection, Any]:
    peer = new_connection()
    transceiver = peer.addTransceiver(scene, "sendrecv")
    known = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [each for each in known if each.mimeType in (f"video/{codec}", "video/rtx")]
    )
    peer.on("track", lambda track: take_at_once(track, watcher.see))
    channel = peer.createDataChannel("stats")
    channel.on("message", lambda words: heard.update(stats=json.loads(words)))
    await peer.setLocalDescription(await peer.createOffer())
    parts = urlsplit(address)
    sessions = f"{parts.scheme}://{parts.netloc}/api/sessions"
    token = parts.fragment.removeprefix("token=")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    offer = {"sdp": peer.localDescription.sdp, "type": "offer"}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.post(sessions, json=offer) as response,
    ):
        answer = await response.json()
        if response.status >= 400:
            raise SystemExit(f"error: the server refused: {answer['error']}")
    await peer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))

    async def end() -> None:
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.delete(f"{sessions}/{answer['id']}"),
        ):
            pass

    return peer, end


def _faces() -> list[Pixels]:
    return [frame.pixels for frame in islice(Clip(DRIVING).frames(), FACES)]


def _laid_out(face: Pixels, size: int) -> Pixels:
    """A face below the place of the code, on a grey ground."""
    top = strip.ROWS * size // strip.CELLS
    height = size - top
    width = round(height * face.shape[1] / face.shape[0])
    laid = np.full((size, size, 3), GREY, np.uint8)
    scaled = cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA)
    left = (size - width) // 2
    laid[top:, max(left, 0) : max(left, 0) + width] = scaled[:, max(-left, 0) :][:, :size]
    return laid


def main() -> None:
    """Measure against a server, or this program's own part where no address is given."""
    *address, asked = sys.argv[1:]
    cv2.setNumThreads(1)
    told = json.loads(asked)
    found = asyncio.run(measured(address[0], told)) if address else measured_own(told)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
