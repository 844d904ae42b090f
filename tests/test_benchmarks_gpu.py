"""The GPU report: what fails costs only itself, all is kept as it comes, and figures are right."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import gpu, gpu_ready, kernels
from benchmarks.gpu import Bench
from benchmarks.gpu_convolutions import Convolutions, Shape
from benchmarks.gpu_model import Model
from benchmarks.gpu_networks import difference
from benchmarks.gpu_processes import ROOT, command
from benchmarks.gpu_profile import ON_DEVICE, pieces_of, split
from benchmarks.gpu_report import FILES, Report
from benchmarks.gpu_sections import AGAIN_S, SECTIONS, START_S, TOTAL_S, Section
from benchmarks.gpu_summary import summary, timelines
from benchmarks.gpu_tables import TOLD, floor_us
from engine.kernels.fast import Kernels
from engine.kernels.pictures_fast import PictureKernels
from engine.runtimes.cuda_device import ReferenceDevice
from tests.host_launcher import COMPILER, HostLauncher

needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")

BARE = """
import sys
for name in (
    "openvino", "av", "typer", "rich", "PIL", "aiortc", "aiohttp", "onnx", "onnxscript", "onnxslim",
    "onnxruntime", "scipy", "moderngl", "mediapipe", "tensorrt", "tensorrt_rtx", "pyvirtualcam",
    "playwright", "imageio_ffmpeg", "pynvml",
):
    sys.modules[name] = None  # as if it were not installed
import cv2  # an OpenCV 4, as far as we can tell
del cv2.TriangleRasterizeSettings, cv2.triangleRasterize
"""
"""Python's `sitecustomize` of a machine that has torch, numpy, pytest, cuda-python, some OpenCV."""


