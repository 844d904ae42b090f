"""Two peers in one process over an impaired network, on a virtual clock: what a viewer would see.

    python -m benchmarks.impaired.twin --loss 0.1 --delay-ms 20 --seconds 30 [--stock]

Real aiortc on both sides, ICE, DTLS, RTP, encoder and decoder; only sockets and time are made up,
so that computing costs nothing and the same seed gives the same figures. `--stock` leaves our parts
out.
"""

import argparse
import asyncio
import datetime
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from aioice import ice
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    clock,
    rtcrtpreceiver,
    rtcrtpsender,
)
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from benchmarks.impaired.link import Profile
from benchmarks.impaired.stamp import is_damaged, picture, read
from benchmarks.impaired.virtual_loop import VirtualLoop, Watched
from stream.server.peers import prefer_h264
from stream.webrtc.connection import install_low_latency
from stream.webrtc.decoder_tap import take_at_once

RATE = 30
SIDE = 256
SENDER, VIEWER = "10.0.0.1", "10.0.0.2"
WARM_UP_S = 2.0
FREEZE_MS = 200.0
BLACKOUT_AT_S, BETWEEN_S = 5.0, 3.0
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the network becomes, so many seconds after the warm-up; None: that direction stays."""

    after_s: float
    up: Profile | None = None
    """From the sender to the viewer."""
    down: Profile | None = None


@dataclass(slots=True)
class Seen:
    """What the viewer saw."""

    sent_s: dict[int, float] = field(default_factory=dict)
    shown: list[tuple[float, int | None, bool]] = field(default_factory=list)
    """Time, number, whether it was damaged."""
    packets_lost: int = 0
    bits_sent: int = 0

    def figures(self, began_s: float, ended_s: float) -> dict[str, Any]:
        """Delay of the pictures shown in a span of time, and how even they came."""
        shown = [each for each in self.shown if began_s <= each[0] <= ended_s]
        delays = [(at - self.sent_s[number]) * 1e3 for at, number, _ in shown if number is not None]
        times = [began_s, *(at for at, number, _ in shown if number is not None), ended_s]
        gaps = np.diff(times) * 1e3
        return {
            "p50": round(float(np.percentile(delays, 50)), 1) if delays else None,
            "p95": round(float(np.percentile(delays, 95)), 1) if delays else None,
            "last": round(float(np.median(delays[-15:])), 1) if delays else None,
            "pictures": len(delays),
            "freezes": int((gaps > FREEZE_MS).sum()),
            "longest_gap": round(float(gaps.max()), 1),
            "damaged": sum(is_bad or number is None for _, number, is_bad in shown),
        }


class Camera(MediaStreamTrack):
    """Numbered pictures at a steady rate of the loop's clock."""

    kind = "video"

    def __init__(self, seen: Seen, side: int, *, first: int = 0) -> None:
        super().__init__()
        self._seen = seen
        self._side = side
        self._number = first
        self._began_s = asyncio.get_running_loop().time() - first / RATE

    async def recv(self) -> VideoFrame:
        """The next picture. Wait until it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        now_s = asyncio.get_running_loop().time()
        self._number = max(self._number + 1, int((now_s - self._began_s) * RATE))
        await asyncio.sleep(max(0.0, self._began_s + self._number / RATE - now_s))
        self._seen.sent_s[self._number] = asyncio.get_running_loop().time()
        made = VideoFrame.from_ndarray(picture(self._number, self._side), format="rgb24")
        made.pts, made.time_base = self._number * 90_000 // RATE, Fraction(1, 90_000)
        return made


@contextmanager
def virtual(seed: int) -> Iterator[VirtualLoop]:
    """A virtual loop, and aiortc's clocks, threads and addresses within it."""
    loop = VirtualLoop(seed)

    def now_s() -> float:
        return loop.time()

    def now() -> datetime.datetime:
        return EPOCH + datetime.timedelta(seconds=loop.time())

    made_up = SimpleNamespace(**{**vars(time), "time": now_s})
    with ExitStack() as stack:
        stack.callback(loop.close)
        stack.callback(Watched.everybody.clear)
        stack.enter_context(patch.object(clock, "current_datetime", now))
        stack.enter_context(patch.object(ice, "get_host_addresses", lambda **_: list(loop.hosts)))
        queues = SimpleNamespace(Queue=Watched)
        stack.enter_context(patch.object(rtcrtpreceiver, "queue", queues))
        for module in (rtcrtpreceiver, rtcrtpsender):
            stack.enter_context(patch.object(module, "time", made_up))
        before = random.getstate()
        random.seed(seed)
        stack.callback(random.setstate, before)
        yield loop


def run(
    changes: list[Change], *, seconds: float, seed: int = 1, side: int = SIDE, codec: str = "H264"
) -> tuple[Seen, float]:
    """Stream for so long over a network that changes; what was seen, and when the warm-up ended."""
    with virtual(seed) as loop:
        seen = Seen()
        began_s = loop.run_until_complete(_streamed(loop, seen, changes, seconds, side, codec))
        return seen, began_s


