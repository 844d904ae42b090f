"""The twin of a whole call: a camera's pictures go to a server, which sends each back at once.

The server here has no face and no portrait, so its step takes no time: what is seen is what the
network and both directions of the media cost. With `moves` the caller's address changes half way,
as from Wi-Fi to a cable: nothing goes to or comes from the old one any more, and a new call is made
from the new one as soon as a message about it has gone there and back.
"""

import asyncio
from fractions import Fraction

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from benchmarks.impaired.link import BLACKOUT
from benchmarks.impaired.twin import (
    SENDER,
    SIDE,
    VIEWER,
    WARM_UP_S,
    Camera,
    Change,
    Seen,
    changed,
    same,
    virtual,
    watch,
)
from benchmarks.impaired.virtual_loop import VirtualLoop
from stream.server.peers import prefer_h264
from stream.webrtc.decoder_tap import take_at_once

MOVED = "10.0.0.3"
"""The caller's other address; SENDER is the first, VIEWER the server's."""


class Echo(MediaStreamTrack):
    """Sends the newest picture that was put, once."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: VideoFrame | None = None
        self._there = asyncio.Event()
        self._clock = asyncio.get_running_loop()
        self._began_s = self._clock.time()

    def put(self, picture: VideoFrame) -> None:
        """In the decoder's thread."""
        self._newest = picture
        self._clock.call_soon_threadsafe(self._there.set)

    async def recv(self) -> VideoFrame:
        """The next picture. Wait for one that was not sent yet."""
        await self._there.wait()
        if self.readyState != "live" or self._newest is None:
            raise MediaStreamError
        self._there.clear()
        made = VideoFrame.from_ndarray(self._newest.to_ndarray(format="yuv420p"), "yuv420p")
        made.pts = round((self._clock.time() - self._began_s) * 90_000)
        made.time_base = Fraction(1, 90_000)
        return made


class Call:
    """Both ends of one."""

    def __init__(self, loop: VirtualLoop, seen: Seen) -> None:
        self.caller, self.server = (
            RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)
        )
        self._loop = loop
        self._echo = Echo()
        self.server.on("track", lambda track: take_at_once(track, self._echo.put))
        self.caller.on("track", lambda track: watch(loop, seen, track))

    async def begin(self, camera: MediaStreamTrack, address: str) -> None:
        """The caller calls from this address."""
        loop = self._loop
        transceiver = self.caller.addTransceiver(camera, "sendrecv")
        prefer_h264(transceiver)
        loop.hosts = (address,)
        await self.caller.setLocalDescription(await self.caller.createOffer())
        await self.server.setRemoteDescription(same(self.caller.localDescription))
        self.server.addTrack(self._echo)
        loop.hosts = (VIEWER,)
        await self.server.setLocalDescription(await self.server.createAnswer())
        await self.caller.setRemoteDescription(same(self.server.localDescription))

    async def end(self) -> None:
        """Hang up."""
        await self.caller.close()
        await self.server.close()


def run_back(
    changes: list[Change], *, seconds: float, seed: int = 1, side: int = SIDE, moves: bool = False
) -> tuple[Seen, float]:
    """Call for so long; what came back, and when the warm-up ended."""
    with virtual(seed) as loop:
        seen = Seen()
        began_s = loop.run_until_complete(_called(loop, seen, changes, seconds, side, moves=moves))
        return seen, began_s


async def _called(
    loop: VirtualLoop, seen: Seen, changes: list[Change], seconds: float, side: int, *, moves: bool
) -> float:
    call = Call(loop, seen)
    await call.begin(Camera(seen, side), SENDER)
    calls = [call]
    await asyncio.sleep(WARM_UP_S)
    began_s = loop.time()
    changing = asyncio.create_task(changed(loop, changes, began_s))
    if moves:
        await asyncio.sleep(seconds / 2)
        calls.append(await _moved(loop, seen, side))
    await asyncio.sleep(began_s + seconds - loop.time())
    changing.cancel()
    seen.packets_lost = loop.network.link(SENDER, VIEWER).lost
    for each in calls:
        await each.end()
    return began_s


async def _moved(loop: VirtualLoop, seen: Seen, side: int) -> Call:
    """The old address is dead; a call from the new one, over a network like the old one's."""
    there, back = loop.network.link(SENDER, VIEWER), loop.network.link(VIEWER, SENDER)
    loop.network.link(MOVED, VIEWER).profile = there.profile
    loop.network.link(VIEWER, MOVED).profile = back.profile
    signalling_s = (there.profile.delay_ms + back.profile.delay_ms) / 1e3
    there.profile = back.profile = BLACKOUT
    again = Call(loop, seen)
    await asyncio.sleep(signalling_s)
    await again.begin(Camera(seen, side, first=max(seen.sent_s, default=0)), MOVED)
    return again
