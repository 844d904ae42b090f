"""Gains and drivers over time: what a file of keys means, and what is refused in one."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from engine.errors import InputError
from stream.edit.fitting import fitted
from stream.edit.keys import Keys, Range, read_keys


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_gains_run_on_straight_lines_and_stay_at_the_ends(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "gains": [
                {"at": 1.0, "lips": 0.0},
                {"at": 2.0, "emotion": 0.5},
                {"at": 3.0, "lips": 1.0},
            ]
        },
    )
    keys = read_keys(path, {"lips": 2.0}, Range())
    assert keys.gains_at(0.0) == {"lips": 0.0, "emotion": 0.5}
    assert keys.gains_at(2.0) == {"lips": 1.0, "emotion": 0.5}
    assert keys.gains_at(9.0) == {"lips": 2.0, "emotion": 0.5}


def test_drivers_have_files_beside_the_keys_factors_and_ranges(tmp_path: Path) -> None:
    entry = {"file": "take.mp4", "factors": ["lips"], "from": 3.0, "to": 5.0, "motion": "add"}
    (driver,) = read_keys(written(tmp_path, {"drivers": [entry]}), {}, Range()).drivers
    assert driver.source == tmp_path / "take.mp4"
    assert driver.factors == {"lips"}
    assert driver.blending == "add"
    assert [driver.range.share_at(time_s) for time_s in (2.0, 4.0, 6.0)] == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ({"gain": []}, "no object"),
        ({"gains": [{"at": 1.0}]}, "no time `at` with gains"),
        ({"gains": [{"at": 1.0, "nose": 1.0}]}, "neither a factor"),
        ({"gains": [{"at": 1.0, "pose": 1.0}]}, "neither a factor"),
        ({"gains": [{"at": 1.0, "lips": 9.0}]}, "not a number in 0..4"),
        ({"gains": [{"at": 2.0, "lips": 1}, {"at": 1.0, "lips": 1}]}, "do not grow"),
        ({"drivers": [{}]}, "either a `file`"),
        ({"drivers": [{"file": "a", "sliders": {"jawOpen": 1}}]}, "either a `file`"),
        ({"drivers": [{"preset": "smile", "sliders": {"jawOpen": 1}}]}, "either a `file`"),
        ({"drivers": [{"preset": "nice"}]}, "no preset"),
        ({"drivers": [{"preset": 3}]}, "are texts"),
        ({"drivers": [{"sliders": {"jawOpen": 3}}]}, "values in 0..1"),
        ({"drivers": [{"file": "a", "factors": ["pose"]}]}, "`factors` are some of"),
        ({"drivers": [{"file": "a", "motion": "both"}]}, "`motion` is one of"),
        ({"drivers": [{"file": "a", "from": "x"}]}, "times in seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused(content: object, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason.replace("`", ".")):
        read_keys(written(tmp_path, content), {}, Range())


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_keys(tmp_path / "none.json", {}, Range())


def test_a_range_that_is_shorter_than_its_fades_is_refused() -> None:
    with pytest.raises(InputError, match="shorter than its fades"):
        Range(begin_s=1.0, end_s=1.2)


def test_a_range_begins_and_ends_without_a_jerk() -> None:
    span = Range(begin_s=1.0, end_s=3.0)
    shares = [span.share_at(k / 100) for k in range(400)]
    assert max(abs(b - a) for a, b in pairwise(shares)) < 0.06
    assert Range().share_at(7.0) == 1.0


def test_without_keys_gains_are_as_given() -> None:
    assert Keys(gains={"lips": 1.5}).gains_at(3.0) == {"lips": 1.5}


def test_a_shorter_driver_is_held_played_back_and_forth_or_stretched() -> None:
    times = [0.0, 1.0, 2.0, 3.0, 4.0]
    ways = {
        fit: [fitted(fit, film_s=(0.0, 4.0), driver_s=2.0)(time_s) for time_s in times]
        for fit in ("hold", "loop", "resample")
    }
    assert ways["hold"] == [0.0, 1.0, 2.0, 2.0, 2.0]
    assert ways["loop"] == [0.0, 1.0, 2.0, 1.0, 0.0]
    assert ways["resample"] == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_a_driver_begins_where_its_range_does() -> None:
    time_of = fitted("hold", film_s=(3.0, 9.0), driver_s=5.0, offset_s=1.0)
    assert [time_of(time_s) for time_s in (0.0, 3.0, 4.0, 9.0)] == [1.0, 1.0, 2.0, 5.0]
