"""Stock aiortc beside ours over networks from clean to hardly usable: delay, freezes, damage.

    python -m benchmarks.impaired.matrix [--seconds 30] [--sides 256 512]

Rates and delays in a row follow each other, a part of the run each; a blackout begins after 5 s;
from another address is called anew at once. Every row is two runs of `twin` on a virtual clock with
the same seed, so neither the machine nor what else it does changes a figure. What that leaves out:
the time that encoding, decoding and the program's other work take, and any receiver or sender but
aiortc's.
"""

import argparse
import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.machine import keep, markdown

DELAY = ("--delay-ms", "20")
NETWORKS: dict[str, tuple[str, ...]] = {
    "clean": ("--delay-ms", "0"),
    "20 ms": DELAY,
    "loss 1 %": (*DELAY, "--loss", "0.01"),
    "loss 5 %": (*DELAY, "--loss", "0.05"),
    "loss 10 %": (*DELAY, "--loss", "0.1"),
    "bursts of 4, 5 %": (*DELAY, "--burst", "0.0132", "0.25"),
    "jitter 30, ordered": (*DELAY, "--jitter-ms", "30"),
    "jitter 30, reordered": (*DELAY, "--jitter-ms", "30", "--reorders"),
    "jitter 100, ordered": (*DELAY, "--jitter-ms", "100"),
    "300 kbit/s, queue 200 ms": (*DELAY, "--rate-bps", "300000"),
    "1 Mbit/s, queue 200 ms": (*DELAY, "--rate-bps", "1000000"),
    "RTT 200, loss 2 %": ("--delay-ms", "100", "--loss", "0.02"),
    "RTT 400, loss 2 %": ("--delay-ms", "200", "--loss", "0.02"),
    "blackout 0.5 s": (*DELAY, "--blackout-s", "0.5"),
    "blackout 2 s": (*DELAY, "--blackout-s", "2"),
    "blackout 10 s": (*DELAY, "--blackout-s", "10"),
    "4 blackouts of 0.5 s": (*DELAY, "--blackout-s", "0.5", "--blackouts", "4"),
    "1, 2.5, 0.6, 1 Mbit/s": (*DELAY, "--steps-bps", "1e6", "2.5e6", "6e5", "1e6"),
    "20, 80, 20 ms": ("--delays-ms", "20", "80", "20"),
    "there and back, 20 ms": (*DELAY, "--there-and-back"),
    "there and back, loss 5 %": (*DELAY, "--there-and-back", "--loss", "0.05"),
    "there and back, loss 10 %": (*DELAY, "--there-and-back", "--loss", "0.1"),
    "there and back, blackout 2 s": (*DELAY, "--there-and-back", "--blackout-s", "2"),
    "there and back, another address": (*DELAY, "--moves"),
}
KINDS = ("stock", "ours")
COLUMNS = ("p50", "p95", "last", "freezes", "longest_gap", "damaged")


def main() -> None:
    """Run all, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--into", default="impaired", help="name of the result's files")
    parser.add_argument("--at-once", type=int, default=1, help="runs; they disturb none")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.at_once) as pool:
        running = {
            f"{side} px, {name}": {
                kind: pool.submit(_measured, NETWORKS[name], side, arguments.seconds, kind)
                for kind in KINDS
            }
            for side in arguments.sides
            for name in arguments.networks
        }
        found = {
            name: {kind: each.result() for kind, each in both.items()}
            for name, both in running.items()
        }
    rows = [
        [name, *(" / ".join(str(figures[kind][each]) for kind in KINDS) for each in COLUMNS)]
        for name, figures in found.items()
    ]
    command = shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]])
    table = markdown(["network", *(f"{each}, stock / ours" for each in COLUMNS)], rows)
    table += (
        "\n\nMilliseconds from a picture's drawing to its decoding, one way where nothing else is "
        "said, both directions of the network alike; there and back: through a server whose step "
        "takes no time, so the least is twice the delay; `last`: median of the last half second. "
        f"A freeze is more than 200 ms without a new picture, in {arguments.seconds:g} s."
    )
    keep(arguments.into, command, {"networks": found}, table)


def _measured(options: tuple[str, ...], side: int, seconds: float, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.impaired.twin", *options, "--side", str(side)]
    command += ["--seconds", str(seconds), *(["--stock"] if kind == "stock" else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
