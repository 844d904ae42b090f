"""The network between two namespaces: it delays, loses, changes, and tells where packets went."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.impaired.real_matrix import measured
from benchmarks.impaired.tunnels import ADDRESSES, can_tunnel
from tests.fakes import disc_picture

NAMES = ("understudy-a", "understudy-b")
PORT = 4444
ECHO = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{ADDRESSES[1]}", {PORT}))
print("ready", flush=True)
while True:
    data, sender = s.recvfrom(2000)
    s.sendto(data, sender)
"""
ASK = f"""
import json, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1.0)
print("ready", flush=True)
for line in sys.stdin:
    took = []
    for number in range(int(line)):
        began = time.monotonic()
        s.sendto(bytes([number]), ("{ADDRESSES[1]}", {PORT}))
        try:
            s.recv(2000)
            took.append(time.monotonic() - began)
        except TimeoutError:
            pass
    print(json.dumps(took), flush=True)
"""
VISIT = """
import asyncio, sys
import aiohttp
from tests.peers import disc_near, page

async def visit(url, token):
    headers = {"Authorization": "Bearer " + token}
    async with aiohttp.ClientSession(headers=headers) as http, page(http, url) as peer:
        await peer.until(disc_near(128, 128))
        print("saw", flush=True)
        await asyncio.sleep(600)

asyncio.run(visit(*sys.argv[1:]))
"""
ELSEWHERE = "198.51.100.7"
"""An address of nobody (RFC 5737)."""
TOKEN = "a-token-of-sixteen-letters"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_tunnel(), reason="needs root and /dev/net/tun"),
]


def python(*command: str, name: str | None = None) -> subprocess.Popen[str]:
    inside = () if name is None else ("ip", "netns", "exec", name)
    return subprocess.Popen(
        [*inside, sys.executable, *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def say(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdin is not None
    process.stdin.write(words + "\n")
    process.stdin.flush()


@pytest.fixture
def namespaces() -> Iterator[None]:
    for name in NAMES:
        if subprocess.run(("ip", "netns", "add", name), check=False).returncode:
            pytest.skip("this machine lets nobody make network namespaces")
    try:
        yield
    finally:
        for name in NAMES:
            subprocess.run(("ip", "netns", "delete", name), check=False)


def start(stack: ExitStack, *command: str, name: str | None = None) -> subprocess.Popen[str]:
    """A program that ends with the test."""
    process = stack.enter_context(python(*command, name=name))
    stack.callback(process.kill)
    return process


def joined(stack: ExitStack, **profile: float) -> subprocess.Popen[str]:
    """The network between both namespaces, up."""
    command = ("-m", "benchmarks.impaired.tunnels", *NAMES, json.dumps(profile))
    tunnels = start(stack, *command)
    assert line(tunnels) == "ready\n"
    return tunnels


def told_at_the_end(tunnels: subprocess.Popen[str]) -> dict[str, list[Any]]:
    assert tunnels.stdin is not None
    tunnels.stdin.close()
    told: dict[str, list[Any]] = json.loads(line(tunnels))
    return told


@pytest.mark.parametrize("asks_a_relay", [False, True])
def test_a_server_sends_nothing_to_anybody_but_its_peer(
    namespaces: None, tmp_path: Path, asks_a_relay: bool
) -> None:
    """Every packet that leaves its namespace is counted; a relay asked for is the control."""
    disc = tmp_path / "disc.png"
    Image.fromarray(disc_picture(256, 256, (128, 128), 40.0)).save(disc)
    options = ("--host", ADDRESSES[0], "--port", "0", "--insecure-http", "--portrait", str(disc))
    relay = ("--turn", f"turn:{ELSEWHERE}:3478?transport=udp", "--turn-user", "u")
    with ExitStack() as stack:
        tunnels = joined(stack)
        served = start(
            stack, "-m", "tests.run_with_fakes", "0", "serve", *options,
            *(("--frame", "full", "--size", "256", "--token", TOKEN)),
            *(relay if asks_a_relay else ()),
            name=NAMES[0],
        )  # fmt: skip
        url = line(served).partition("#")[0]
        visitor = start(stack, "-c", VISIT, url, TOKEN, name=NAMES[1])
        assert line(visitor) == "saw\n"
        to_whom, _ = told_at_the_end(tunnels)["sent_to"]
    assert to_whom == sorted({ADDRESSES[1], *([ELSEWHERE] if asks_a_relay else [])})


def test_delay_and_blackout_between_namespaces(namespaces: None) -> None:
    with ExitStack() as stack:
        tunnels = joined(stack, delay_ms=50)
        assert line(start(stack, "-c", ECHO, name=NAMES[1])) == "ready\n"
        ask = start(stack, "-c", ASK, name=NAMES[0])
        assert line(ask) == "ready\n"
        say(ask, "3")
        took = json.loads(line(ask))
        assert len(took) == 3
        assert min(took) >= 0.1
        say(tunnels, json.dumps({"loss": 1.0}))
        time.sleep(0.2)
        say(ask, "3")
        assert json.loads(line(ask)) == []
        say(tunnels, json.dumps({}))
        time.sleep(0.2)
        say(ask, "3")
        assert json.loads(line(ask))
        told = told_at_the_end(tunnels)
        assert min(told["sent"]) >= 4
        assert max(told["lost"]) >= 3


def test_a_stream_between_namespaces_is_seen_and_its_loss_repaired() -> None:
    """The real-time twin of the twin; what it takes depends on the machine, so none is asserted."""
    figures = measured("loss 5 %", "ours", "ours", codec="VP8", side=256, seconds=6.0)
    assert figures["pictures"] > 0
    assert figures["p50"] >= 20.0
