"""The bank's benchmark: who enrols, who is tested, and what its verdict says."""

from pathlib import Path

import pytest

from benchmarks.bank import __main__ as bank
from benchmarks.bank.measuring import BANK, REFINED, ROWS, Scores, split


def scores(l1: float, flicker: float = 1.0, csim: float = 0.8) -> Scores:
    return {
        "L1": dict.fromkeys(("face", "mouth", "eyes", "whole"), l1),
        "flicker": {"mouth": flicker},
        "CSIM": {"face": csim},
    }


@pytest.mark.parametrize("protocol", ["strict", "covered"])
def test_no_frame_is_both_enrolled_and_tested(protocol: str) -> None:
    among, tested = split(protocol, 100)
    assert among
    assert tested
    assert not set(among) & set(tested)


def test_strict_enrols_the_first_half_and_covered_every_other_block() -> None:
    assert split("strict", 11) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10])
    among, tested = split("covered", 60)
    assert among == [*range(20), *range(40, 60)]
    assert tested == list(range(23, 37))


def test_a_clip_that_loses_is_named() -> None:
    rows = {row: scores(5.0) for row in ROWS}
    better, worse = {**rows, BANK: scores(4.0, 0.9, 0.9)}, {**rows, BANK: scores(5.2)}
    held = {v.question: v.holds for v in bank.judge("strict", {"one": better})}
    assert set(held.values()) == {True}
    lost = next(v for v in bank.judge("strict", {"one": better, "two": worse}) if not v.holds)
    assert "two" in lost.detail
    assert f"{5.2 / rows[REFINED]['L1']['face'] - 1.0:+.1%}" in lost.detail


def test_a_folder_without_these_clips_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bank.main(["--clips", str(tmp_path), "--only", "nobody"]) == 2
    assert "name another folder" in capsys.readouterr().err
