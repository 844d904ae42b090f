"""The network between two namespaces: packets come late, are lost, and that can be changed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks.impaired.tunnels import ADDRESSES, can_tunnel

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


def test_delay_and_blackout_between_namespaces(namespaces: None) -> None:
    with ExitStack() as stack:

        def start(*command: str, name: str | None = None) -> subprocess.Popen[str]:
            process = stack.enter_context(python(*command, name=name))
            stack.callback(process.kill)
            assert line(process) == "ready\n"
            return process

        profile = json.dumps({"delay_ms": 50})
        tunnels = start("-m", "benchmarks.impaired.tunnels", *NAMES, profile)
        start("-c", ECHO, name=NAMES[1])
        ask = start("-c", ASK, name=NAMES[0])
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
        assert tunnels.stdin is not None
        tunnels.stdin.close()
        told = json.loads(line(tunnels))
        assert min(told["sent"]) >= 4
        assert max(told["lost"]) >= 3
