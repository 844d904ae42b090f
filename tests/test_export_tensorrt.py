"""`understudy export --to tensorrt-rtx` for real; `--to tensorrt` on a made GPU."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from typer.testing import CliRunner

import export.tensorrt
from engine.errors import BundleError, InputError, MachineError, OutputError
from engine.manifest import Manifest, read_manifest, sha256_of, write_manifest
from engine.progress import Silence
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.messages import FOR_TENSOR_CORES
from engine.runtimes.tensorrt.plan_cache import MAGIC, PlanCache
from engine.runtimes.tensorrt.runtime import TensorRt
from export.build_bar import BuildBar
from export.cli import app
from export.tensorrt import Request, build_plans
from tests.cuda_fake import FakeDriver
from tests.dpe_made import command
from tests.tensorrt_fake import SHAPE, FakeTensorRt, write_graph

NO_RTX = "tensorrt_rtx is not installed (extra `tensorrt-rtx`)"


def test_plans_are_built_ahead_for_the_cards_asked_for(
    dpe_bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("tensorrt_rtx", reason=NO_RTX)
    asked = ("export", "--to", "tensorrt-rtx", "--model", dpe_bundle, "--out", tmp_path / "plans")
    told = command(*asked, "--for", "8.9", "--for", "12.0").splitlines()
    names = ("encode", "read", "generate_expression", "generate_pose")
    wanted = [f"{name} for {target}" for name in names for target in ("8.9", "12.0")]
    assert [line.split(":")[0] for line in told] == [*wanted, str(tmp_path / "plans")]
    assert caplog.messages == [f"{dpe_bundle}: {FOR_TENSOR_CORES}"]
    plans = sorted((tmp_path / "plans").glob("*.plan"))
    assert len(plans) == 8
    assert all(plan.read_bytes().startswith(MAGIC) for plan in plans)
    written = [plan.stat().st_mtime_ns for plan in plans]
    again = command(*asked, "--for", "8.9")
    assert again.count("is there already") == 4
    assert [plan.stat().st_mtime_ns for plan in plans] == written


def test_a_card_it_does_not_build_for_is_refused_before_any_work(
    dpe_bundle: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx", reason=NO_RTX)
    asked = ("--to", "tensorrt-rtx", "--model", dpe_bundle, "--out", tmp_path / "plans")
    with pytest.raises(MachineError, match=r"not for 9\.0"):
        command("export", *asked, "--for", "8.9", "--for", "9.0")
    assert not (tmp_path / "plans").exists()


@pytest.mark.parametrize(
    ("library", "package"), [("tensorrt", "tensorrt"), ("tensorrt-rtx", "tensorrt_rtx")]
)
def test_without_the_library_the_advice_is_to_install_it(
    library: str, package: str, dpe_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MachineError, match=rf"{package} is not.*-e .\.\[{library}\]"):
        command("export", "--to", library, "--model", dpe_bundle)


@pytest.mark.parametrize("library", ["tensorrt", "tensorrt-rtx"])
def test_a_foreign_onnx_file_is_refused(library: str, dpe_bundle: Path) -> None:
    with pytest.raises(InputError, match="built from the folder of a bundle"):
        command("export", "--to", library, "--model", dpe_bundle / "read.onnx")


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        command("export", "--to", "tensorrt-rtx", "--model", tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error(dpe_bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason=NO_RTX)
    (tmp_path / "file").write_text("")
    asked = ("--to", "tensorrt-rtx", "--model", dpe_bundle, "--for", "8.9")
    with pytest.raises(OutputError, match="cannot keep plans"):
        command("export", *asked, "--out", tmp_path / "file" / "plans")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "tensorrt-rtx", "--model", "x", "--precision", "fp16"],
        ["--to", "tensorrt-rtx", "--model", "x", "--dynamic-batch"],
        ["--model", "x", "--out", "y", "--for", "8.9"],
        ["--model", "x", "--out", "y", "--refit-from", "z"],
        ["--model", "x", "--out", "y", "--warp", "plugin"],
        ["--model", "x"],
        ["--to", "tensorflow", "--model", "x"],
    ],
)
def test_options_that_do_not_belong_together_are_usage_errors(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["export", *arguments]).exit_code == 2


def fake_bundle(folder: Path, factor: float, shape: tuple[int | str, ...] = SHAPE) -> Path:
    """A bundle of one graph that the fake TensorRT reads."""
    folder.mkdir()
    spec = write_graph(folder / "read.onnx", factor=factor, shape=shape)
    found = type(spec)(
        file=spec.file,
        sha256=sha256_of(folder / "read.onnx"),
        inputs=spec.inputs,
        outputs=spec.outputs,
    )
    manifest = Manifest(
        family="made",
        sizes={},
        precision="fp32",
        opset=20,
        licence="CC0-1.0",
        trained_on="nothing",
        graphs={"read": found},
    )
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeTensorRt:
    """A made GPU with the full TensorRT."""
    fake = FakeTensorRt(FakeDriver())
    monkeypatch.setattr(export.tensorrt, "tensorrt_library", fake.module)
    monkeypatch.setattr(export.tensorrt, "Gpu", lambda: Gpu(api=fake.driver.module()))
    return fake


def test_tensorrt_builds_for_the_gpu_here(gpu: FakeTensorRt, tmp_path: Path) -> None:
    bundle, told = fake_bundle(tmp_path / "bundle", 2.0), list[str]()
    request = Request(bundle=bundle, to="tensorrt", out=tmp_path / "plans")
    assert build_plans(request, Silence(), told.append) == tmp_path / "plans"
    assert told[0].startswith("read for NVIDIA GeForce RTX 4090: ")
    assert gpu.take() == ["build"]
    build_plans(request, Silence())
    assert gpu.take() == []


@pytest.fixture
def warps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The fake reads JSON, so plugin nodes are written by a stand-in; returns who registered."""
    registered: list[tuple[int, int]] = []

    def write(source: Path, target: Path) -> int:
        target.write_text(source.read_text().replace('"factor": 2.0', '"factor": 9.0'))
        return 2

    monkeypatch.setattr("export.warp_plugin.write_with_plugin", write)
    monkeypatch.setattr(export.tensorrt, "plugins_of", lambda trt: trt)
    monkeypatch.setattr(
        export.tensorrt, "register", lambda plugins, capability: registered.append(capability)
    )
    return registered


