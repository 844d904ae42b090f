"""Strangers who ask for much, or for nothing: whoever is honest gets in, and stays in."""

import asyncio
import logging
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcsctptransport import DataChunk

from stream.server import admission, channels, listening, request_body, sessions
from stream.server.admission import Admission, Waiting
from stream.server.app import Served
from stream.server.app_keys import SESSIONS
from stream.server.busy import BusyError
from stream.server.callers import Caller
from stream.server.guard import Guard, middleware
from stream.server.settings import ServerSettings
from stream.server.viewers import MOST_VIEWERS
from stream.session import loop as frame_loop
from stream.webrtc.connection import (
    BadOfferError,
    accept,
    answer,
    check_offer,
    new_connection,
)
from tests.peers import LOCAL, SOON_S, Page, browser, disc_near, page, server

SDP = {"Content-Type": "application/sdp"}
TOKEN = "a-token-of-sixteen"
AT_NO_PORT = "a=candidate:1 1 udp 2113937151 192.0.2.1 70000 typ host\r\n"
HOME = Caller(browser=None, address=None)


def with_server(
    folder: Path,
    test: Callable[[Served, aiohttp.ClientSession], Awaitable[None]],
    settings: ServerSettings = LOCAL,
) -> None:
    async def run() -> None:
        async with server(folder, settings) as (served, http):
            await test(served, http)

    asyncio.run(run())


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def half_open_offer(kind: str = "sendrecv") -> str:
    """An offer whose sender cannot be found: its candidates are left out."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", kind)
    await connection.setLocalDescription(await connection.createOffer())
    sdp = connection.localDescription.sdp
    await connection.close()
    return "\r\n".join(line for line in sdp.splitlines() if "a=candidate" not in line) + "\r\n"


async def offered(http: aiohttp.ClientSession, served: Served, sdp: str, **extra: str) -> int:
    body = {"sdp": sdp, "type": "offer", **extra}
    async with http.post(f"{served.url}api/sessions", json=body) as response:
        await response.read()
        return response.status


# ---- sockets


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


# ---- offers


def test_half_open_offers_are_few_and_an_honest_page_comes_in_all_the_same(
    tmp_path: Path,
) -> None:
    """Somebody goes on offering all the time, as fast as the server answers."""

    async def test(served: Served, _: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer()
        is_over = asyncio.Event()

        async def flood() -> None:
            async with browser() as stranger:
                while not is_over.is_set():
                    await offered(stranger, served, sdp)
                    await asyncio.sleep(0.05)

        async with browser() as stranger, browser() as http:
            statuses = Counter(
                await asyncio.gather(*(offered(stranger, served, sdp) for _ in range(60)))
            )
            assert statuses[201] <= 2 * LOCAL.most_sessions
            assert statuses[201] + statuses[503] == 60
            async with http.get(f"{served.url}api/portraits"):
                pass  # as a page does first: it gets its cookie
            floods = [asyncio.create_task(flood()) for _ in range(2)]
            peer = Page(http, served.url)
            assert await peer.start() == 201, peer.session
            await peer.until(disc_near(128, 128))
            await asyncio.sleep(2 * admission.PROMPT_S)
            peer.camera.centre = (150, 128)
            await peer.until(disc_near(150, 128))  # and it stays in
            is_over.set()
            await asyncio.gather(*floods)
            await peer.close()

    with_server(tmp_path, test)


def test_a_program_without_cookies_comes_in_after_a_moment(tmp_path: Path) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer()
        async with aiohttp.ClientSession() as program:
            while await offered(program, served, sdp) == 201:
                pass
            async with asyncio.timeout(5 * admission.PROMPT_S):
                peer = Page(program, served.url)
                while await peer.start() != 201:
                    await peer.close()
                    await asyncio.sleep(0.2)
                    peer = Page(program, served.url)
            await peer.until(disc_near(128, 128))
            await peer.close()

    with_server(tmp_path, test, replace(LOCAL, most_sessions=2))


def test_a_damaged_offer_is_refused_or_answered_and_never_a_failure() -> None:
    """Each line in turn is left out, cut, or repeated at the end."""

    async def run() -> Counter[str]:
        whole = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        whole.addTransceiver("video")
        whole.createDataChannel("stats")
        await whole.setLocalDescription(await whole.createOffer())
        lines = whole.localDescription.sdp.splitlines()
        await whole.close()
        outcomes: Counter[str] = Counter()
        for at, line in enumerate(lines):
            before, after = lines[:at], lines[at + 1 :]
            for damaged in (
                [*before, *after],
                [*before, line.partition(":")[0], *after],
                [*before, line.rpartition(" ")[0], *after],
                [*lines, line],
            ):
                sdp = "\r\n".join([*damaged, ""])
                connection = new_connection()
                try:
                    check_offer(sdp)
                    await accept(connection, sdp)
                    await answer(connection)
                    outcomes["answered"] += 1
                except BadOfferError:
                    outcomes["refused"] += 1
                with suppress(AttributeError):  # aiortc's own close, of what has no transport
                    await connection.close()
        return outcomes

    outcomes = asyncio.run(run())
    assert outcomes["answered"] > 20
    assert outcomes["refused"] > 20


@pytest.mark.parametrize(
    ("damage", "refusal"),
    [
        (lambda sdp: re.sub(r"a=fingerprint:.*\r\n", "", sdp), "fingerprint"),
        (lambda sdp: sdp + AT_NO_PORT, "65535"),
        (lambda sdp: sdp + AT_NO_PORT.replace("70000", "9" * 20), "65535"),
    ],
)
def test_what_would_only_fail_later_is_refused_at_once(
    damage: Callable[[str], str], refusal: str
) -> None:
    """aiortc answers these, and fails in a task of its own, of which only the log hears."""

    async def offer() -> str:
        made = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        made.addTransceiver("video")
        await made.setLocalDescription(await made.createOffer())
        sdp = str(made.localDescription.sdp)
        await made.close()
        return sdp

    sdp = asyncio.run(offer())
    check_offer(sdp)
    with pytest.raises(BadOfferError, match=refusal):
        check_offer(damage(sdp))


def test_one_fingerprint_for_all_or_one_in_each_section_that_is_taken_will_do() -> None:
    name, video = "a=fingerprint:sha-256 AA\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    refused = "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"
    for good in (
        f"v=0\r\n{name}{video}",
        f"v=0\r\n{video}{name}",
        f"v=0\r\n{refused}{video}{name}",
    ):
        check_offer(good)
    for bad in (f"v=0\r\n{video}{name}{video}", f"v=0\r\n{refused}{name}{video}"):
        with pytest.raises(BadOfferError, match="fingerprint"):
            check_offer(bad)


def test_a_caller_has_few_waiting_and_a_slow_one_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up: list[int] = []

    async def run() -> None:
        waiting = Admission(most=6, most_each=2, most_per_address=3)

        async def admit(number: int, caller: Caller) -> None:
            each = await waiting.admit(caller)

            async def give_up() -> None:
                given_up.append(number)

            each.give_up = give_up

        ann = [Caller(browser="ann", address=f"192.0.2.{n}") for n in range(3)]
        await admit(0, ann[0])
        await admit(1, ann[1])
        with pytest.raises(BusyError):
            await admit(2, ann[2])  # one browser, wherever it is
        for number, name in enumerate(("ben", "cleo")):
            await admit(3 + number, Caller(browser=name, address="192.0.2.0"))
        with pytest.raises(BusyError):
            await admit(5, Caller(browser="dora", address="192.0.2.0"))  # one address
        await admit(6, HOME)
        await admit(7, HOME)
        with pytest.raises(BusyError):
            await admit(8, Caller(browser="emil", address="192.0.2.9"))  # all
        assert given_up == []
        monkeypatch.setattr(admission, "PROMPT_S", -1.0)
        await admit(9, Caller(browser="emil", address="192.0.2.9"))
        assert given_up == [0]

    asyncio.run(run())


def test_whoever_has_many_waiting_makes_way_for_whoever_has_few() -> None:
    place = object()
    greedy, modest = (Caller(browser=name, address=None) for name in ("greedy", "modest"))

    async def run() -> None:
        waiting = Admission(most=9, most_each=9, most_per_address=9)

        async def admit(caller: Caller) -> Waiting:
            each = await waiting.admit(caller)
            each.place, each.give_up = place, asyncio.Event().wait
            return each

        first = await admit(greedy)
        assert waiting.in_the_way(place, greedy) is None
        await admit(greedy)
        await waiting.admit(modest)  # the one that asks
        assert waiting.in_the_way(place, modest) is first
        assert waiting.in_the_way(object(), modest) is None
        assert waiting.in_the_way(place, greedy) is None

    asyncio.run(run())


def test_who_has_been_heard_of_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PROMPT_S", -1.0)

    async def run() -> None:
        waiting = Admission(most=1, most_each=1, most_per_address=1)
        each = await waiting.admit(HOME)
        each.give_up, each.is_answered = asyncio.Event().wait, lambda: True
        with pytest.raises(BusyError):
            await waiting.admit(HOME)
        waiting.leave(each)
        await waiting.admit(HOME)

    asyncio.run(run())


def test_viewers_who_come_all_at_once_are_no_more_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        admission, "PROMPT_S", 60.0
    )  # on a busy machine, nobody is slow all the same

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer("recvonly")

        async def watch(address: str) -> int:
            async with http.post(address, data=sdp, headers=SDP) as response:
                return response.status

        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            address = f"{served.url}whep/{peer.session['id']}"
            statuses = Counter(await asyncio.gather(*(watch(address) for _ in range(40))))
            assert statuses == {201: MOST_VIEWERS, 503: 40 - MOST_VIEWERS}

    with_server(tmp_path, test)


def test_viewers_of_many_browsers_are_no_more_than_the_limit_either(tmp_path: Path) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer("recvonly")
        most = 0

        async def watch(address: str) -> None:
            nonlocal most
            async with browser() as each:
                async with each.get(f"{served.url}api/portraits"):
                    pass  # for the cookie
                for _ in range(3):
                    async with each.post(address, data=sdp, headers=SDP) as response:
                        assert response.status in (201, 503)
                    most = max(most, len(vars(served.app[SESSIONS].viewers)["_viewers"]))

        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            address = f"{served.url}whep/{peer.session['id']}"
            await asyncio.gather(*(watch(address) for _ in range(12)))
            assert most == MOST_VIEWERS

    with_server(tmp_path, test)


# ---- peers


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


def test_a_return_that_never_comes_up_leaves_the_living_connection_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "CONNECT_S", 1.0)

    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        sdp = await half_open_offer()
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            for place in (140, 150):
                assert await offered(http, served, sdp, session=peer.session["id"]) == 201
                await asyncio.sleep(2.0)
                peer.camera.centre = (place, 128)
                await peer.until(disc_near(place, 128))
            assert peer.connection.connectionState == "connected"

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    ("sdp", "settings", "status"),
    [
        ("v=0\r\nm=video 9 x\r\n", {"mirror_output": True}, 400),
        ("v=0\ud800\r\nm=video 9 UDP 0\r\n", {"mirror_output": True}, 400),
        (None, {"mirror_output": True, "mode": "sideways"}, 422),
        (None, {"mirror_output": True, "gains": {"lips": 10**400}}, 422),
    ],
)
def test_a_return_that_is_refused_changes_nothing(
    tmp_path: Path, sdp: str | None, settings: dict[str, object], status: int
) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            body = {
                "sdp": sdp or await half_open_offer(),
                "type": "offer",
                "session": peer.session["id"],
                "settings": settings,
            }
            async with http.post(f"{served.url}api/sessions", json=body) as response:
                assert response.status == status, await response.text()
            address = f"{served.url}api/sessions/{peer.session['id']}"
            async with http.get(address) as response:
                assert (await response.json())["settings"]["mirror_output"] is False
            peer.camera.centre = (150, 128)
            await peer.until(disc_near(150, 128))

    with_server(tmp_path, test)


def test_the_old_connection_goes_on_until_the_new_one_is_up(tmp_path: Path) -> None:
    async def test(served: Served, http: aiohttp.ClientSession) -> None:
        async with page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))
            again = Page(http, served.url)
            again.connection.addTrack(again.camera)
            again.connection.on("track", again._arrived)
            await again.connection.setLocalDescription(await again.connection.createOffer())
            offer = again.connection.localDescription.sdp
            body = {"sdp": offer, "type": "offer", "session": peer.session["id"]}
            async with http.post(f"{served.url}api/sessions", json=body) as response:
                answer = await response.json()
            peer.camera.centre = (140, 128)
            await peer.until(disc_near(140, 128))  # the answer is on its way
            await again.connection.setRemoteDescription(
                RTCSessionDescription(sdp=answer["sdp"], type="answer")
            )
            again.camera.centre = (160, 128)
            await again.until(disc_near(160, 128))
            await until(lambda: peer.connection.connectionState == "closed")
            await again.close()

    with_server(tmp_path, test)


# ---- requests


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