@needs_no_gpu
@pytest.mark.slow
def test_without_a_gpu_it_is_one_line_and_two(tmp_path: Path) -> None:
    module = [sys.executable, "-m", "benchmarks.gpu_report", "--out", str(tmp_path / "out")]
    done = subprocess.run(module, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "torch sees no NVIDIA GPU" in done.stderr
    assert not list((tmp_path / "out").iterdir())


@needs_no_gpu
def test_the_runners_check_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_ready.main() == 2
    assert "cannot run" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_report_is_rehearsed_from_the_tree_alone_with_few_packages(
    tmp_path: Path,
) -> None:
    tree, site, out = (tmp_path / name for name in ("tree", "site", "out"))
    for part in ("benchmarks", "engine", "export", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(ROOT / part, tree / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    site.mkdir()
    (site / "sitecustomize.py").write_text(BARE)
    module = [sys.executable, "-m", "benchmarks.gpu_report", "--rehearse", "--seconds", "1200"]
    done = subprocess.run(
        [*module, "--out", str(out), "--commit", "abc123"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    log = out / "log.txt"
    assert done.returncode == 0, done.stdout + done.stderr + log.read_text()
    assert {path.name for path in out.iterdir()} <= set(FILES)
    assert len(FILES) <= 6
    results = json.loads((out / "results.json").read_text())
    assert list(results["sections"]) == [section.name for section in SECTIONS]
    for name, answer in results["sections"].items():
        assert "failed" not in answer, (name, answer)
    found = {name: answer["figures"] for name, answer in results["sections"].items()}
    assert found["machine"]["commit"] == "abc123"
    for mode in ("expression", "both"):
        # Ours and torch's own networks draw the same picture of the same driver and portrait.
        assert found["networks"][mode]["difference"] < 1e-4
        assert found["profile"][mode]["pieces"]
        of_frame = sum(row["flop"] * row[f"in {mode}"] for row in found["convolutions"])
        assert of_frame == found["networks"][mode]["flop"] > 0
        assert {"p50", "p95", "p99"} <= found["live step"][mode].keys()
    assert "A rehearsal on the CPU" in (out / "summary.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")
def test_the_report_gives_the_kernels_what_they_take(tmp_path: Path) -> None:
    device, launcher = ReferenceDevice(), HostLauncher(tmp_path)
    device.ops, device.pictures = Kernels(launcher), PictureKernels(launcher)
    device.dtype = torch.float16
    bench = Bench(device=device, is_rehearsal=True)
    assert len({row["kernel"] for row in kernels.kernels(bench)}) == 12
    model = Model(bench)
    crop = model.crops(1)
    with torch.no_grad():
        found, wanted = model.ours("both", crop)(), model.theirs("both", crop)()
    assert difference(found, wanted) < 2e-2


def made(folder: Path, *names: str, seconds: float = 60.0, limit_s: float = 20.0) -> Report:
    return Report(
        folder=folder,
        ends_s=time.monotonic() + seconds,
        worker_options=["--commit", "abc"],
        about={"command": "made", "began": "now", "rehearsal": False},
        sections=tuple(Section(name=name, expected_s=1, limit_s=limit_s) for name in names),
        worker_module="tests.gpu_worker_fake",
    )


def kept(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())["sections"]
    return found


def test_a_section_that_fails_or_dies_is_told_and_costs_the_others_nothing(tmp_path: Path) -> None:
    assert made(tmp_path, "good", "broken", "half", "dies", "good").run() == 1
    found = kept(tmp_path)
    assert found["good"]["figures"] == {"commit": "abc"}  # the second time: after the death
    assert found["broken"]["failed"] == "ZeroDivisionError: division by zero"
    assert "1 / 0" in found["broken"]["traceback"]
    assert found["half"]["figures"] == {"figure": 2}
    assert found["half"]["failed"] == "the other"
    assert found["dies"]["failed"] == "its process ended"
    told = (tmp_path / "summary.md").read_text()
    assert "- broken: ZeroDivisionError" in told


def test_a_section_that_hangs_is_ended_at_its_limit_and_says_where_it_was(tmp_path: Path) -> None:
    report = made(tmp_path, "process", "hangs", "good", limit_s=1.5)
    assert report.run() == 1
    found = kept(tmp_path)
    assert found["hangs"]["failed"] == "it ran past its limit of 2 s"
    assert "in hang" in found["hangs"]["traceback"]
    assert found["good"]["figures"] == {"commit": "abc"}
    with pytest.raises(ProcessLookupError):
        os.kill(found["process"]["figures"], 0)


def test_results_are_whole_after_each_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, seen = made(tmp_path, "good", "broken", "process"), []
    before = report.answer

    def watched(section: Section) -> dict[str, Any]:
        seen.append(list(kept(tmp_path)) if (tmp_path / "results.json").exists() else [])
        return before(section)

    monkeypatch.setattr(report, "answer", watched)
    report.run()
    assert seen == [[], ["good"], ["good", "broken"]]
    assert {path.name for path in tmp_path.iterdir()} <= set(FILES)


def test_figures_that_cannot_be_told_are_kept_and_cost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOLD, "good", lambda figures, *_: [figures["missing"]])
    assert made(tmp_path, "good", "process").run() == 0
    assert list(kept(tmp_path)) == ["good", "process"]
    assert "KeyError: 'missing'" in (tmp_path / "summary.md").read_text()


def test_no_section_begins_when_the_time_is_over(tmp_path: Path) -> None:
    assert made(tmp_path, "good", seconds=0.0).run() == 1
    assert kept(tmp_path)["good"] == {"failed": "no time was left"}


def test_tests_are_counted_and_the_failed_ones_named(tmp_path: Path) -> None:
    made_tests = tmp_path / "test_made.py"
    made_tests.write_text(
        "import pytest\npytestmark = pytest.mark.gpu\n"
        "def test_good(): pass\ndef test_bad(): assert 1 == 2\n"
    )
    report = made(tmp_path)
    report.sections = (
        Section(name="other tests", expected_s=1, limit_s=60, tests=(str(made_tests),)),
    )
    assert report.run() == 1
    answer = kept(tmp_path)["other tests"]
    assert answer["figures"] == {"failed": 1, "passed": 1}
    assert "test_bad" in answer["failed"]
    assert "assert 1 == 2" in (tmp_path / "tests.txt").read_text()


@pytest.mark.slow
def test_tests_that_hang_are_ended_and_those_before_count(tmp_path: Path) -> None:
    made_tests = tmp_path / "test_made.py"
    made_tests.write_text(
        "import pytest, time\npytestmark = pytest.mark.gpu\n"
        "def test_good(): pass\ndef test_hangs(): time.sleep(600)\n"
    )
    report = made(tmp_path)
    report.sections = (
        Section(name="other tests", expected_s=1, limit_s=10, tests=(str(made_tests),)),
    )
    assert report.run() == 1
    answer = kept(tmp_path)["other tests"]
    assert answer["figures"] == {"passed": 1}
    assert answer["failed"] == "it ran past its limit of 10 s"


def test_a_command_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    inner = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    code, output = command([sys.executable, "-c", script], tmp_path / "log.txt", 5.0)
    assert code is None
    state = Path("/proc", output.strip(), "stat")
    for _ in range(100):  # the kernel ends it; whoever inherits it may be slow to ask for its code
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"process {output.strip()} runs on")


def test_one_section_may_hang_and_all_others_still_have_their_time() -> None:
    expected = START_S + sum(section.expected_s for section in SECTIONS)
    for section in SECTIONS:
        assert section.expected_s < section.limit_s
        hangs = section.limit_s - section.expected_s
        assert expected + hangs + AGAIN_S <= TOTAL_S
    assert TOTAL_S < 270


def test_the_budget_stands_in_the_documents() -> None:
    told = (ROOT / "docs" / "gpu.md").read_text()
    for section in SECTIONS:
        row = f"| {section.name} | {section.expected_s:.0f} | {section.limit_s:.0f} |"
        assert row in told


def test_the_headline_comes_first_with_its_floor_beside_it() -> None:
    times = {"p50": 0.5, "p95": 0.6, "p99": 0.7, "max": 0.9, "runs": 2000.0}
    network = {"flop": 80e9, "bytes": 90e6, "ours": times, "difference": 2e-3}
    ceilings = {
        "copy_gb_s": 3000.0,
        "matrix_tflop_s": 800.0,
        "upload_gb_s": 50.0,
        "download_gb_s": 50.0,
    }
    assert floor_us(80e9, 90e6, ceilings) == pytest.approx(100.0)  # arithmetic; the bytes take 30
    assert floor_us(8e9, 90e6, ceilings) == pytest.approx(30.0)
    assert floor_us(1, 1, {}) is None
    machine = {"commit": "abc", "system": "made", "cores": 2, "packages": {}, "torch": {}}
    machine |= {"torch": {"cuda": "13.0", "cudnn": 9}, "ceilings": ceilings}
    live = times | {"frame": [1000, 1000], "picture": [500, 500]}  # 60 and 15 us at 50 GB/s
    results = {
        "command": "made",
        "began": "now",
        "rehearsal": False,
        "sections": {
            "machine": {"figures": machine, "took_s": 1.0},
            "networks": {"figures": {"expression": network}, "took_s": 2.0},
            "live step": {"figures": {"expression": live}, "took_s": 3.0},
            "sessions": {"failed": "RuntimeError: no"},
        },
    }
    told = summary(results)
    row = "| expression | ours, recorded | 0.100 | 0.500 | 0.600 | 0.700 | 5.0 | 2000 |"
    assert row in told
    assert told.index(row) < told.index("- sessions: RuntimeError") < told.index("## machine")
    assert "| expression | torch eager | 0.100 | - |" in told
    assert "| expression | 1000 x 1000 | 500 x 500 | 0.175 | 0.500 |" in told


def test_a_trace_is_cut_into_its_runs_and_told_in_order() -> None:
    events = [
        {"cat": "kernel", "name": "second", "ts": 1010.0, "dur": 5.0},
        {"cat": "kernel", "name": "first", "ts": 1000.0, "dur": 4.0},
        {"cat": "cpu_op", "name": "launch", "ts": 990.0, "dur": 90.0},
        {"cat": "gpu_memcpy", "name": "first", "ts": 20_000.0, "dur": 3.0},
        {"name": "no category", "ts": 1.0},
    ]
    runs = split(pieces_of({"traceEvents": events}, ON_DEVICE))
    assert [[(p.name, p.start_us, p.us) for p in run] for run in runs] == [
        [("first", 0.0, 4.0), ("second", 10.0, 5.0)],
        [("first", 0.0, 3.0)],
    ]
    pieces = [{"name": "first", "start_us": 0.0, "us": 4.0}]
    told = timelines({"both": {"source": "made", "pieces": pieces}})
    assert told.splitlines()[-1].split() == ["0.0", "4.00", "first"]


@pytest.mark.parametrize(
    ("kind", "kernel", "settings"),
    [
        ("conv2d", (24, 16, 3, 3), {"padding": 1}),
        ("conv2d", (24, 16, 3, 3), {"stride": 2}),
        ("conv_transpose2d", (16, 24, 3, 3), {"stride": 2}),
    ],
)
def test_a_convolution_is_seen_with_its_shape_and_its_operations(
    kind: str, kernel: tuple[int, ...], settings: dict[str, int]
) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    maps, weights = torch.randn(2, 16, 9, 9), torch.randn(kernel)
    found, counter = Convolutions(), FlopCounterMode(display=False)
    with counter, found:
        result = getattr(torch.nn.functional, kind)(maps, weights, **settings)
    (shape,) = found.seen
    assert isinstance(shape, Shape)
    assert shape.out == tuple(result.shape[2:])
    assert shape.bytes == 4 * (maps.numel() + weights.numel() + result.numel())
    assert found.flop == counter.get_total_flops()
    assert shape.call(torch.device("cpu"))().shape == result.shape


class CountedEvent:
    """An event of CUDA's on a clock that counts what was run."""

    now_us = 0

    def record(self) -> None:
        self.at_us = CountedEvent.now_us

    def elapsed_time(self, later: "CountedEvent") -> float:
        return (later.at_us - self.at_us) / 1e3


def test_every_replay_is_timed_alone_without_what_comes_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu, "_timing_event", CountedEvent)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    seen: list[int] = []

    def takes(us: int) -> None:
        CountedEvent.now_us += us

    def before(index: int) -> None:
        seen.append(index)
        takes(1000)

    bench = Bench(device=ReferenceDevice(), is_rehearsal=False)
    took = gpu.replays_us(bench, lambda: takes(7), count=250, before=before)
    assert took == pytest.approx([7.0] * 250)
    assert seen == list(range(250))
