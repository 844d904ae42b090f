"""aiortc as it comes, as a server for the measuring page: each picture that arrives is sent back.

    python -m benchmarks.impaired.stock ADDRESS

It answers what `call.js` asks, with none of our parts in it: the track that returns is the one that
arrives, as in aiortc's own example. Prints its address, and at its end how each picture passed.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

from benchmarks.glass import strip
from benchmarks.glass.serving import PAGES
from benchmarks.glass.stamped import Passages


class Returned(MediaStreamTrack):
    """What arrives, sent back; notes how old it was."""

    kind = "video"

    def __init__(self, source: MediaStreamTrack, passages: Passages) -> None:
        super().__init__()
        self._source = source
        self._passages = passages

    async def recv(self) -> VideoFrame:
        """The next picture, as it came."""
        frame = await self._source.recv()
        assert isinstance(frame, VideoFrame)
        self._passages.begin()
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        self._passages.note(strip.read(pixels), time.monotonic_ns())
        self._passages.end()
        return frame


class Stock:
    """The server."""

    def __init__(self) -> None:
        self.passages = Passages()
        self._peers: dict[str, RTCPeerConnection] = {}

    async def open(self, request: web.Request) -> web.Response:
        """An offer in, an answer out."""
        offer = await request.json()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.on("track", lambda track: peer.addTrack(Returned(track, self.passages)))
        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        name = str(len(self._peers))
        self._peers[name] = peer
        return web.json_response({"id": name, "sdp": peer.localDescription.sdp}, status=201)

    async def close(self, request: web.Request) -> web.Response:
        """Its end."""
        await self._peers[request.match_info["id"]].close()
        return web.Response(status=204)

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page."""
        return web.FileResponse(Path(PAGES) / "index.html")


async def serve(host: str) -> None:
    """Until SIGTERM."""
    stock, stop = Stock(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = web.Application()
    app.router.add_get("/", stock.index)
    app.router.add_static("/assets", PAGES)
    app.router.add_post("/api/sessions", stock.open)
    app.router.add_delete("/api/sessions/{id}", stock.close)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    print(f"http://{host}:{runner.addresses[0][1]}/", flush=True)
    await stop.wait()
    await runner.cleanup()
    print(json.dumps(stock.passages.as_json()), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