async def _streamed(
    loop: VirtualLoop, seen: Seen, changes: list[Change], seconds: float, side: int, codec: str
) -> float:
    sender, viewer = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    transceiver = viewer.addTransceiver("video", "recvonly")
    if codec == "H264":
        prefer_h264(transceiver)
    viewer.on("track", lambda track: watch(loop, seen, track))
    loop.hosts = (VIEWER,)
    await viewer.setLocalDescription(await viewer.createOffer())
    sender.addTrack(Camera(seen, side))
    loop.hosts = (SENDER,)
    await sender.setRemoteDescription(same(viewer.localDescription))
    await sender.setLocalDescription(await sender.createAnswer())
    await viewer.setRemoteDescription(same(sender.localDescription))
    await asyncio.sleep(WARM_UP_S)
    began_s = loop.time()
    await changed(loop, changes, began_s)
    await asyncio.sleep(began_s + seconds - loop.time())
    seen.packets_lost = loop.network.link(SENDER, VIEWER).lost
    await viewer.close()
    await sender.close()
    return began_s


async def changed(loop: VirtualLoop, changes: list[Change], began_s: float) -> None:
    """Have the network between both become each of these in its time."""
    up, down = loop.network.link(SENDER, VIEWER), loop.network.link(VIEWER, SENDER)
    for change in sorted(changes, key=lambda each: each.after_s):
        await asyncio.sleep(max(0.0, began_s + change.after_s - loop.time()))
        up.profile, down.profile = change.up or up.profile, change.down or down.profile


def same(description: RTCSessionDescription) -> RTCSessionDescription:
    """A description as it comes out of the signalling."""
    return RTCSessionDescription(sdp=description.sdp, type=description.type)


def watch(loop: VirtualLoop, seen: Seen, track: MediaStreamTrack) -> None:
    """Note every picture of a track as it is decoded."""

    def shown(frame: VideoFrame) -> None:
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        number = read(pixels)
        is_bad = number is not None and is_damaged(pixels, number)
        seen.shown.append((loop.time(), number, is_bad))

    take_at_once(track, shown)


def both_ways(profile: Profile, after_s: float = 0.0) -> Change:
    """The same in both directions."""
    return Change(after_s=after_s, up=profile, down=profile)


def course(given: dict[str, Any], seconds: float) -> list[Change]:
    """What the network is and becomes; takes its own options out of those of a `Profile`."""
    blackout_s, blackouts = given.pop("blackout_s", None), given.pop("blackouts", 1)
    steps_bps, delays_ms = given.pop("steps_bps", None), given.pop("delays_ms", None)
    changes = [both_ways(Profile(**given))]
    if blackout_s:
        for number in range(blackouts):
            dark_s = BLACKOUT_AT_S + number * (blackout_s + BETWEEN_S)
            changes.append(both_ways(Profile(**{**given, "loss": 1.0}), dark_s))
            changes.append(both_ways(Profile(**given), dark_s + blackout_s))
    for name, values in (("rate_bps", steps_bps), ("delay_ms", delays_ms)):
        for number, value in enumerate(values or ()):
            at_s = number * seconds / len(values)
            changes.append(both_ways(Profile(**{**given, name: value}), at_s))
    return changes


def main() -> None:
    """One run, one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("loss", "delay-ms", "jitter-ms", "queue-ms", "rate-bps", "blackout-s"):
        parser.add_argument(f"--{name}", type=float)
    parser.add_argument("--burst", type=float, nargs=2)
    parser.add_argument("--reorders", action="store_true")
    parser.add_argument("--blackouts", type=int, default=1)
    parser.add_argument("--steps-bps", type=float, nargs="+", help="rates, one after the other")
    parser.add_argument("--delays-ms", type=float, nargs="+", help="delays, one after the other")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--codec", choices=("H264", "VP8"), default="H264")
    parser.add_argument("--stock", action="store_true", help="aiortc as it is")
    parser.add_argument("--there-and-back", action="store_true", help="to a server and back")
    parser.add_argument("--moves", action="store_true", help="to another address, half way")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    seconds, seed, side = given.pop("seconds"), given.pop("seed"), given.pop("side")
    codec, moves, comes_back = (given.pop(key) for key in ("codec", "moves", "there_and_back"))
    if not given.pop("stock"):
        install_low_latency()
    if "burst" in given:
        given["burst"] = tuple(given["burst"])
    changes = course(given, seconds)
    if comes_back or moves:
        from benchmarks.impaired.there_and_back import run_back

        seen, began_s = run_back(changes, seconds=seconds, seed=seed, side=side, moves=moves)
    else:
        seen, began_s = run(changes, seconds=seconds, seed=seed, side=side, codec=codec)
    figures = seen.figures(began_s, began_s + seconds)
    sys.stdout.write(json.dumps(figures | {"packets_lost": seen.packets_lost}) + "\n")


if __name__ == "__main__":
    main()
