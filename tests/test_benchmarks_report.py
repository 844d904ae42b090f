"""A report: what scripts read is documented and checked, what people read stands alone."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import machine
from benchmarks.report import finish as finishing
from benchmarks.report.charts import Curve, Histogram, ImageSheet, StackedBars, Timeline
from benchmarks.report.compare import as_report as compared
from benchmarks.report.compare import changes
from benchmarks.report.finish import Output, finish, keep
from benchmarks.report.page import page
from benchmarks.report.report import Figure, Report, Table
from benchmarks.report.schema import FIELDS, problems, read_record
from engine.errors import InputError

ROOT = Path(__file__).parents[1]
NOISE = np.random.default_rng(3).normal(1.0, 0.03, (2, 12))


def made(*figures: Figure, skipped: dict[str, str] | None = None) -> Report:
    values = [10.0, 11.0, 12.5, 30.0]
    return Report(
        kind="step",
        settings={"model": "rig", "size": 512},
        figures=figures or (Figure(name="step.total.p50", value=11.0, unit="ms", better="lower"),),
        tables=(Table(title="A <table>", head=("stage", "ms"), rows=(("warp", "5.0"),)),),
        charts=(
            Histogram(title="How often", unit="ms", series={"a": values, "nothing": []}),
            Timeline(title="When", unit="ms", series={"a": list(enumerate(values))}),
            StackedBars(title="Parts", unit="ms", bars={"a": {"x": 1.0, "y": 2.0}}, limit=33.0),
            Curve(title="Load", x="people", unit="ms", series={"p99": [(1, 9.0), (2, 40.0)]}),
            ImageSheet(title="Sheet", pictures=[("one", np.zeros((8, 8, 3), np.uint8))]),
        ),
        skipped=skipped or {},
    )


def record_of(report: Report, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    finish(report, Output())
    record: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return record


def with_rounds(values: list[float], better: str = "lower") -> dict[str, Any]:
    return {
        "name": "step.warp.p50",
        "value": float(np.median(values)),
        "unit": "ms",
        "better": better,
        "interval": None,
        "rounds": values,
    }


def test_the_last_line_is_a_whole_record(capsys: pytest.CaptureFixture[str]) -> None:
    record = record_of(made(skipped={"joules": "no counter"}), capsys)
    assert list(problems(record)) == []
    assert record["skipped"] == {"joules": "no counter"}
    assert record["machine"]["cores"] >= 1
    assert {"numpy", "python", "understudy"} <= set(record["versions"])


@pytest.mark.parametrize("field", FIELDS)
def test_a_record_that_lacks_a_field_is_none(
    field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = record_of(made(), capsys)
    del record[field]
    assert list(problems(record))


def test_a_developers_benchmark_keeps_a_record_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "RESULTS", tmp_path)
    result = {"times_ms": {"rig": {"p50": 7.2}}, "size": 512, "clips": ["a", "b"], "passes": True}
    record = read_record(machine.keep("rig_step", "python -m ...", result, "| a table |"))
    values = {figure["name"]: figure["value"] for figure in record["figures"]}
    assert values == {"times_ms.rig.p50": 7.2, "size": 512.0}
    assert record["details"] == result
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == record


def test_every_field_is_documented() -> None:
    described = (ROOT / "docs" / "bench-format.md").read_text()
    fields = [*FIELDS, "processor", "cores", "memory_gb", "system", "load_average"]
    fields += ["name", "value", "unit", "better", "interval", "rounds"]
    assert [field for field in fields if f"`{field}`" not in described] == []


def test_a_file_that_is_no_record_is_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("", "nothing", '{"schema": "other"}', '{"schema": "understudy-bench"}'):
        path.write_text(text)
        with pytest.raises(InputError):
            read_record(path)


def test_a_figure_has_one_value() -> None:
    figure = Figure(name="a", value=1.0, unit="", better=None)
    with pytest.raises(ValueError, match="twice: a"):
        made(figure, figure)


class Outside(HTMLParser):
    """What a page would fetch, and how its elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [
            value or ""
            for name, value in attrs
            if name in ("src", "href") and not (value or "").startswith("data:")
        ]


