"""Runs the measurement: servers, networks, and a browser or the peer in its place."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Protocol

from benchmarks.glass.chromium import NoBrowserError, browser, faces, find_chromium, page_at
from benchmarks.glass.serving import ROOT, Served, served
from benchmarks.glass.settings import DIRECT, GlassSettings, Setup
from benchmarks.impaired.namespaces import Joined, NoNamespacesError, joined
from benchmarks.impaired.networks import NETWORKS
from benchmarks.report.report import CannotRunError

Block = dict[str, Any]
"""What was seen in one turn of one kind: `measure` in page/measure.js says what it holds."""
WAITS_S = 60.0
"""For the peer, beyond what it was asked to measure."""


@dataclass(slots=True)
class Measured:
    """All that was seen."""

    settings: GlassSettings
    other_end: str
    """Who drew and read: the browser with its version, or aiortc."""
    own: dict[int, Block] = field(default_factory=dict)
    """By pictures a second: the measurement's own part, without a server."""
    blocks: dict[Setup, list[Block]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class OtherEnd(Protocol):
    """Draws pictures with a code, and reads what comes back."""

    name: str

    def own(self, server: Served, asked: dict[str, object]) -> Block:
        """What it measures of itself; the server has only to give the page."""
        ...

    def measure(self, server: Served, asked: dict[str, object]) -> list[Block]:
        """What it sees of a server."""
        ...


class BrowserEnd:
    """A real Chromium."""

    def __init__(self, opened: Any) -> None:  # noqa: ANN401 (playwright's own)
        self.name = f"Chromium {opened.version}"
        self._opened = opened

    def own(self, server: Served, asked: dict[str, object]) -> Block:
        """The page shows its canvas to itself."""
        with page_at(self._opened, server.address) as page:
            block: Block = page.evaluate("(what) => window.measureOwn(what)", _faced(asked))
        return block

    def measure(self, server: Served, asked: dict[str, object]) -> list[Block]:
        """The page through this server."""
        with page_at(self._opened, server.address) as page:
            found: list[Block] = page.evaluate("(what) => window.measure(what)", _faced(asked))
        return found


class PeerEnd:
    """aiortc, in a process of its own."""

    name = "aiortc, no browser"

    def __init__(self, inside: tuple[str, ...] = ()) -> None:
        self._inside = inside

    def own(self, server: Served, asked: dict[str, object]) -> Block:
        """Drawn and read at once."""
        block: Block = self._run(asked)
        return block

    def measure(self, server: Served, asked: dict[str, object]) -> list[Block]:
        """A peer of this server."""
        found: list[Block] = self._run(asked, server.address)
        return found

    def _run(self, asked: dict[str, object], *address: str) -> Any:  # noqa: ANN401
        command = [*self._inside, sys.executable, "-m", "benchmarks.glass.peer"]
        done = subprocess.run(
            [*command, *address, json.dumps(asked)],
            stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        if done.returncode:
            raise CannotRunError("the peer broke off: what it said stands above")
        return json.loads(done.stdout)


def measure(settings: GlassSettings) -> Measured:
    """Everything that was asked for; a network that cannot be made here is skipped by name."""
    settings, why_not = with_what_is_here(settings)
    measured = Measured(settings=settings, other_end="")
    if why_not:
        measured.skipped["a real browser"] = why_not
    for network, setups in groupby(settings.setups, lambda setup: setup.network):
        try:
            with _other_end(settings, network) as (end, link):
                measured.other_end = end.name
                _measure_all(measured, list(setups), end, link)
        except NoNamespacesError as error:
            measured.skipped[f"network {network}"] = str(error)
    if not measured.blocks:
        raise CannotRunError("; ".join(f"{what}: {why}" for what, why in measured.skipped.items()))
    return measured


def with_what_is_here(settings: GlassSettings) -> tuple[GlassSettings, str]:
    """Without a browser where there is none; then also why, in a sentence."""
    if not settings.uses_browser:
        return settings, ""
    try:
        find_chromium()
    except NoBrowserError as error:
        reason = f"{error}. Two aiortc peers were measured in its place: no screen is in it."
        return replace(settings, uses_browser=False), reason
    return settings, ""


@contextmanager
def _other_end(settings: GlassSettings, network: str) -> Iterator[tuple[OtherEnd, Joined | None]]:
    """Whoever draws and reads, beyond the network of this name."""
    with ExitStack() as stack:
        link = None
        if network != DIRECT:
            link = stack.enter_context(joined(NETWORKS["20 ms"].profile))
        inside = () if link is None else link.inside(0)
        if settings.uses_browser:
            yield BrowserEnd(stack.enter_context(browser(inside))), link
        else:
            yield PeerEnd(inside), link


def _measure_all(
    measured: Measured, setups: list[Setup], end: OtherEnd, link: Joined | None
) -> None:
    settings = measured.settings
    for size, same in groupby(setups, lambda setup: setup.size):
        wanted = settings.wanted(size)
        inside: tuple[str, ...] = ()
        if link is not None:
            wanted, inside = replace(wanted, host=link.addresses[1]), link.inside(1)
        with served(wanted, inside) as server:
            for setup in same:
                if setup.rate not in measured.own:
                    asked = settings.asked_own(setup)
                    measured.own[setup.rate] = end.own(server, asked)
                if link is not None:
                    link.become(NETWORKS[setup.network].profile)
                measured.blocks[setup] = end.measure(server, settings.asked(setup))
                if not all(block["latencies"] for block in measured.blocks[setup]):
                    raise CannotRunError(
                        f"{setup}: no picture came back with a time code that can be read"
                    )
        for setup in setups:
            if setup.size == size:
                for block in measured.blocks[setup]:
                    block.update(passed(server.passages, block))


def passed(passages: dict[str, list[float]], block: Block) -> dict[str, list[float]]:
    """`up_ms` and `step_ms` of the pictures that passed the server during a block.

    `up_at` is when that was, in ms from the block's beginning.
    """
    ends_s = block["wallS"] + block["seconds"]
    during = [block["wallS"] <= at_s <= ends_s for at_s in passages["at_s"]]
    found = {
        name: [value for value, was in zip(passages[name], during, strict=True) if was]
        for name in ("up_ms", "step_ms", "at_s")
    }
    up_at = [(at_s - block["wallS"]) * 1e3 for at_s in found.pop("at_s")]
    return found | {"up_at": up_at}


def _faced(asked: dict[str, object]) -> dict[str, object]:
    return {**asked, "faces": faces()}
