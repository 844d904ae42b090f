"""Two network namespaces for the length of a block, joined by `tunnels`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.impaired.link import Profile
from benchmarks.impaired.tunnels import ADDRESSES, can_tunnel
from engine.errors import UnderstudyError

ROOT = Path(__file__).parents[2]


class NoNamespacesError(UnderstudyError):
    """This machine, or this user, may not make networks; says why."""


class Joined:
    """Two namespaces and the network between them."""

    addresses = ADDRESSES

    def __init__(self, names: tuple[str, str], tunnels: "subprocess.Popen[str]") -> None:
        self.names = names
        self._tunnels = tunnels

    def become(self, profile: Profile) -> None:
        """Be another network, in both directions, from now on."""
        assert self._tunnels.stdin is not None
        self._tunnels.stdin.write(json.dumps(asdict(profile)) + "\n")
        self._tunnels.stdin.flush()

    def inside(self, side: int) -> tuple[str, ...]:
        """What comes before a command that is to run in the first (0) or second (1) of them."""
        return ("ip", "netns", "exec", self.names[side])


@contextmanager
def joined(profile: Profile) -> Iterator[Joined]:
    """Make them; NoNamespacesError where that is not allowed."""
    if not can_tunnel():
        raise NoNamespacesError(
            "networks are made by root alone, with /dev/net/tun (docs/delay.md: how without root)"
        )
    names = (f"understudy-{os.getpid()}-a", f"understudy-{os.getpid()}-b")
    with ExitStack() as stack:
        for name in names:
            _made(name)
            stack.callback(subprocess.run, ("ip", "netns", "delete", name), check=False)
        command = [sys.executable, "-m", "benchmarks.impaired.tunnels", *names]
        tunnels = stack.enter_context(
            subprocess.Popen(
                [*command, json.dumps(asdict(profile))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )
        )  # fmt: skip
        stack.callback(tunnels.terminate)
        assert tunnels.stdout is not None
        if tunnels.stdout.readline() != "ready\n":
            raise NoNamespacesError("the network between the namespaces could not be made")
        yield Joined(names, tunnels)


def _made(name: str) -> None:
    try:
        done = subprocess.run(
            ("ip", "netns", "add", name), capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise NoNamespacesError("there is no `ip` here: apt-get install iproute2") from None
    if done.returncode:
        raise NoNamespacesError(f"no network namespace can be made: {done.stderr.strip()}")
