"""The commands on model files, from a user's side."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import engine.runtimes.auto as auto
from engine.errors import BundleError, MachineError, OutputError
from engine.manifest import GraphSpec, read_manifest
from engine.runtimes.choose import choose
from engine.runtimes.registry import IN_AUTO, Entry
from export.cli import app
from tests.dpe_made import command
from tests.forgetting import forget


def test_import_tells_each_graphs_error_and_info_describes_the_bundle(
    dpe_import: tuple[Path, str],
) -> None:
    out, told = dpe_import
    assert [line.split(":")[0] for line in told.splitlines()] == [
        *("encode", "read", "generate_expression", "generate_pose"),
        str(out),
    ]
    assert told.count("of PyTorch in float64") == 4
    described = command("info", out)
    for words in ("dpe", "fp32", "opset       20", "MIT", "VoxCeleb", "sha256", "generate_pose"):
        assert words in described


def test_info_for_scripts_is_json_with_hashes_and_costs(dpe_bundle: Path) -> None:
    found = json.loads(command("info", dpe_bundle, "--json"))
    assert found["family"] == "dpe"
    assert found["sizes"]["channels"] == [12, 12, 12, 8, 8]
    assert len(found["sha256"]) == 64
    assert found["parameters"] > found["cost"]["encoder"]["parameters"] > 0


def test_info_lists_backends_as_auto_would_try_them_for_this_bundle(
    dpe_bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Plans by TensorRT for RTX are there, made for this machine: so it comes first."""

    class Named:
        def __init__(self, name: str) -> None:
            self.name, self.load = name, choose("openvino", 1).load

        def has_plan(self, path: Path, spec: GraphSpec) -> bool:
            return True

    made = {name: Named(name) for name in IN_AUTO}
    bundle = tmp_path / "bundle"
    shutil.copytree(dpe_bundle, bundle)
    (bundle / "plans").mkdir()
    for path in bundle.glob("*.onnx"):
        (bundle / "plans" / f"{path.stem}.tensorrt_rtx.8.9.0123.plan").touch()
    monkeypatch.setattr(Entry, "load", lambda entry, *_: made[entry.name])
    monkeypatch.setattr(auto, "has_nvidia_driver", lambda: True)
    monkeypatch.setattr(auto, "find_spec", lambda package: package)
    for folder, first in ((bundle, "tensorrt-rtx"), (dpe_bundle, "cuda")):
        runs = list(json.loads(command("info", folder, "--json"))["backends"])
        assert runs[0] == first == choose("auto", graphs=read_manifest(folder).by_file(folder)).name
        assert sorted(runs) == sorted(IN_AUTO)


def test_cost_prints_the_published_figures_without_a_bundle() -> None:
    told = command("cost")
    assert "69,101,798 parameters" in told
    assert "31.20 GFLOP" in told
    assert "30.12 GFLOP" in told
    assert json.loads(command("cost", "--json"))["parameters"] == 69_101_798


@pytest.mark.parametrize("name", ["info", "cost"])
def test_a_folder_that_is_no_bundle_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        command(name, tmp_path)


def test_info_finds_a_damaged_file(dpe_bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(dpe_bundle, broken)
    with (broken / "read.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\1\2\3")
    with pytest.raises(BundleError, match=r"read\.onnx.*SHA-256"):
        command("info", broken)


def test_import_writes_fp16_where_it_is_asked_to(dpe_checkpoint: Path, tmp_path: Path) -> None:
    command("import", dpe_checkpoint, "--out", tmp_path / "half", "--precision", "fp16")
    assert read_manifest(tmp_path / "half").precision == "fp16"


def test_import_refuses_an_existing_folder_and_a_foreign_file(
    dpe_checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="exists"):
        command("import", dpe_checkpoint, "--out", tmp_path)
    (tmp_path / "dpe.pt").write_bytes(dpe_checkpoint.read_bytes()[:5000])
    with pytest.raises(BundleError, match="damaged or incomplete"):
        command("import", tmp_path / "dpe.pt", "--out", tmp_path / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["dpe.pt"]


@pytest.mark.parametrize("missing", ["torch", "onnx", "onnxslim"])
def test_without_the_extra_the_advice_is_to_install_it(
    missing: str, dpe_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("export.bundle", "export.onnx_file", "export.exact", "export.plans"):
        forget(monkeypatch, module)
    forget(monkeypatch, "engine.dpe.nets")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MachineError, match=rf"{missing} is not installed.*-e .\.\[export\]"):
        command("import", dpe_checkpoint, "--out", tmp_path / "bundle")


@pytest.mark.slow
def test_export_writes_down_what_it_is_told(dpe_half_bundle: Path) -> None:
    found = json.loads(command("info", dpe_half_bundle, "--json"))
    stated = found["precision"], found["licence"], found["trained_on"]
    assert stated == ("fp16", "CC0-1.0", "synthetic heads")
    assert "batch       any" in command("info", dpe_half_bundle)


def test_a_precision_that_does_not_exist_is_a_usage_error() -> None:
    arguments = ["export", "--model", "x", "--out", "y", "--precision", "int4"]
    assert CliRunner().invoke(app, arguments).exit_code == 2
