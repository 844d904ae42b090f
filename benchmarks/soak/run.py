"""People who stay and people who come and go, against the real server in another process."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.live.clip import EncodedClip, discs, encoded, faces
from benchmarks.live.peer import Peer, RefusedError, counting, visitors
from benchmarks.live.server_process import ServerProcess, server_process
from benchmarks.live.serving import LIGHT
from benchmarks.soak.verdict import Sample

VANISHES = 4
"""Every so manieth visitor goes without a word."""
PLACES = 2
"""Beside those who stay: a place that was left is free only after a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What is done."""

    minutes: float
    steady: int = 2
    every_s: float = 20.0
    """From one visitor to the next."""
    stay_s: float = 5.0
    settle_s: float = 2.0
    """After a visitor has gone, before a sample is taken."""
    size: int = 256
    model: str = "rig"
    backend: str = "auto"
    leak_kb: int = 0
    trace: bool = False


@dataclass(slots=True, kw_only=True)
class Soaked:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    visitors: int = 0
    refused: int = 0
    """Who found no place, since somebody had left without a word."""
    lost: int = 0
    """Times that somebody who stayed had to come again: where a machine is too busy."""
    least_pictures: int = 0
    """Of the steady place that saw least."""
    places: list[str] = field(default_factory=list)
    """Where Python's memory was allocated at the end, with `trace`."""


def soak(asked: Soak, told: Callable[[float], None] = lambda _: None) -> Soaked:
    """Run it; `told` is called with the seconds that have passed."""
    clip = encoded(discs(asked.size) if asked.model == LIGHT else faces())
    options = {
        "model": asked.model,
        "backend": asked.backend,
        "size": asked.size,
        "sessions": asked.steady + PLACES,
        "leak": asked.leak_kb,
        "adapts": True,
        "trace": asked.trace,
    }
    with server_process(options) as server, counting():
        return asyncio.run(_run(asked, server, clip, told))


async def _run(
    asked: Soak, server: ServerProcess, clip: EncodedClip, told: Callable[[float], None]
) -> Soaked:
    found = Soaked()
    began_s = time.monotonic()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(visitors())
        url = server.url.partition("#")[0]
        steady = [Steady(http, url, clip) for _ in range(asked.steady)]
        for each in steady:
            await each.come()
            stack.push_async_callback(each.leave)
        while (passed_s := time.monotonic() - began_s) < asked.minutes * 60:
            told(passed_s)
            next_s = time.monotonic() + asked.every_s
            await _visit(asked, http, url, clip, found)
            await asyncio.sleep(asked.settle_s)
            found.lost += sum([await each.come_again() for each in steady])
            found.samples.append(await _sample(server, steady, found.visitors, began_s))
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
        found.least_pictures = min((each.pictures for each in steady), default=0)
        if asked.trace:
            found.places = (await asyncio.to_thread(server.ask))["places"]
    return found


class Steady:
    """Somebody who stays: comes again, as the page does, where no picture comes any more."""

    def __init__(self, http: aiohttp.ClientSession, url: str, clip: EncodedClip) -> None:
        self._place = http, url, clip
        self.peer = Peer(*self._place)
        self._before = 0
        self._seen = 0

    @property
    def pictures(self) -> int:
        """Seen so far, by all of their connections."""
        return self._before + self.peer.pictures

    @property
    def figures(self) -> dict[str, Any]:
        """The server's newest."""
        return self.peer.figures

    async def come(self) -> None:
        """Call."""
        await self.peer.start()

    async def come_again(self) -> bool:
        """Whether it had to be, since the last time this was asked."""
        if self.pictures > self._seen:
            self._seen = self.pictures
            return False
        await self.leave()
        self._before, self.peer = self.pictures, Peer(*self._place)
        with suppress(RefusedError):  # the place of before is not free yet: the next time
            await self.peer.start()
        return True

    async def leave(self) -> None:
        """End the session."""
        await self.peer.leave()


async def _visit(
    asked: Soak, http: aiohttp.ClientSession, url: str, clip: EncodedClip, found: Soaked
) -> None:
    """One who comes, watches and goes."""
    visitor = Peer(http, url, clip)
    try:
        await visitor.start()
        found.visitors += 1
        await asyncio.sleep(asked.stay_s)
    except RefusedError:
        found.refused += 1
    finally:
        await visitor.leave(politely=bool(found.visitors % VANISHES))


async def _sample(
    server: ServerProcess, steady: list[Steady], visitors: int, began_s: float
) -> Sample:
    says = await asyncio.to_thread(server.ask)
    held = server.held()
    delays = [each.figures.get("end_to_end", {}).get("p50") for each in steady]
    return {
        "at_s": time.monotonic() - began_s,
        "visitors": float(visitors),
        "own_mb": held.own_mb,
        "descriptors": float(held.descriptors),
        "threads": float(held.threads),
        "tasks": float(says["tasks"]),
        "delay_ms": statistics.mean([each for each in delays if each is not None] or [0.0]),
        **({"traced_kb": float(says["traced_kb"])} if "traced_kb" in says else {}),
    }
