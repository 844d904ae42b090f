"""Pictures by a real TURN server alone, where no direct way is offered: coturn, if it is here."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stream.server.app_keys import SESSIONS
from stream.webrtc.connection import new_connection
from stream.webrtc.ice_places import IcePlaces, TurnServer
from tests.peers import LOCAL, SOON_S, Page, disc_near, page, server

COTURN = shutil.which("turnserver")
USER, PASSWORD = "understudy", "a-password-of-this-test"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(COTURN is None, reason="needs coturn: apt-get install coturn"),
]


@contextmanager
def relay(folder: Path, transport: str) -> Iterator[TurnServer]:
    """A TURN server on this machine, with one user."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = (
        *("-n", "--no-tls", "--no-dtls", "--no-cli", "--lt-cred-mech", "--realm", "test"),
        *("--user", f"{USER}:{PASSWORD}", "--allow-loopback-peers", "--log-file", "stdout"),
        *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(port)),
        *("--pidfile", str(folder / "pid"), "--userdb", str(folder / "users")),
    )
    assert COTURN is not None
    with (folder / "log").open("w") as log:
        running = subprocess.Popen([COTURN, *options], stdout=log, stderr=log)
    try:
        yield TurnServer(
            url=f"turn:127.0.0.1:{port}?transport={transport}", user=USER, password=PASSWORD
        )
    finally:
        running.terminate()
        running.wait(SOON_S)


async def listens(given: TurnServer) -> None:
    """Wait until it takes connections."""
    port = int(given.url.partition("?")[0].rpartition(":")[2])
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_pictures_come_back_by_the_relay_alone(tmp_path: Path, transport: str) -> None:
    async def run() -> None:
        with relay(tmp_path, transport) as given:
            await listens(given)
            settings = replace(LOCAL, places=IcePlaces(addresses=(), turn=given))
            async with server(tmp_path, settings) as (served, http):
                peer = Page(http, served.url)
                peer.connection = new_connection(IcePlaces(addresses=("127.0.0.1",)))
                assert await peer.start() == 201, peer.session
                lines = peer.session["sdp"].splitlines()
                offered = [line for line in lines if "a=candidate" in line]
                assert offered
                assert all(" typ relay " in line for line in offered), offered
                await peer.until(disc_near(128, 128))
                peer.camera.centre = (150, 128)
                await peer.until(disc_near(150, 128))
                driver = served.app[SESSIONS].find_driver(peer.session["id"])
                assert driver is not None
                (transport_used,) = {
                    each.sender.transport.transport for each in driver.connection.getTransceivers()
                }
                pair = transport_used.iceGatherer._connection._nominated[1]
                assert pair.local_candidate.type == "relay"
                await peer.close()

    asyncio.run(run())


def test_with_a_wrong_password_nothing_is_offered(tmp_path: Path) -> None:
    """The control: what is offered above is the relay's doing."""

    async def run() -> None:
        with relay(tmp_path, "udp") as given:
            await listens(given)
            wrong = replace(given, password="another")
            settings = replace(LOCAL, places=IcePlaces(addresses=(), turn=wrong))
            async with server(tmp_path, settings) as (served, http), page(http, served.url) as peer:
                assert "a=candidate" not in peer.session["sdp"]

    asyncio.run(run())
