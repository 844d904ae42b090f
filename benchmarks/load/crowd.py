"""People on camera, in processes of their own: a few to each, so that none waits for another."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.live.clip import EncodedClip
from benchmarks.live.peer import Peer, RefusedError, counting, visitors
from benchmarks.live.processes import held_by
from benchmarks.report.report import CannotRunError

A_PROCESS = 4
"""People."""
SOON_S = 30.0


class Crowd:
    """Everybody who is on camera."""

    def __init__(self, url: str, clip: EncodedClip) -> None:
        self._url, self._clip = url, clip
        self._context = get_context("spawn")
        self._processes: list[tuple[Any, Connection[Any, Any]]] = []
        self.people = 0

    def add(self) -> None:
        """One more comes.

        Raises:
            CannotRunError: the server did not let them in.
        """
        if self.people % A_PROCESS == 0:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=_live, args=(self._url, self._clip, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._processes.append((process, ours))
        link = self._processes[-1][1]
        link.send("add")
        if not link.poll(SOON_S) or (problem := link.recv()):
            raise CannotRunError(f"nobody more came in: {problem or 'no answer'}")
        self.people += 1

    def pictures(self) -> int:
        """That have come back to all of them."""
        count = 0
        for _, link in self._processes:
            link.send("pictures")
            count += int(link.recv())
        return count

    def cpu_s(self) -> float:
        """What they have taken of the processor."""
        return sum(held_by(process.pid).cpu_s for process, _ in self._processes)

    def close(self) -> None:
        """All leave."""
        for process, link in self._processes:
            link.close()
            process.join(SOON_S)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def crowd(url: str, clip: EncodedClip) -> Iterator[Crowd]:
    """Nobody yet, for the length of the block."""
    people = Crowd(url, clip)
    try:
        yield people
    finally:
        people.close()


def _live(url: str, clip: EncodedClip, link: "Connection[Any, Any]") -> None:
    with counting():
        asyncio.run(_answer(url, clip, link))


async def _answer(url: str, clip: EncodedClip, link: "Connection[Any, Any]") -> None:
    """In the process: do what is asked until the link ends."""
    peers: list[Peer] = []
    async with visitors() as http:
        try:
            while True:
                asked = await asyncio.to_thread(link.recv)
                if asked == "pictures":
                    link.send(sum(peer.pictures for peer in peers))
                else:
                    peers.append(Peer(http, url, clip))
                    link.send(await _started(peers[-1]))
        except EOFError:
            for peer in peers:
                await peer.leave()


async def _started(peer: Peer) -> str:
    try:
        await peer.start()
    except RefusedError as error:
        return str(error)
    return ""
