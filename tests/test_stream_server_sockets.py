"""Sockets that strangers open and leave: closed in time, and nobody is kept out by them."""

import asyncio
import logging
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from stream.server import listening, request_body
from stream.server.app import Served
from stream.server.guard import Guard, middleware
from tests.peers import LOCAL, SOON_S, browser, disc_near, page
from tests.strangers import with_server


def test_sockets_that_never_ask_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HEADERS_S", 1.0)
    monkeypatch.setattr(request_body, "BODY_S", 1.0)
    post = "POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    halves = (
        "",
        "GET / HTTP/1.1\r\nHost: x\r\nX-",
        post + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{",
        post + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{",
    )

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async def ended(half: str) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(half.format(port=served.port).encode())
            await reader.read()  # to the end
            writer.close()

        async with asyncio.timeout(SOON_S):
            await asyncio.gather(*(ended(half) for half in halves))

    with_server(tmp_path, test)


def test_a_request_that_does_not_end_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "PIECE_S", 0.5)

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        head = f"POST /api/portraits HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        writer.write(f"{head}Content-Length: 1000\r\n\r\nabc".encode())
        answer = await asyncio.wait_for(reader.read(), SOON_S)
        assert b" 408 " in answer
        assert b"did not come to its end" in answer
        writer.close()

    with_server(tmp_path, test)


def test_more_silent_sockets_than_there_is_room_for_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "most_connections", lambda: 8)

    async def test(served: Served, unused: aiohttp.ClientSession) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(40)]
        async with browser() as http, page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
        first, _ = silent[0]
        assert await asyncio.wait_for(first.read(), SOON_S) == b""
        for _, writer in silent:
            writer.close()

    with_server(tmp_path, test)


def test_a_request_whose_connection_had_to_go_is_dropped_and_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> int:
        answered = 0

        async def answer_it(request: web.Request) -> web.Response:
            nonlocal answered
            answered += 1
            return web.json_response(await request_body.read_json(request))

        app = web.Application(middlewares=[middleware(Guard(LOCAL, 80), set())])
        app.router.add_post("/", answer_it)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        assert runner.server is not None
        loop = asyncio.get_running_loop()
        connection = listening.Connection(runner.server, loop)
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(lambda: connection, ours)
        await asyncio.sleep(0)  # aiohttp waits for a request
        head = "POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nContent-Type: application/json\r\n"
        connection.data_received(f"{head}Content-Length: 9\r\n\r\n{{".encode())
        connection.force_close()
        await asyncio.wait_for(connection.lost.wait(), SOON_S)
        await asyncio.sleep(0.1)
        theirs.close()
        await runner.cleanup()
        return answered

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(run()) == 0
    assert not caplog.records


def test_a_machine_without_descriptors_says_it_once_a_second(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "AGAIN_S", 0.1)

    class Exhausted(socket.socket):
        asked = 0

        def accept(self) -> tuple[socket.socket, object]:
            Exhausted.asked += 1
            raise OSError(24, "Too many open files")

    async def run() -> None:
        with Exhausted() as listener:
            door = listening.Door(None, listener, set(), None, 8)  # type: ignore[arg-type]
            task = asyncio.create_task(door.accept())
            await asyncio.sleep(0.55)
            task.cancel()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert 1 <= Exhausted.asked <= 6
    assert "Too many open files" in caplog.text
