"""Offers that are half open, damaged, or would fail later: few, refused, and no failure."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from stream.server import admission
from stream.server.app import Served
from stream.webrtc.connection import (
    BadOfferError,
    accept,
    answer,
    check_offer,
    new_connection,
)
from tests.peers import LOCAL, Page, browser, disc_near
from tests.strangers import half_open_offer, offered, with_server

AT_NO_PORT = "a=candidate:1 1 udp 2113937151 192.0.2.1 70000 typ host\r\n"


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
