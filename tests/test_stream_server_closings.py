"""A connection that is slow to close, or fails to, leaves no socket behind."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection

from stream.server import closings
from stream.server.app_keys import SESSIONS
from stream.server.closings import Closings
from stream.webrtc.connection import new_connection
from tests.peers import disc_near, page, server
from tests.strangers import until

Stop = Callable[[], Awaitable[None]]


async def gathered() -> RTCPeerConnection:
    """A connection whose sockets are open: of its video, its sound and its channel."""
    connection = new_connection()
    for kind in ("video", "audio"):
        connection.addTransceiver(kind)
    connection.createDataChannel("any")
    await connection.setLocalDescription(await connection.createOffer())
    return connection


def sockets(connection: RTCPeerConnection) -> list[socket.socket]:
    """What it has open."""
    assert connection.sctp is not None
    ice = {each.receiver.transport.transport for each in connection.getTransceivers()}
    ice.add(connection.sctp.transport.transport)
    found = [
        protocol.transport.get_extra_info("socket")
        for each in ice
        for protocol in vars(vars(each)["_connection"])["_protocols"]
    ]
    assert found
    assert all(map(is_open, found))
    return found


def is_open(one: socket.socket) -> bool:
    return one.fileno() != -1


def stop_by(patch: pytest.MonkeyPatch, connection: RTCPeerConnection, first: Stop) -> None:
    """Have something happen before its first receiver stops, which is before its sockets close."""
    receiver = connection.getTransceivers()[0].receiver
    stop = receiver.stop

    async def stopped() -> None:
        await first()
        await stop()

    patch.setattr(receiver, "stop", stopped)


async def failure() -> None:
    raise ZeroDivisionError("aiortc's")


async def hanging() -> None:
    await asyncio.Event().wait()


def test_a_slow_close_is_left_alone_and_comes_to_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(closings, "CLOSE_S", 0.05)

    async def run() -> None:
        kept, goes_on, connection = Closings(), asyncio.Event(), await gathered()
        held = sockets(connection)

        async def slow() -> None:
            await goes_on.wait()

        stop_by(monkeypatch, connection, slow)
        await kept.close(connection)
        assert all(map(is_open, held))
        goes_on.set()
        await until(lambda: not any(map(is_open, held)))
        assert connection.connectionState == "closed"
        await kept.end()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    (said,) = caplog.records
    assert "it goes on closing" in said.getMessage()


def test_whoever_is_cancelled_while_it_closes_does_not_break_it_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        kept, has_begun, connection = Closings(), asyncio.Event(), await gathered()
        held = sockets(connection)

        async def slow() -> None:
            has_begun.set()
            await asyncio.sleep(0.1)

        stop_by(monkeypatch, connection, slow)
        caller = asyncio.create_task(kept.close(connection))
        await has_begun.wait()
        caller.cancel()
        await kept.end()
        assert caller.cancelled()
        assert not any(map(is_open, held))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("first", "limit", "said"),
    [
        (failure, None, "did not close cleanly"),
        (hanging, "MOST_S", "did not close cleanly"),
        (hanging, "DRAIN_S", "given up"),
    ],
)
def test_a_close_that_fails_or_hangs_has_its_sockets_closed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    first: Stop,
    limit: str | None,
    said: str,
) -> None:
    if limit is not None:
        monkeypatch.setattr(closings, "CLOSE_S", 0.05)
        monkeypatch.setattr(closings, limit, 0.1)

    async def run() -> None:
        kept, connection = Closings(), await gathered()
        held = sockets(connection)
        stop_by(monkeypatch, connection, first)
        await kept.close(connection)
        await kept.end()
        assert not any(map(is_open, held))

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert said in caplog.records[-1].getMessage()


def test_the_servers_end_waits_for_a_connection_that_is_slow_to_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on only once the end has begun, and is closed when the server is down."""
    end = Closings.end

    async def run() -> None:
        goes_on = asyncio.Event()

        async def slow() -> None:
            await goes_on.wait()

        async def ended(kept: Closings) -> None:
            asyncio.get_running_loop().call_later(0.2, goes_on.set)
            await end(kept)

        monkeypatch.setattr(Closings, "end", ended)
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            sessions, name = served.app[SESSIONS], peer.session["id"]
            driver = sessions.find_driver(name)
            assert driver is not None
            held = sockets(driver.connection)
            stop_by(monkeypatch, driver.connection, slow)
            assert await sessions.close(name)  # its session ends, and its place is free
            assert sessions.find(name) is None
            assert all(map(is_open, held))
        assert not any(map(is_open, held))

    monkeypatch.setattr(closings, "CLOSE_S", 0.05)
    asyncio.run(run())
