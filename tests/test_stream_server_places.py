"""Where media may reach the server: a range of ports, chosen addresses, a relay, and no names."""

import asyncio
import logging
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aioice import ice
from aiortc import RTCPeerConnection

from engine.errors import InputError
from stream.webrtc import connection, ice_places
from stream.webrtc.connection import new_connection
from stream.webrtc.ice_places import (
    IcePlaces,
    NoPortError,
    TurnServer,
    addresses_of,
    names_a_host,
    read_ports,
    without_names,
)
from tests.peers import LOCAL, disc_near, page, server

MDNS = "a=candidate:1 1 udp 2113937151 0f3a-9c.local 50123 typ host generation 0"
DIRECT = "a=candidate:1 1 udp 2113937151 192.0.2.1 50123 typ host"


def free_ports(count: int) -> tuple[int, int]:
    """So many ports in a row that nobody has, on any address."""
    for first in range(42_000, 60_000, 97):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    taken = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    taken.bind(("0.0.0.0", port))
            except OSError:
                continue
        return first, first + count - 1
    raise AssertionError("no free ports")


def candidates(sdp: str) -> list[tuple[str, int]]:
    lines = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return [(parts[4], int(parts[5])) for parts in lines]


async def described(made: RTCPeerConnection) -> str:
    made.createDataChannel("any")
    try:
        await made.setLocalDescription(await made.createOffer())
        return str(made.localDescription.sdp)
    finally:
        await made.close()


def test_pictures_come_through_the_range_of_ports(tmp_path: Path) -> None:
    first, last = free_ports(20)

    async def run() -> None:
        settings = replace(LOCAL, places=IcePlaces(ports=(first, last)))
        async with server(tmp_path, settings) as (served, http), page(http, served.url) as peer:
            ports = [port for _, port in candidates(peer.session["sdp"])]
            assert ports
            assert all(first <= port <= last for port in ports)
            await peer.until(disc_near(128, 128))

    asyncio.run(run())


def test_a_full_range_is_said_and_takes_no_place(tmp_path: Path) -> None:
    first, _ = free_ports(1)

    async def run() -> None:
        places = IcePlaces(ports=(first, first), addresses=("127.0.0.1",))
        settings = replace(LOCAL, places=places, most_sessions=2)
        async with server(tmp_path, settings) as (served, http):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
                taken.bind(("127.0.0.1", first))
                for _ in range(3):  # more than there are places
                    offer = {"sdp": await an_offer(), "type": "offer"}
                    async with http.post(f"{served.url}api/sessions", json=offer) as response:
                        assert response.status == 503
                        assert f"from {first} to {first} are taken" in await response.text()
            offer = {"sdp": await an_offer(), "type": "offer"}
            async with http.post(f"{served.url}api/sessions", json=offer) as response:
                assert response.status == 201

    asyncio.run(run())


async def an_offer() -> str:
    made = new_connection()
    made.addTransceiver("video", "sendrecv")
    await made.setLocalDescription(await made.createOffer())
    sdp = str(made.localDescription.sdp)
    await made.close()
    return sdp


@pytest.mark.parametrize("ports", [None, (43_000, 43_999)])
def test_only_chosen_addresses_are_offered(ports: tuple[int, int] | None) -> None:
    async def run() -> str:
        places = IcePlaces(ports=ports, addresses=("127.0.0.1",))
        return await described(new_connection(places))

    assert {address for address, _ in candidates(asyncio.run(run()))} == {"127.0.0.1"}


def test_an_interface_stands_for_its_addresses() -> None:
    assert "127.0.0.1" in addresses_of(("lo",))
    assert addresses_of(("127.0.0.1", "127.0.0.1")) == ("127.0.0.1",)
    with pytest.raises(InputError, match=r"no interface and no address wlan9\. It has .*lo"):
        addresses_of(("wlan9",))


def test_names_are_never_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that hides its addresses behind mDNS names is found as it asks."""
    asked: list[str] = []

    async def asked_for(subscriber: object) -> None:
        asked.append("mDNS")
        raise OSError

    monkeypatch.setattr(ice, "get_or_create_mdns_protocol", asked_for)
    stock = without_names

    def hidden(sdp: str) -> str:
        lines = (MDNS if line.startswith("a=candidate") else line for line in sdp.splitlines())
        return stock("".join(f"{line}\r\n" for line in lines))

    monkeypatch.setattr(connection, "without_names", hidden)

    async def run() -> None:
        async with server(tmp_path) as (served, http), page(http, served.url) as peer:
            await peer.until(disc_near(128, 128))

    asyncio.run(run())
    assert asked == []


def test_candidates_that_are_names_are_told_apart() -> None:
    assert names_a_host(MDNS)
    assert not names_a_host(DIRECT)
    assert not names_a_host("a=candidate:1 1 udp 1 2001:db8::1 50123 typ host")
    assert not names_a_host("a=mid:0")
    assert without_names(f"v=0\r\n{MDNS}\r\n{DIRECT}\r\n") == f"v=0\r\n{DIRECT}\r\n"


@pytest.mark.parametrize("text", ["", "50000", "2-1", "60000-50000", "80-90", "50000-70000", "a-b"])
def test_what_is_no_range_of_ports_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no range of ports"):
        read_ports(text)


def test_a_range_of_ports_is_read() -> None:
    assert read_ports("50000-50100") == (50_000, 50_100)


@pytest.mark.parametrize(
    "url", ["", "turn.example.org", "stun:a:1", "turn:a:1?transport=tls", "turns:a?transport=udp"]
)
def test_what_is_no_turn_server_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="no address of a TURN server"):
        TurnServer(url=url, user="u", password="p")


def test_a_relay_is_handed_on() -> None:
    async def run() -> None:
        relay = TurnServer(url="turn:127.0.0.1:9?transport=udp", user="u", password="p")
        made = new_connection(IcePlaces(turn=relay))
        made.createDataChannel("any")
        assert made.sctp is not None
        gatherer = made.sctp.transport.transport.iceGatherer
        found = gatherer._connection
        assert (found.turn_server, found.turn_username) == (("127.0.0.1", 9), "u")
        assert found.turn_password == "p"
        await made.close()

    asyncio.run(run())


@pytest.mark.parametrize("host", ["relay.invalid", "127.0.0.1"])
def test_without_names_or_without_the_relay_pictures_come_and_the_log_says_it_once(
    tmp_path: Path,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ice_places, "_unhelpful", set())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # where nobody listens
        relay = TurnServer(url=f"turn:{host}:{port}?transport=tcp", user="u", password="p")

        async def run() -> None:
            settings = replace(LOCAL, places=IcePlaces(turn=relay))
            async with server(tmp_path, settings) as (served, http):
                for _ in range(2):
                    async with page(http, served.url) as peer:
                        await peer.until(disc_near(128, 128))

        with caplog.at_level(logging.WARNING):
            asyncio.run(run())
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(" gives")[0] for line in said] == [f"the relay {host}:{port}"]


def test_a_full_range_is_an_error_of_its_own() -> None:
    async def run() -> None:
        first, _ = free_ports(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", first))
            places = IcePlaces(ports=(first, first), addresses=("127.0.0.1",))
            with pytest.raises(NoPortError, match="wider range"):
                await described(new_connection(places))

    asyncio.run(run())
