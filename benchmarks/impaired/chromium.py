"""Chromium as the other end of a bad network: stock aiortc beside ours, in one run and real time.

    python -m benchmarks.impaired.chromium [--seconds 12] [--networks "loss 5 %"] [--results NAME]

Chromium sends a drawn clip with a time code to a server in another network namespace, which sends
it back: `stock` is aiortc as it comes, `ours` the program's own server with an echo for a model.
Measured is from the drawing to the picture decoded at the server, which is one way, and to what the
page shows of the picture that returned. Needs root and Chromium. `twin` has the same networks on a
virtual clock, with aiortc at both ends.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.glass.chromium import browser, faces, page_at
from benchmarks.glass.figures import Block, freezes, gaps_ms
from benchmarks.glass.measure import passed
from benchmarks.glass.serving import Served, Wanted, running, served
from benchmarks.impaired.link import BLACKOUT
from benchmarks.impaired.namespaces import Joined, joined
from benchmarks.impaired.networks import BLACKOUT_AFTER_S, NETWORKS, Network
from benchmarks.report.charts import Chart, Timeline
from benchmarks.report.finish import Output, finish
from benchmarks.report.report import CannotRunError, Figure, Report, Table
from engine.errors import UnderstudyError

DEFAULT = ("20 ms", "loss 5 %", "loss 10 %", "jitter 30, reordered", "blackout 2 s")
KINDS = ("stock", "ours")
GOALS = {
    "loss 5 %": {"p50": 25.0, "p95": 100.0},
    "loss 10 %": {"p50": 25.0, "p95": 130.0, "freezes a minute": 2.0},
    "jitter 30, reordered": {"p95": 85.0},
    "blackout 2 s": {"back to normal": 500.0},
}
"""Most of each, of ours, from drawing to the decoded picture at the server, 20 ms away."""
RATE = 30
SIZE = 256
WARM_UP_S, SETTLES_S = 2.0, 0.5
PATIENCE_MS = 60_000

HEAD = (
    "network", "to server p50 ms", "p95", "there and back p50", "p95", "freezes", "longest gap",
    "shown/s", "back to normal after",
)  # fmt: skip

Found = dict[str, dict[str, Block]]
"""Network -> kind -> what was seen."""


def main() -> None:
    """Measure, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(DEFAULT))
    parser.add_argument("--html", type=Path)
    parser.add_argument("--results", metavar="NAME")
    parser.add_argument("--allow-dirty", action="store_true")
    given = parser.parse_args()
    try:
        output = Output(html=given.html, results=given.results, allow_dirty=given.allow_dirty)
        found = measure(given.networks, given.seconds, given.size)
        finish(reported(found, given.seconds, given.size), output)
    except UnderstudyError as error:
        raise SystemExit(f"error: {error}") from None


def measure(networks: list[str], seconds: float, size: int) -> Found:
    """Every network, both kinds in turn, each over a connection of its own."""
    found: Found = {}
    with ExitStack() as stack:
        link = stack.enter_context(joined(NETWORKS["20 ms"].profile))
        chromium = stack.enter_context(browser(link.inside(0)))
        servers = ExitStack()
        with servers:
            there = {
                "stock": servers.enter_context(running(_stock(link))),
                "ours": servers.enter_context(
                    served(Wanted(size=size, refine="off", host=link.addresses[1]), link.inside(1))
                ),
            }
            for name in networks:
                found[name] = {
                    kind: _turn(_Turn(chromium, there[kind], link), NETWORKS[name], seconds, size)
                    for kind in KINDS
                }
        for kinds in found.values():
            for kind, block in kinds.items():
                block.update(passed(there[kind].passages, block))
    return found


@dataclass(frozen=True, slots=True)
class _Turn:
    """Who takes part in one."""

    chromium: Any
    server: Served
    link: Joined


def _turn(turn: _Turn, network: Network, seconds: float, size: int) -> Block:
    """Connect over a good line, make it what it is to be, and look for so long."""
    turn.link.become(NETWORKS["20 ms"].profile)
    asked = {
        "faces": faces(), "size": size, "rate": RATE, "codec": "H264", "warmUp": WARM_UP_S,
        "settle": SETTLES_S, "blocks": [{"kind": "echo", "seconds": seconds}],
    }  # fmt: skip
    with page_at(turn.chromium, turn.server.address) as page:
        page.evaluate("(what) => { window.result = window.measure(what); }", asked)
        _wait_until(page, "connected")
        turn.link.become(network.profile)
        _wait_until(page, "measuring")
        returned_s = _black_out(turn.link, network)
        found: list[Block] = page.evaluate("() => window.result")
        turn.link.become(NETWORKS["20 ms"].profile)  # before the page's goodbye
    if not found[0]["latencies"]:
        raise CannotRunError("no picture came back with a time code that can be read")
    return found[0] | {"returned_s": returned_s}


def _wait_until(page: Any, state: str) -> None:  # noqa: ANN401 (playwright's own)
    page.wait_for_function("(state) => window.state === state", arg=state, timeout=PATIENCE_MS)


def _black_out(link: Joined, network: Network) -> float | None:
    """Take the network away for a while, where it is one of those; when it was back."""
    if not network.blackout_s:
        return None
    time.sleep(BLACKOUT_AFTER_S)
    link.become(BLACKOUT)
    time.sleep(network.blackout_s)
    link.become(network.profile)
    return time.time()


def _stock(link: Joined) -> list[str]:
    return [*link.inside(1), sys.executable, "-m", "benchmarks.impaired.stock", link.addresses[1]]


