"""Requests that are strange, or no HTTP: refused in JSON, and logged without secrets."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from stream.server.app import Served
from stream.server.app_keys import SESSIONS
from tests.peers import LOCAL, SOON_S
from tests.strangers import with_server

TOKEN = "a-token-of-sixteen"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Authorization": "Bearer \udcff\udcfe"}, "{}", 401),
        ({"Authorization": f"Bearer {TOKEN}"}, "[" * 100_000, 400),
        ({"Authorization": f"Bearer {TOKEN}"}, '{"a":' * 20_000, 400),
        ({"Authorization": f"Bearer {TOKEN}"}, '{"sdp": ' + "9" * 5000 + "}", 400),
    ],
)
def test_a_strange_request_is_refused_and_no_failure(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
    body: str,
    status: int,
) -> None:
    async def test(served: Served, _: aiohttp.ClientSession) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        lines = {
            "Host": f"127.0.0.1:{served.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        request = f"POST /api/sessions HTTP/1.1\r\n{head}\r\n{body}"
        writer.write(request.encode(errors="surrogateescape"))
        answer = await asyncio.wait_for(reader.read(), SOON_S)
        assert int(answer.split()[1]) == status, answer
        assert b'"error"' in answer
        writer.close()

    with_server(tmp_path, test, replace(LOCAL, token=TOKEN))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /\xff HTTP/1.1",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nContent-Length: -1",
        b"GET /" + b"A" * 10_000 + b" HTTP/1.1",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer my-own-secret\x00",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nExpect: \xff",
        b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nExpect: \xe9",
        b"POST /api/portraits HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Encoding: zstd",
    ],
)
def test_what_is_no_http_is_refused_in_json_and_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request_line: bytes
) -> None:
    async def test(served: Served, _: aiohttp.ClientSession) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request_line.replace(b"PORT", b"%d" % served.port) + b"\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), SOON_S)
        assert answer.split()[1] in (b"400", b"415"), answer
        assert b'"error"' in answer
        assert b"secret" not in answer
        writer.close()

    with_server(tmp_path, test)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_failure_is_logged_by_its_route_without_the_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("it failed")

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        monkeypatch.setattr(served.app[SESSIONS], "find", fail)
        async with http.get(f"{served.url}api/sessions/an-id-that-is-a-key") as response:
            assert response.status == 500
            assert "it failed" not in await response.text()

    with_server(tmp_path, test)
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == "GET /api/sessions/{id} failed"