def test_the_page_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    report = made(skipped={"joules": "no <counter>"})
    text = page(report, record_of(report, capsys))
    parser = Outside()
    parser.feed(text)
    assert parser.fetched == []
    assert "script" not in parser.tags
    assert {"svg", "img", "table"} <= parser.tags
    assert "A &lt;table&gt;" in text
    assert "no &lt;counter&gt;" in text
    assert re.search(r"url\(|@import", text) is None
    assert "prefers-color-scheme: dark" in text
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text)


def test_results_of_a_dirty_tree_are_refused_unless_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finishing, "is_dirty", lambda: True)
    with pytest.raises(InputError, match="--allow-dirty"):
        Output(results="step")
    assert Output(results="step", allow_dirty=True).results == "step"
    assert Output(html=Path("a.html")).results is None  # a report of one's own may be


def test_a_dirty_tree_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "is_dirty", lambda: True)
    record = record_of(made(), capsys)
    assert record["dirty"] is True
    keep(made(), record, tmp_path, "step")
    assert "with changes" in (tmp_path / "step.md").read_text()
    assert "no commit has" in (tmp_path / "step.html").read_text()
    assert read_record(tmp_path / "step.json") == record


def test_a_change_in_a_tree_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    for command in (
        ["git", "init", "-q"],
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    monkeypatch.setattr(machine, "CLONE", tmp_path)
    assert not machine.is_dirty()
    (tmp_path / "new.txt").write_text("untracked")
    assert not machine.is_dirty()
    kept = tmp_path / "benchmarks" / "results" / "step.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    subprocess.run(["git", "add", "benchmarks"], cwd=tmp_path, check=True)
    assert not machine.is_dirty()  # or the second of two benchmarks could keep nothing
    subprocess.run(["git", "add", "new.txt"], cwd=tmp_path, check=True)
    assert machine.is_dirty()


def records(a: dict[str, Any], b: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    about: dict[str, Any] = {
        "commit": "abc", "dirty": False, "machine": {"cores": 2}, "versions": {}, "settings": {},
        "kind": "step",
    }  # fmt: skip
    return about | {"figures": [a]}, about | {"figures": [b]}


@pytest.mark.parametrize(
    ("times", "better", "says"),
    [
        (1.0, "lower", "the same"),
        (1.3, "lower", "worse"),
        (0.7, "lower", "better"),
        (1.3, "higher", "better"),
    ],
)
def test_a_change_beyond_the_noise_is_told_from_noise(times: float, better: str, says: str) -> None:
    first, second = (5.0 * NOISE[0]).tolist(), (5.0 * times * NOISE[1]).tolist()
    (change,) = changes(*records(with_rounds(first, better), with_rounds(second, better)))
    assert change.says == says


def test_what_has_neither_rounds_nor_interval_cannot_be_told() -> None:
    bare = {"name": "a", "value": 1.0, "unit": "s", "better": "lower", "interval": None}
    assert changes(*records(bare, bare | {"value": 3.0}))[0].says == "cannot be told"
    sure = bare | {"interval": [0.9, 1.1]}
    assert changes(*records(sure, sure | {"value": 1.1, "interval": [1.0, 1.2]}))[0].says == (
        "the same"
    )
    assert changes(*records(sure, sure | {"value": 2.0, "interval": [1.9, 2.1]}))[0].says == "worse"


def test_another_machine_is_said() -> None:
    first, second = records(with_rounds([1.0] * 6), with_rounds([1.0] * 6))
    second["machine"] = {"cores": 4}
    report = compared(first, second, shows_all=True)
    assert any("cores was 2 and is 4" in note for note in report.tables[0].notes)
