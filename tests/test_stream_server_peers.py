"""Peers that are dead, frozen or unruly lose their place; whoever is honest keeps it."""

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcsctptransport import DataChunk

from stream.server import channels, sessions
from stream.server.app import Served
from stream.server.app_keys import SESSIONS
from stream.session import loop as frame_loop
from stream.webrtc.connection import new_connection
from tests.peers import disc_near, page
from tests.strangers import until, with_server


def test_a_peer_from_which_nothing_comes_loses_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that sends no picture, but is there, keeps it."""
    monkeypatch.setattr(sessions, "DEAD_S", 3.0)

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as silent, page(http, served.url) as dead:
            for peer in (silent, dead):
                await peer.until(disc_near(128, 128))
            silent.camera.is_silent = True
            kill(dead.connection)
            await until(lambda: served.app[SESSIONS].find(dead.session["id"]) is None)
            assert served.app[SESSIONS].find(silent.session["id"]) is not None

    with_server(tmp_path, test)


FROZEN = """
import asyncio, sys
from tests.peers import browser, disc_near, page

async def visit(url):
    async with browser() as http, page(http, url) as peer:
        await peer.until(disc_near(128, 128))
        print(peer.session["id"], flush=True)
        await asyncio.sleep(600)

asyncio.run(visit(sys.argv[1]))
"""


def test_the_timers_are_those_that_are_promised() -> None:
    """SECURITY.md and docs/live.md name them; the tests of what they do shorten them."""
    assert (sessions.CONNECT_S, sessions.DEAD_S, frame_loop.SILENT_S) == (10.0, 10.0, 3.0)


@pytest.mark.slow
def test_a_peer_that_is_frozen_loses_its_place_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: its sockets stay open, the system takes packets for it, and nothing comes."""
    monkeypatch.setattr(sessions, "DEAD_S", 2.0)

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        visitor = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FROZEN, served.url, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with page(http, served.url) as other:
                await other.until(disc_near(128, 128))
                assert visitor.stdout is not None
                name = (await asyncio.wait_for(visitor.stdout.readline(), 60)).decode().strip()
                visitor.send_signal(signal.SIGSTOP)
                await until(lambda: served.app[SESSIONS].find(name) is None)
                other.camera.centre = (168, 128)
                await other.until(disc_near(168, 128))
        finally:
            visitor.kill()
            await visitor.wait()

    with_server(tmp_path, test)


def kill(connection: RTCPeerConnection) -> None:
    """Cut it off without a word, as a machine does that loses its power."""
    for transceiver in connection.getTransceivers():
        ice = transceiver.sender.transport.transport
        for protocol in vars(vars(ice)["_connection"])["_protocols"]:
            protocol.transport.abort()


def test_channels_that_nobody_needs_are_closed_and_too_many_end_the_connection(
    tmp_path: Path,
) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as honest, page(http, served.url) as greedy:
            await greedy.until(disc_near(128, 128))
            one_more = greedy.connection.createDataChannel("stats")
            await until(lambda: one_more.readyState == "closed")
            assert greedy.connection.connectionState == "connected"
            for _ in range(200):
                greedy.connection.createDataChannel("stats")
            await until(lambda: served.app[SESSIONS].find(greedy.session["id"]) is None)
            honest.camera.centre = (150, 128)
            await honest.until(disc_near(150, 128))

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    "messages", [["x" * (channels.MOST_MESSAGE + 1)], ["x"] * (20 * channels.MOST_MESSAGES)]
)
def test_messages_that_are_long_or_many_end_the_connection(
    tmp_path: Path, messages: list[str]
) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as honest, page(http, served.url) as greedy:
            for peer in (honest, greedy):
                await peer.until(disc_near(128, 128))
                await peer.figures(lambda _: True)  # its channel is open
            honest.channel.send("a short word")
            for message in messages:
                greedy.channel.send(message)
            await until(lambda: served.app[SESSIONS].find(greedy.session["id"]) is None)
            assert served.app[SESSIONS].find(honest.session["id"]) is not None

    with_server(tmp_path, test)


def test_pieces_of_a_message_without_end_are_counted() -> None:
    async def run() -> None:
        made = new_connection()
        assert channels.held_bytes(made) == 0
        made.createDataChannel("any")
        assert made.sctp is not None
        kept = channels.Channels(made, None)
        for number in range(channels.MOST_HELD // 1000 + 1):
            assert not kept.is_unruly
            piece = DataChunk()
            piece.tsn, piece.user_data = number, b"x" * 1000
            made.sctp._get_inbound_stream(0).add_chunk(piece)
        assert kept.is_unruly
        await made.close()

    asyncio.run(run())
