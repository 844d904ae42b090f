"""The matrix's main rows in real time, between two network namespaces: a check on the twin.

    sudo python -m benchmarks.impaired.real_matrix [--seconds 12] [--pairs ours-ours ...]

Whole processes, real sockets, the system's clock: encoding, decoding and whatever else the machine
does are in the figures, so nothing else should run beside it. A pair is SENDER-VIEWER, each one of
stock, ours and reactor (libwebrtc, in the package reactor-webrtc, no part of this project).
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
from dataclasses import replace
from typing import Any

from benchmarks.impaired.namespaces import Joined, NoNamespacesError, joined
from benchmarks.impaired.networks import NETWORKS
from benchmarks.impaired.twin import Seen
from benchmarks.machine import keep, markdown

WARM_UP_S = 4.0
MAIN = (
    *("20 ms", "loss 1 %", "loss 5 %", "loss 10 %", "jitter 30, reordered"),
    *("300 kbit/s, queue 200 ms", "blackout 2 s"),
)
"""Of `benchmarks.impaired.networks`."""
DARK_AT_S = 4.0
PAIRS = ("stock-stock", "ours-ours", "reactor-reactor", "ours-reactor", "reactor-ours")
COLUMNS = ("p50", "p95", "last", "freezes", "longest_gap", "damaged", "pictures")


def main() -> int:
    """Run all, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--codec", choices=("VP8", "H264"), default="VP8")
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--networks", nargs="+", choices=MAIN, default=list(MAIN))
    parser.add_argument("--into", default="impaired_namespaces", help="name of the result's files")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for network in arguments.networks:
        for pair in arguments.pairs:
            try:
                figures = measured(
                    network, *pair.split("-"),
                    codec=arguments.codec, side=arguments.side, seconds=arguments.seconds,
                )  # fmt: skip
            except NoNamespacesError as why:
                sys.stderr.write(f"{why}\n")
                return 2
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
    chosen = NETWORKS[network]
    with ExitStack() as stack:
        link = stack.enter_context(joined(chosen.profile))
        lasts = (codec, str(side), str(WARM_UP_S + seconds))
        ends = [
            stack.enter_context(_started(link, side, role, engine, *lasts))
            for side, (role, engine) in enumerate((("sender", sender), ("viewer", viewer)))
        ]
        sending, viewing = ends
        _say(sending, _line(viewing))
        _say(viewing, _line(sending))
        began_s = time.monotonic() + WARM_UP_S
        if chosen.blackout_s is not None:
            dark = replace(chosen.profile, loss=1.0)
            ends_s = DARK_AT_S + chosen.blackout_s
            for after_s, becomes in ((DARK_AT_S, dark), (ends_s, chosen.profile)):
                time.sleep(max(0.0, began_s + after_s - time.monotonic()))
                link.become(becomes)
        sent, saw = (json.loads(_line(each)) for each in ends)
    seen = Seen(sent_s=dict(sent["sent"]), shown=[tuple(each) for each in saw["shown"]])
    return seen.figures(began_s, began_s + seconds - 1.0)


@contextmanager
def _started(link: Joined, side: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [*link.inside(side), sys.executable, "-m", "benchmarks.impaired.real_end"]
    with subprocess.Popen(
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


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
