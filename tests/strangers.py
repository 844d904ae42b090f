"""What strangers do to a server in its tests: ask, offer, and wait for what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection

from stream.server.app import Served
from stream.server.settings import ServerSettings
from tests.peers import LOCAL, SOON_S, server

SDP = {"Content-Type": "application/sdp"}


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
