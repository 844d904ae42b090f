"""One end of a stream in real time, by one engine; `real_matrix` runs two of them.

    python -m benchmarks.impaired.real_end viewer|sender ENGINE CODEC SIDE SECONDS

ENGINE is stock (aiortc as it is), ours, or reactor: libwebrtc, which browsers have, in a wheel that
is named reactor-webrtc. Descriptions go by lines of JSON: the viewer says its offer and reads the
answer; the sender the other way round. At the end each says what it sent or saw, by the system's
own clock.
"""

import asyncio
import json
import os
import sys
from typing import Protocol

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from benchmarks.impaired.stamp import is_damaged, picture, read
from benchmarks.impaired.twin import RATE, Camera, Seen
from engine.frame import Pixels
from stream.server.peers import prefer_h264
from stream.webrtc.connection import install_low_latency
from stream.webrtc.decoder_tap import take_at_once

ENGINES = ("stock", "ours", "reactor")


class End(Protocol):
    """A connection that has one video track."""

    async def offer(self) -> str:
        """What the viewer says first, with all its candidates."""
        ...

    async def answer(self, offer: str) -> str:
        """What the sender says to that; then it sends."""
        ...

    async def take(self, answer: str) -> None:
        """The viewer hears of it; then it watches."""
        ...


class Aiortc:
    """aiortc, with our parts or without."""

    def __init__(self, seen: Seen, side: int, codec: str) -> None:
        self._seen = seen
        self._side = side
        self._codec = codec
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def offer(self) -> str:
        """What the viewer says first."""
        transceiver = self._connection.addTransceiver("video", "recvonly")
        if self._codec == "H264":
            prefer_h264(transceiver)
        self._connection.on("track", self._watch)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def answer(self, offer: str) -> str:
        """What the sender says to that."""
        self._connection.addTrack(Camera(self._seen, self._side))
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return str(self._connection.localDescription.sdp)

    async def take(self, answer: str) -> None:
        """The viewer hears of it."""
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def _watch(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        take_at_once(
            track,
            lambda frame: note(
                self._seen, loop.time(), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            ),
        )


class Reactor:
    """libwebrtc by reactor-webrtc; it has no H.264 unless one is put beside it."""

    def __init__(self, seen: Seen, side: int) -> None:
        import reactor_webrtc as rw

        self._rw = rw
        self._seen = seen
        self._side = side
        builder = rw.PeerConnectionFactoryBuilder()
        builder.with_synthetic_adm()
        builder.with_metadata(enabled=False)
        builder.with_send_playout_delay()
        builder.with_receive_playout_delay()
        self._factory = builder.build()
        self._candidates: list[str] = []
        self._is_gathered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        observer = rw.PeerConnectionObserver()
        observer.on_ice_candidate = lambda each: self._candidates.append(each.candidate)
        observer.on_ice_gathering_change = self._gathering
        observer.on_track = self._watch
        self._observer = observer
        self._connection = self._factory.create_peer_connection(rw.RtcConfiguration(), observer)
        self._pushing: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        """What the viewer says first."""
        rw = self._rw
        transceiver = self._connection.add_transceiver(
            rw.MediaKind.Video, rw.TransceiverDirection.RecvOnly
        )
        await transceiver.set_codec_preferences([rw.VideoCodec.Vp8])
        return await self._described(await self._connection.create_offer())

    async def answer(self, offer: str) -> str:
        """What the sender says to that."""
        track = self._factory.create_video_track("camera")
        self._connection.add_track(track)
        await self._connection.set_remote_description(self._rw.SessionDescription("offer", offer))
        said = await self._described(await self._connection.create_answer())
        self._pushing = asyncio.create_task(self._push(track))
        return said

    async def take(self, answer: str) -> None:
        """The viewer hears of it."""
        await self._connection.set_remote_description(self._rw.SessionDescription("answer", answer))

    async def _described(self, description: object) -> str:
        await self._connection.set_local_description(description)
        await asyncio.wait_for(self._is_gathered.wait(), 10)
        lines = "".join(f"a={each}\r\n" for each in self._candidates)
        return str(description.sdp) + lines  # type: ignore[attr-defined]

    def _gathering(self, state: object) -> None:
        if state == self._rw.IceGatheringState.Complete:
            self._loop.call_soon_threadsafe(self._is_gathered.set)

    async def _push(self, track: object) -> None:
        side, began_s, number = self._side, self._loop.time(), 0
        while True:
            number = max(number + 1, int((self._loop.time() - began_s) * RATE))
            await asyncio.sleep(max(0.0, began_s + number / RATE - self._loop.time()))
            grey = picture(number, side)
            bgra = np.dstack([grey, np.full((side, side), 255, np.uint8)])
            self._seen.sent_s[number] = self._loop.time()
            track.push_video_frame(bgra.tobytes(), side, side)  # type: ignore[attr-defined]

    def _watch(self, kind: object, track: object) -> None:
        self._track = track  # which would stop with its last reference
        track.on_video_frame(self._take)  # type: ignore[attr-defined]

    def _take(self, bgra: bytes, width: int, height: int, metadata: object = None) -> None:
        pixels = np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[..., :3]
        note(self._seen, self._loop.time(), np.ascontiguousarray(pixels))


def note(seen: Seen, now_s: float, shown: Pixels) -> None:
    """Note a picture that was shown."""
    number = read(shown)
    seen.shown.append((now_s, number, number is not None and is_damaged(shown, number)))


async def run(role: str, engine: str, codec: str, side: int, seconds: float) -> None:
    """Be one end for so long."""
    seen = Seen()
    if engine == "ours":
        install_low_latency()
    end: End = Reactor(seen, side) if engine == "reactor" else Aiortc(seen, side, codec)
    read_line = asyncio.get_running_loop().run_in_executor
    if role == "viewer":
        say(await end.offer())
        await end.take(json.loads(await read_line(None, sys.stdin.readline)))
    else:
        say(await end.answer(json.loads(await read_line(None, sys.stdin.readline))))
    await asyncio.sleep(seconds)
    say({"sent": list(seen.sent_s.items()), "shown": seen.shown})


def say(content: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(run(given[0], given[1], given[2], int(given[3]), float(given[4])))
    # Not through the interpreter's end: libwebrtc's threads may still call back.
    os._exit(0)
