"""A soak that cannot fail says nothing: what grows is seen in noise, and too little is no pass."""

import asyncio
from typing import Any

import numpy as np
import pytest
from aiortc import rtcrtpreceiver

from benchmarks.live.peer import counting
from benchmarks.soak import run
from benchmarks.soak.quick import asked
from benchmarks.soak.report import as_report, grows
from benchmarks.soak.run import Soak, Soaked, soak
from benchmarks.soak.verdict import LIMITS, Sample, a_visitor_kb, growths
from stream.webrtc.aiortc_parts import part_of

NOISE = np.random.default_rng(1).normal(0.0, 0.5, 200)


def samples(count: int, every_s: float, **growth: float) -> list[Sample]:
    """So much more an hour of each, with noise."""
    return [
        {"at_s": n * every_s, "visitors": float(n), **{
            name: 100.0 + growth.get(name, 0.0) * n * every_s / 3600 + float(NOISE[n % 200])
            for name in LIMITS
        }}
        for n in range(count)
    ]  # fmt: skip


def test_what_stays_passes() -> None:
    assert {each.says for each in growths(samples(120, 20.0))} == {"stays"}


@pytest.mark.parametrize("name", LIMITS)
def test_what_grows_fails(name: str) -> None:
    found = growths(samples(120, 20.0, **{name: 40.0}))
    assert [each.name for each in found if each.says == "grows"] == [name]


def test_what_cannot_be_told_is_no_pass() -> None:
    found = Soaked(samples=samples(40, 20.0, own_mb=40.0), visitors=40)
    report = as_report(Soak(minutes=13.0), found)
    assert report.tables[0].rows[0][-1] == "cannot be told"
    assert grows(report)


def test_what_a_visitor_leaves_is_found_in_noise() -> None:
    grown = samples(120, 20.0, own_mb=180.0)  # 1 MB each
    kept_kb, margin_kb = a_visitor_kb(grown)
    assert kept_kb == pytest.approx(1e6 / 1024, abs=margin_kb)
    assert margin_kb < 20.0


def test_too_little_is_no_pass() -> None:
    with pytest.raises(ValueError, match="say nothing"):
        growths(samples(5, 20.0))


@pytest.mark.slow
def test_a_server_that_loses_a_megabyte_a_session_is_caught() -> None:
    found = soak(asked(0.42, leak_kb=1024))
    assert found.visitors > 10
    kept_kb, margin_kb = a_visitor_kb(found.samples)
    assert kept_kb - margin_kb > 512  # a sound server's pools fill at 100 to 200 a visitor at first
    assert {each.name: each.says for each in growths(found.samples)}["own_mb"] == "grows"


class Blind:
    """A connection through which nothing comes."""

    figures: dict[str, object] = {}  # noqa: RUF012
    pictures = 0

    def __init__(self, *place: object) -> None:
        self.calls: list[str] = []

    async def start(self) -> None:
        self.calls.append("start")

    async def leave(self) -> None:
        self.calls.append("leave")


def test_who_stays_and_sees_nothing_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Peer", Blind)
    place: list[Any] = [None, "", None]
    steady = run.Steady(*place)
    first: Any = steady.peer
    asyncio.run(steady.come())
    first.pictures = 3
    assert not asyncio.run(steady.come_again())
    assert asyncio.run(steady.come_again())
    assert first.calls == ["start", "leave"]
    assert steady.peer is not first
    assert steady.pictures == 3
    found = Soaked(samples=samples(40, 1.0), visitors=40, lost=2)
    assert "2 times one had to come again" in str(as_report(Soak(minutes=1.0), found).tables)


def test_who_only_counts_pictures_leaves_the_next_a_decoder() -> None:
    before = part_of(rtcrtpreceiver, "get_decoder")
    with counting():
        assert part_of(rtcrtpreceiver, "get_decoder") is not before
    assert part_of(rtcrtpreceiver, "get_decoder") is before
