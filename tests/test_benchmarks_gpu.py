"""The GPU benchmarks run through in rehearsal, keep results as they come, say what is missing."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, gpu_ready, gpu_step, kernels
from benchmarks.gpu import Bench
from engine.backends.cuda_device import ReferenceDevice

Main = Callable[[list[str] | None], int]
needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@needs_no_gpu
@pytest.mark.parametrize("main", [kernels.main, gpu_step.main])
def test_without_a_gpu_it_is_one_line_and_two(
    main: Main, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--out", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert "needs a GPU: torch sees no NVIDIA GPU" in told.err
    assert not list(tmp_path.iterdir())


@needs_no_gpu
def test_the_runners_check_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_ready.main() == 2
    assert "cannot run" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("main", [kernels.main, gpu_step.main])
def test_a_rehearsal_runs_every_section_and_keeps_nothing(
    main: Main, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--rehearse", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "the times below mean nothing" in told
    assert "Failed" not in told
    assert told.count("\n## ") >= 4
    assert not list(tmp_path.iterdir())


def made(folder: Path, *, seconds: float) -> Bench:
    return Bench(
        name="made",
        device=ReferenceDevice(),
        is_rehearsal=False,
        folder=folder,
        ends_s=time.monotonic() + seconds,
        commit="abc",
    )


def test_each_section_is_kept_before_the_next_and_survives_its_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "described", lambda commit: {"commit": commit})
    bench = made(tmp_path, seconds=60)

    def first(_: Bench) -> tuple[dict[str, int], str]:
        return {"figure": 1}, "a table"

    def broken(_: Bench) -> tuple[dict[str, int], str]:
        assert json.loads((tmp_path / "made.json").read_text())["first"] == {"figure": 1}
        raise RuntimeError("out of memory\nand more")

    bench.section("first", first)
    bench.section("broken", broken)
    bench.section("last", first)
    kept = json.loads((tmp_path / "made.json").read_text())
    assert kept["broken"] == {"failed": "RuntimeError: out of memory"}
    assert kept["last"] == {"figure": 1}
    assert kept["machine"] == {"commit": "abc"}
    assert bench.failed == ["broken"]
    assert "out of memory" in (tmp_path / "made.md").read_text()


def test_no_section_begins_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "described", lambda commit: {"commit": commit})
    bench = made(tmp_path, seconds=-1)
    bench.section("late", lambda _: ({}, ""))
    assert bench.record == {"late": {"skipped": "no time was left"}}
    assert bench.failed == []
