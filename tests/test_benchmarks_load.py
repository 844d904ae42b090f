"""How many people a machine carries: the last number that kept up, whatever the reason."""

from dataclasses import replace

import pytest

from benchmarks.load.report import as_report, suggested
from benchmarks.load.run import FRAME_MS, Level, Load, load
from benchmarks.report.provenance import made_on
from benchmarks.report.record import as_record
from benchmarks.report.schema import problems

EASY = Level(
    people=1,
    delays_ms=(10.0,) * 100,
    step_p99_ms=8.0,
    dropped=0.0,
    rate=30.0,
    server_cores=0.5,
    people_cores=0.1,
    own_mb=200.0,
)


@pytest.mark.parametrize(
    "over",
    [
        replace(EASY, delays_ms=(10.0,) * 97 + (FRAME_MS + 5.0,) * 3),
        replace(EASY, dropped=0.05),
        replace(EASY, delays_ms=()),
    ],
)
def test_a_tail_a_drop_or_silence_is_too_much(over: Level) -> None:
    levels = [EASY, replace(EASY, people=2), replace(over, people=3)]
    assert suggested(levels) == 2
    report = as_report(Load(), levels)
    assert any("--sessions 2" in note for note in report.tables[0].notes)
    assert list(problems(as_record(report, made_on(1.0)))) == []


def test_none_is_said_with_what_to_try() -> None:
    report = as_report(Load(size=512), [replace(EASY, dropped=0.5)])
    assert suggested([replace(EASY, dropped=0.5)]) == 0
    assert any("smaller --size" in note for note in report.tables[0].notes)


@pytest.mark.slow
def test_people_come_to_the_real_server_and_are_counted() -> None:
    (level,) = load(Load(model="light", size=256, most=1, seconds=2.0, settle_s=1.5))
    assert level.people == 1
    assert len(level.delays_ms) > 5
    assert level.rate > 3.0
    assert level.server_cores > 0.0
    assert level.own_mb > 10.0
