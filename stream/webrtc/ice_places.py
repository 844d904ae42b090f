"""Where connections may be reached: chosen addresses, a range of UDP ports, STUN and TURN servers.

aiortc takes any free port of every address of the machine. A firewall wants a range, and whoever
has several networks wants to choose: see `IcePlaces`. The names of candidates are never looked up:
a browser's `.local` names (mDNS) would have to be asked for among everybody on the network.
"""

import asyncio
import ipaddress
import logging
import random
import re
import socket
from dataclasses import dataclass
from typing import Any

import ifaddr
from aioice import Candidate, ice, turn
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import RTCIceServer, rtcicetransport

from engine.errors import InputError, UnderstudyError
from stream.webrtc.aiortc_parts import part_of, replace_part

logger = logging.getLogger(__name__)

PORTS = (1024, 65_535)
_NAME, _KEYWORDS = "Connection", "connection_kwargs"
_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})")
_HOST_CANDIDATE = re.compile(r"a=candidate:\S+ \d+ \S+ \d+ (\S+) .*")
_PORT_OF_CANDIDATE = re.compile(r"a=candidate:\S+ \d+ \S+ \d+ \S+ (\d+) .*")


class NoPortError(UnderstudyError):
    """All ports of the range are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnServer:
    """A relay for those whom no direct way leads to."""

    url: str
    """turn:HOST:PORT?transport=udp, or tcp; turns: for TLS."""
    user: str
    password: str

    def __post_init__(self) -> None:
        """Refuse what aiortc would leave out without a word."""
        try:
            parsed = rtcicetransport.parse_stun_turn_uri(self.url)
        except ValueError:
            parsed = {"scheme": "", "transport": None}
        is_usable = parsed["scheme"] == "turn" and parsed["transport"] in ("udp", "tcp")
        if not is_usable and (parsed["scheme"], parsed.get("transport")) != ("turns", "tcp"):
            raise InputError(
                f"this is no address of a TURN server: {self.url}. It is one such as "
                "turn:turn.example.org:3478?transport=udp, or turns: for TLS"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class IcePlaces:
    """Chosen once for a server."""

    ports: tuple[int, int] | None = None
    """First and last UDP port; None lets the system choose."""
    addresses: tuple[str, ...] | None = None
    """Those of this machine that are offered to peers; None for all but 127.0.0.1 and ::1."""
    stun: tuple[str, ...] = ()
    """STUN servers; none, because the usual ones tell a stranger who is on camera."""
    turn: TurnServer | None = None

    def servers(self) -> "Servers":
        """As a connection's configuration takes them."""
        made = [RTCIceServer(url) for url in self.stun]
        if self.turn is not None:
            given = self.turn
            made.append(RTCIceServer(given.url, username=given.user, credential=given.password))
        return Servers(self, made)


class Servers(list[RTCIceServer]):
    """ICE servers of a connection, and the places where it may be reached itself."""

    def __init__(self, places: IcePlaces, servers: list[RTCIceServer]) -> None:
        super().__init__(servers)
        self.places = places


def read_ports(text: str) -> tuple[int, int]:
    """The range that a text such as 50000-50100 names; `InputError` where it is none."""
    found = _RANGE.fullmatch(text)
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not PORTS[0] <= first <= last <= PORTS[1]:
        raise InputError(f"this is no range of ports: {text}. It is one such as 50000-50100")
    return first, last


