"""Figures from version to version: whatever a version measured is drawn, and kept once."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.history import Headline, points, release, write
from benchmarks.report.provenance import made_on
from benchmarks.report.record import as_record
from benchmarks.report.report import Figure, Report
from engine.errors import InputError, OutputError

STEP = Headline(results="step", figure="step.total.p50", title="The live step, median")


def keep(folder: Path, value: float, **changes: object) -> None:
    figure = Figure(
        name=STEP.figure, value=value, unit="ms", better="lower", interval=(value - 1, value + 1)
    )
    report = Report(kind="step", settings={"size": 512}, figures=(figure,))
    record: dict[str, Any] = as_record(report, made_on(1.0)) | {"dirty": False} | changes
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "step.json").write_text(json.dumps(record))


def test_versions_stand_in_their_order_and_today_is_last(tmp_path: Path) -> None:
    for version, value in (("0.10.0", 8.0), ("0.9.0", 9.0)):
        keep(tmp_path / "history" / version, value)
    keep(tmp_path, 7.0)
    found = points(STEP, tmp_path)
    assert [(each.version, each.figure["value"]) for each in found] == [
        ("0.9.0", 9.0), ("0.10.0", 8.0), ("today", 7.0),
    ]  # fmt: skip
    page = write(tmp_path, tmp_path / "docs").read_text()
    assert "figures/step-total-p50.svg" in page
    assert "| 0.9.0 | 9 ms | 8 to 10 |" in page
    assert "load" not in page  # nothing is drawn of what was not measured
    drawing = (tmp_path / "docs" / "figures" / "step-total-p50.svg").read_text()
    assert drawing.count("<circle") == 3


def test_a_version_is_kept_once_and_never_of_a_dirty_tree(tmp_path: Path) -> None:
    keep(tmp_path, 7.0, dirty=True)
    with pytest.raises(InputError, match="measure again"):
        release("1.0.0", tmp_path)
    keep(tmp_path, 7.0)
    assert (release("1.0.0", tmp_path) / "step.json").is_file()
    with pytest.raises(OutputError, match="once"):
        release("1.0.0", tmp_path)