def recovered_ms(block: Block) -> float | None:
    """From the network's return to the first picture no later than the 95th percentile before."""
    if block["returned_s"] is None:
        return None
    back_ms = (block["returned_s"] - block["wallS"]) * 1e3
    both = list(zip(block["at"], block["latencies"], strict=True))
    before = [delay for at, delay in both if at < BLACKOUT_AFTER_S * 1e3]
    usual_ms = float(np.percentile(before, 95)) if before else float("inf")
    return next((at - back_ms for at, delay in both if at >= back_ms and delay <= usual_ms), None)


def reported(found: Found, seconds: float, size: int) -> Report:
    """Stock and ours side by side."""
    rows, figures = [], list[Figure]()
    for network, kinds in found.items():
        columns = [_columns(kinds[kind]) for kind in KINDS]
        rows.append((network, *(" / ".join(pair) for pair in zip(*columns, strict=True))))
        for kind in KINDS:
            figures += _figures(f"impaired.{_plain(network)}.{kind}", kinds[kind])
    return Report(
        kind="impaired-chromium",
        settings={"seconds": seconds, "size": size, "rate": RATE, "networks": list(found)},
        figures=tuple(figures),
        tables=(
            Table(
                title="Chromium at the other end: stock aiortc / ours",
                head=(
                    "network",
                    "to server p50 ms",
                    "p95",
                    "there and back p50",
                    "p95",
                    "freezes",
                    "longest gap",
                    "shown/s",
                    "back to normal after",
                ),
                rows=tuple(rows),
                notes=(
                    f"{size} px, {RATE} pictures a second, H.264, {seconds:g} s each after the "
                    "network became what it is; both directions alike, in real time on the same "
                    "machine as the browser. `to server`: drawn in the page to decoded there; "
                    "there and back: to what the page shows, its own drawing and screen with it. "
                    "A freeze is 200 ms without a new picture; `back to normal`: from the "
                    "network's return to the first picture no later than the 95th percentile of "
                    "those before.",
                ),
            ),
            *_goals(found),
        ),
        charts=tuple(_charts(found)),
    )


def one_way(block: Block) -> Block:
    """The same block as the server saw it: what `recovered_ms` and the figures look at."""
    return block | {"latencies": block["up_ms"], "at": block["up_at"]}


def goal_values(block: Block) -> dict[str, float]:
    """What the goals are about, one way."""
    p50, p95 = np.percentile(block["up_ms"], [50, 95])
    recovered = recovered_ms(one_way(block))
    a_minute = freezes([one_way(block)]) * 60 / block["seconds"]
    found = {"p50": float(p50), "p95": float(p95), "freezes a minute": a_minute}
    if block["returned_s"] is not None:
        found["back to normal"] = float("inf") if recovered is None else recovered
    return found


def _goals(found: Found) -> list[Table]:
    """Whether ours keeps them; nothing where none of their networks was measured."""
    rows = [
        (
            f"{network}: {name}",
            f"{most:g}",
            f"{(value := goal_values(found[network]['ours'])[name]):.0f}",
            "kept" if value <= most else "MISSED",
        )
        for network, goals in GOALS.items()
        if network in found and found[network]["ours"]["up_ms"]
        for name, most in goals.items()
    ]
    notes = [
        "One way, as the server saw it. The page's own drawing and Chromium's encoder are in it: "
        "the goals were set for peers without them (`matrix`)."
    ]
    if "20 ms" in found and found["20 ms"]["ours"]["up_ms"]:
        clean = goal_values(found["20 ms"]["ours"])["p50"]
        notes.append(f"Over the same line without loss p50 is {clean:.0f} ms.")
    if not rows:
        return []
    head = ("ours, to server", "goal, at most", "measured", "")
    return [Table(title="Goals", head=head, rows=tuple(rows), notes=tuple(notes))]


def _columns(block: Block) -> tuple[str, ...]:
    recovered = recovered_ms(block)
    up = np.percentile(block["up_ms"], [50, 95]) if block["up_ms"] else ()
    back = np.percentile(block["latencies"], [50, 95])
    is_blackout = block["returned_s"] is not None
    return (
        *([f"{value:.0f}" for value in up] or ["-", "-"]),
        *(f"{value:.0f}" for value in back),
        str(freezes([block])),
        f"{max(gaps_ms(block)):.0f}",
        f"{block['fps']:.1f}",
        "-" if not is_blackout else "never" if recovered is None else f"{recovered:.0f}",
    )


def _figures(name: str, block: Block) -> list[Figure]:
    found: dict[str, float] = {}
    for way, values in (("up", block["up_ms"]), ("back", block["latencies"])):
        if values:
            p50, p95 = np.percentile(values, [50, 95])
            found |= {f"{way}.p50": float(p50), f"{way}.p95": float(p95)}
    recovered = recovered_ms(block)
    if recovered is not None:
        found["recovered"] = recovered
    return [
        *(
            Figure(name=f"{name}.{each}", value=value, unit="ms", better="lower")
            for each, value in found.items()
        ),
        Figure(name=f"{name}.freezes", value=freezes([block]), unit="", better="lower"),
        Figure(name=f"{name}.rate", value=block["fps"], unit="pictures/s", better="higher"),
    ]


def _charts(found: Found) -> list[Chart]:
    return [
        Timeline(
            title=f"{network}: there and back",
            unit="ms",
            series={
                kind: [
                    (at / 1e3, delay)
                    for at, delay in zip(block["at"], block["latencies"], strict=True)
                ]
                for kind, block in kinds.items()
            },
        )
        for network, kinds in found.items()
    ]


def _plain(name: str) -> str:
    words = "".join(sign if sign.isalnum() else " " for sign in name.replace("%", "pct"))
    return "-".join(words.split()).lower()


if __name__ == "__main__":
    main()