def addresses_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses of these interfaces, or themselves; `InputError` for one that is not here."""
    here: dict[str, list[str]] = {}
    for adapter in ifaddr.get_adapters():
        here[adapter.nice_name] = [_text(each.ip) for each in adapter.ips if not _is_scoped(each)]
    known = {address for addresses in here.values() for address in addresses}
    found: list[str] = []
    for name in names:
        if name not in known and not here.get(name):
            raise InputError(
                f"this machine has no interface and no address {name}. It has "
                + ", ".join(sorted(here))
            )
        found += [name] if name in known else here[name]
    return tuple(dict.fromkeys(found))


def without_names(sdp: str) -> str:
    """The description without candidates that are names: peers behind them are found as they ask.

    RFC 8445, 7.3.1.3: whoever sends a check is a candidate by that. So these are not the last ones.
    """
    lines = sdp.splitlines(keepends=True)
    kept = [line for line in lines if not names_a_host(line.strip())]
    if len(kept) == len(lines):
        return sdp
    return "".join(line for line in kept if line.strip() != "a=end-of-candidates")


def names_a_host(line: str) -> bool:
    """Whether a line is a candidate whose address would have to be looked up."""
    found = _HOST_CANDIDATE.fullmatch(line)
    if found is None:
        return False
    try:
        ipaddress.ip_address(found[1])
    except ValueError:
        return True
    return False


def has_no_port(line: str) -> bool:
    """Whether a line is a candidate at a port that there is none of: to send there would fail."""
    found = _PORT_OF_CANDIDATE.fullmatch(line)
    return found is not None and (len(found[1]) > 5 or int(found[1]) > PORTS[1])


class PlacedConnection(ice.Connection):
    """aioice's, which listens only where it may."""

    def __init__(self, *args: Any, places: IcePlaces | None = None, **others: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **others)
        self._places = places or IcePlaces()

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 (aioice's own signature)
    ) -> list[Candidate]:
        """Listen on each address, and ask the servers how we look from outside."""
        found = await self._gathered(component, addresses, timeout)
        if self.turn_server and not any(each.type == "relay" for each in found):
            _say_once(self.turn_server)
        return found

    async def _gathered(
        self, component: int, addresses: list[str], within_s: int
    ) -> list[Candidate]:
        places = self._places
        chosen = list(places.addresses) if places.addresses is not None and addresses else addresses
        if places.ports is None:
            return await super().get_component_candidates(component, chosen, within_s)
        candidates = [await self._listen(component, address) for address in chosen]
        # Without addresses of its own: what is left is the TURN server.
        return candidates + await super().get_component_candidates(component, [], within_s)

    async def _listen(self, component: int, address: str) -> Candidate:
        protocol = await self._bound(address)
        host, port = protocol.transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=port,
            type="host",
        )
        self._protocols.append(protocol)
        return protocol.local_candidate

    async def _bound(self, address: str) -> ice.StunProtocol:
        """Listening on a free port of the range; by chance, so that the search is short."""
        assert self._places.ports is not None
        first, last = self._places.ports
        ports = list(range(first, last + 1))
        random.shuffle(ports)
        loop = asyncio.get_running_loop()
        for port in ports:
            try:
                transport, protocol = await loop.create_datagram_endpoint(
                    lambda: ice.StunProtocol(self), local_addr=(address, port)
                )
            except OSError:
                continue
            sock = transport.get_extra_info("socket")
            if sock is not None:
                size = turn.UDP_SOCKET_BUFFER_SIZE
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            return protocol
        raise NoPortError(
            f"all UDP ports from {first} to {last} are taken: wait until somebody leaves, or give "
            "the server a wider range"
        )


_unhelpful: set[tuple[str, int]] = set()
"""Relays of which the log has heard."""


def _say_once(relay: tuple[str, int]) -> None:
    """Say it: aioice goes on without a word, and whoever needs the relay never gets through."""
    if relay not in _unhelpful:
        _unhelpful.add(relay)
        logger.warning(
            "the relay %s:%d gives no address (is it up, is its name known, are user and password "
            "right?): connections go on without it",
            *relay,
        )


class _Keywords:
    """What a connection is made with: aiortc's own, and the places."""

    def __init__(self, stock: Any) -> None:  # noqa: ANN401
        self._stock = stock

    def __call__(self, servers: list[RTCIceServer]) -> dict[str, Any]:
        made: dict[str, Any] = self._stock(servers)
        return made | ({"places": servers.places} if isinstance(servers, Servers) else {})


def install() -> bool:
    """Use it from now on; False where it is in use already."""
    stock = part_of(rtcicetransport, _KEYWORDS)
    if isinstance(stock, _Keywords):
        return False
    replace_part(rtcicetransport, _KEYWORDS, _Keywords(stock))
    replace_part(rtcicetransport, _NAME, PlacedConnection)
    return True


def _is_scoped(each: ifaddr.IP) -> bool:
    """Whether an address means something on its own link only, as IPv6's own ones do."""
    return isinstance(each.ip, tuple) and each.ip[2] != 0


def _text(address: str | tuple[str, int, int]) -> str:
    return address if isinstance(address, str) else address[0]
