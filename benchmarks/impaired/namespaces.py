"""The matrix's main rows in real time, between two network namespaces: a check on the twin.

    sudo python -m benchmarks.impaired.namespaces [--seconds 12] [--pairs ours-ours stock-stock ...]

Whole processes, real sockets, the system's clock: encoding, decoding and whatever else the machine
does are in the figures, so nothing else should run beside it. A pair is SENDER-VIEWER, each one of
stock, ours and reactor (libwebrtc; `pip install reactor-webrtc`, which is no part of this project).
All speak the same codec in a run.
"""

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.impaired.tunnels import can_tunnel
from benchmarks.impaired.twin import Seen
from benchmarks.machine import keep, markdown

NAMES = ("impaired-a", "impaired-b")
WARM_UP_S = 4.0
LOW = {"delay_ms": 20.0}
NETWORKS: dict[str, dict[str, Any]] = {
    "20 ms": LOW,
    "loss 1 %": {**LOW, "loss": 0.01},
    "loss 5 %": {**LOW, "loss": 0.05},
    "loss 10 %": {**LOW, "loss": 0.1},
    "jitter 30, reordered": {**LOW, "jitter_ms": 30.0, "reorders": True},
    "300 kbit/s, queue 200 ms": {**LOW, "rate_bps": 300_000.0},
    "blackout 2 s": LOW,
}
DARK_AT_S, DARK_S = 4.0, 2.0
PAIRS = ("stock-stock", "ours-ours", "reactor-reactor", "ours-reactor", "reactor-ours")
COLUMNS = ("p50", "p95", "last", "freezes", "longest_gap", "damaged", "pictures")


def main() -> int:
    """Run all, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--codec", choices=("VP8", "H264"), default="VP8")
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--into", default="impaired_namespaces", help="name of the result's files")
    arguments = parser.parse_args()
    if not can_tunnel():
        sys.stderr.write("this needs root and /dev/net/tun\n")
        return 2
    found: dict[str, dict[str, Any]] = {}
    for network in arguments.networks:
        for pair in arguments.pairs:
            figures = measured(
                network, *pair.split("-"),
                codec=arguments.codec, side=arguments.side, seconds=arguments.seconds,
            )  # fmt: skip
            found.setdefault(network, {})[pair] = figures
            sys.stderr.write(f"{network}, {pair}: {figures}\n")
    rows = [
        [network, pair, *(str(figures[column]) for column in COLUMNS)]
        for network, pairs in found.items()
        for pair, figures in pairs.items()
    ]
    table = markdown(["network", "sender-viewer", *COLUMNS], rows)
    table += (
        f"\n\n{arguments.codec}, {arguments.side} px, one way, real time, {arguments.seconds:g} s "
        "a run, in milliseconds as in impaired.md. `damaged` also counts pictures whose number "
        "cannot be read."
    )
    command = shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]])
    keep(arguments.into, command, {"networks": found}, table)
    return 0


def measured(
    network: str, sender: str, viewer: str, *, codec: str, side: int, seconds: float
) -> dict[str, Any]:
    """One stream over one network."""
    with ExitStack() as stack:
        stack.enter_context(namespaces())
        profile = NETWORKS[network]
        tunnels = stack.enter_context(_started("tunnels", *NAMES, json.dumps(profile)))
        assert _line(tunnels) == "ready"
        lasts = (codec, str(side), str(WARM_UP_S + seconds))
        ends = [
            stack.enter_context(_started("real_end", role, engine, *lasts, inside=name))
            for role, engine, name in (("sender", sender, NAMES[0]), ("viewer", viewer, NAMES[1]))
        ]
        sending, viewing = ends
        _say(sending, _line(viewing))
        _say(viewing, _line(sending))
        began_s = time.monotonic() + WARM_UP_S
        if network.startswith("blackout"):
            for after_s, becomes in ((DARK_AT_S, {"loss": 1.0}), (DARK_AT_S + DARK_S, profile)):
                time.sleep(max(0.0, began_s + after_s - time.monotonic()))
                _say(tunnels, json.dumps(becomes))
        sent, saw = (json.loads(_line(each)) for each in ends)
    seen = Seen(sent_s=dict(sent["sent"]), shown=[tuple(each) for each in saw["shown"]])
    return seen.figures(began_s, began_s + seconds - 1.0)


@contextmanager
def namespaces() -> Iterator[None]:
    """Two of them, gone at the end."""
    for name in NAMES:
        subprocess.run(("ip", "netns", "add", name), check=True)
    try:
        yield
    finally:
        for name in NAMES:
            subprocess.run(("ip", "netns", "delete", name), check=False)


@contextmanager
def _started(
    program: str, *arguments: str, inside: str | None = None
) -> Iterator[subprocess.Popen[str]]:
    into = () if inside is None else ("ip", "netns", "exec", inside)
    running = subprocess.Popen(
        [*into, sys.executable, "-m", f"benchmarks.impaired.{program}", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def _line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline().rstrip("\n")
    if not line:
        raise RuntimeError("an end has stopped: run it by itself to see why")
    return line


def _say(running: subprocess.Popen[str], line: str) -> None:
    assert running.stdin is not None
    running.stdin.write(line + "\n")
    running.stdin.flush()


if __name__ == "__main__":
    sys.exit(main())