def test_plans_with_the_plugin_are_built_apart_and_taken_where_they_are_found(
    gpu: FakeTensorRt, warps: list[tuple[int, int]], tmp_path: Path
) -> None:
    bundle, cache = fake_bundle(tmp_path / "bundle", 2.0), PlanCache(tmp_path / "plans")
    spec = read_manifest(bundle).graph("read")

    def drawn() -> float:
        runtime = TensorRt(cache=cache, trt=gpu.module(), gpu=Gpu(api=gpu.driver.module()))
        ones = np.ones((1, 4), np.float32)
        graph = runtime.load(bundle / spec.file, spec)
        return float(graph.run({"x": ones, "still": 0 * ones})["y"][0, 0])

    build_plans(Request(bundle=bundle, to="tensorrt", out=cache.folder), Silence())
    assert drawn() == 2.0
    told: list[str] = []
    request = Request(bundle=bundle, to="tensorrt", out=cache.folder, warp="plugin")
    build_plans(request, Silence(), told.append)
    assert "2 warps by the plugin" in told[0]
    assert warps == [(8, 9)]
    assert drawn() == 9.0


def test_a_changed_kernel_makes_another_plan(
    gpu: FakeTensorRt,
    warps: list[tuple[int, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = fake_bundle(tmp_path / "bundle", 2.0)
    request = Request(bundle=bundle, to="tensorrt", out=tmp_path / "plans", warp="plugin")
    build_plans(request, Silence())
    build_plans(request, Silence())
    assert gpu.take() == ["build"]
    monkeypatch.setattr("engine.runtimes.tensorrt.build.source_key", lambda: "edited")
    build_plans(request, Silence())
    assert gpu.take() == ["build"]


def test_tensorrt_without_a_gpu_points_to_the_library_that_needs_none(
    gpu: FakeTensorRt, tmp_path: Path
) -> None:
    gpu.driver.present = False
    request = Request(bundle=fake_bundle(tmp_path / "bundle", 2.0), to="tensorrt")
    with pytest.raises(MachineError, match=r"on the GPU that it is for.*--to tensorrt-rtx"):
        build_plans(request, Silence())


def test_a_refitted_bundle_is_not_built(gpu: FakeTensorRt, tmp_path: Path) -> None:
    old, new = fake_bundle(tmp_path / "old", 2.0), fake_bundle(tmp_path / "new", 3.0)
    told: list[str] = []
    build_plans(Request(bundle=old, to="tensorrt", out=tmp_path / "plans"), Silence())
    gpu.take()
    request = Request(bundle=new, to="tensorrt", out=tmp_path / "plans", refit_from=old)
    build_plans(request, Silence(), told.append)
    assert "refitted" in told[0]
    assert gpu.take() == ["deserialize", "refit"]
    plans = [path.read_bytes() for path in (tmp_path / "plans").glob("*.plan")]
    assert sorted(b'"factor": 3.0' in plan for plan in plans) == [False, True]

    wider = fake_bundle(tmp_path / "wider", 3.0, shape=(1, 5))
    request = Request(bundle=wider, to="tensorrt", out=tmp_path / "plans", refit_from=old)
    with pytest.raises(BundleError, match="other tensors"):
        build_plans(request, Silence())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(bundle=Path(), to="tensorrt", targets=["8.9"]), "Leave --for out"),
        (Request(bundle=Path(), to="tensorrt-rtx", refit_from=Path()), "Leave --refit-from out"),
        (Request(bundle=Path(), to="tensorrt-rtx", warp="plugin"), "Use --warp native"),
        (Request(bundle=Path(), to="tensorrt", warp="plugin", refit_from=Path()), "not refitted"),
    ],
)
def test_options_of_the_other_library_are_refused(request_: Request, words: str) -> None:
    with pytest.raises(InputError, match=words):
        build_plans(request_, Silence())


def test_plans_of_the_default_folder_are_those_that_runtimes_look_for(
    gpu: FakeTensorRt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "engine.runtimes.tensorrt.plan_cache.user_cache", lambda: tmp_path / "cache"
    )
    request = Request(bundle=fake_bundle(tmp_path / "bundle", 2.0), to="tensorrt")
    assert build_plans(request, Silence()) == tmp_path / "cache" / "plans" == PlanCache().folder


def test_a_builds_bar_shows_its_task_and_vanishes_with_the_last_step() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    progress = Progress(*columns, console=console, auto_refresh=False)
    bar = BuildBar(progress)
    bar.begin("building encode", 2)
    bar.advance()
    assert [(task.description, task.percentage) for task in progress.tasks] == [
        ("building encode", 50.0)
    ]
    bar.begin("building read", 1)  # as after a build that failed
    assert [task.description for task in progress.tasks] == ["building read"]
    bar.advance()
    assert progress.tasks == []
