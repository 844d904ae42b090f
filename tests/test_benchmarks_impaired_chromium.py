"""What becomes of the samples that a browser saw over a bad network, and of a page's return."""

from typing import Any

import pytest

from benchmarks.impaired.chromium import recovered_ms, reported
from benchmarks.impaired.reconnect import Return, lacking
from benchmarks.impaired.reconnect import reported as of_returns


def seen(at: list[float], delays: list[float], returned_s: float | None) -> dict[str, Any]:
    return {
        "at": at, "latencies": delays, "wallS": 1000.0, "returned_s": returned_s, "seconds": 10.0,
        "fps": 30.0, "up_ms": [delay / 2 for delay in delays], "up_at": at, "misread": 0,
    }  # fmt: skip


STEADY = [100.0 * number for number in range(1, 50)]


def test_a_network_is_back_when_pictures_are_as_prompt_as_before() -> None:
    # Away from 5 s to 7 s; what was queued comes first, late, and then the usual.
    after = [7100.0, 7200.0, 7300.0, 7400.0]
    block = seen([*STEADY, *after], [50.0] * 49 + [2000.0, 900.0, 50.0, 50.0], 1007.0)
    assert recovered_ms(block) == pytest.approx(300.0)
    lags_on = seen([*STEADY, *after], [50.0] * 49 + [2000.0] * 4, 1007.0)
    assert recovered_ms(lags_on) is None
    assert recovered_ms(seen(STEADY, [50.0] * 49, None)) is None


def test_both_kinds_stand_side_by_side() -> None:
    slow, fast = (seen(STEADY, [delay] * 49, None) for delay in (200.0, 50.0))
    report = reported({"loss 5 %": {"stock": slow, "ours": fast}}, 10.0, 256)
    ((network, up, *_),) = report.tables[0].rows
    assert (network, up) == ("loss 5 %", "100 / 25")
    values = {figure.name: figure.value for figure in report.figures}
    assert values["impaired.loss-5-pct.ours.back.p50"] == 50.0
    assert values["impaired.loss-5-pct.stock.freezes"] == 1  # nothing from 4.9 s to the end


def test_goals_are_judged_one_way() -> None:
    slow, fast = (seen(STEADY, [delay] * 49, None) for delay in (300.0, 48.0))
    clean = {"stock": slow, "ours": fast}
    report = reported({"20 ms": clean, "loss 10 %": clean}, 10.0, 256)
    goals = report.tables[1]
    assert [row[1:] for row in goals.rows] == [
        ("25", "24", "kept"),
        ("130", "24", "kept"),
        ("2", "6", "MISSED"),  # one freeze in ten seconds: nothing from 4.9 s to the end
    ]
    assert "p50 is 24 ms" in goals.notes[-1]
    assert len(reported({"clean": clean}, 10.0, 256).tables) == 1


def state(**changed: object) -> dict[str, Any]:
    usual = {"portrait": "b", "settings": {"mode": "expression"}, "stats": {"neutral": "yours"}}
    return {**usual, **changed}


def test_what_a_page_came_back_without_is_named() -> None:
    assert list(lacking(state(), state())) == []
    assert list(lacking(state(), state(portrait="a", stats={"neutral": "automatic"}))) == [
        "portrait",
        "neutral face",
    ]
    found = [
        Return(away_s=11.0, took_s=took, answered_s=0.5, was_released=True, lacks=("settings",))
        for took in (1.0, 3.0, 1.2)
    ]
    report = of_returns(found)
    assert {figure.name: figure.value for figure in report.figures} == {
        "reconnect.p50": 1.2,
        "reconnect.max": 3.0,
    }
    assert [row[3] for row in report.tables[0].rows] == ["yes", "NO", "yes"]
    assert report.tables[0].rows[0][-1] == "settings"
