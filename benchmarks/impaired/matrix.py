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

from benchmarks.impaired.networks import NETWORKS, Network
from benchmarks.machine import keep, markdown

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


def options_of(network: Network) -> list[str]:
    """The network as `twin` is told of it."""
    profile, options = network.profile, []
    for name in ("delay_ms", "loss", "jitter_ms", "rate_bps"):
        value = getattr(profile, name)
        if value or name == "delay_ms":
            options += [f"--{name.replace('_', '-')}", f"{value:g}"]
    if profile.burst:
        options += ["--burst", *map(str, profile.burst)]
    if profile.reorders:
        options += ["--reorders"]
    if network.blackout_s:
        options += ["--blackout-s", f"{network.blackout_s:g}"]
    return [*options, *network.twin_only]


def _measured(network: Network, side: int, seconds: float, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.impaired.twin", *options_of(network)]
    command += ["--side", str(side)]
    command += ["--seconds", str(seconds), *(["--stock"] if kind == "stock" else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
