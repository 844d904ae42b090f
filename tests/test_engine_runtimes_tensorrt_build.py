"""Graphs are built for real, by TensorRT for RTX and without a GPU; running them needs one."""

from pathlib import Path
from types import ModuleType

import pytest

from engine.errors import BundleError, MachineError
from engine.manifest import GraphSpec, read_manifest
from engine.progress import Silence
from engine.runtimes.tensorrt.build import (
    LARGEST_BATCH,
    BuildOptions,
    build_plan,
    capabilities,
)
from engine.runtimes.tensorrt.messages import Errors, Percent, make_logger
from tests.toy_graph import GRAPHS, toy

RTX = ("8.6", "8.9", "12.0")
"""GeForce 30, 40 and 50."""


@pytest.fixture(scope="session")
def rtx() -> ModuleType:
    """TensorRT for RTX itself."""
    module: ModuleType = pytest.importorskip(
        "tensorrt_rtx", reason="tensorrt_rtx is not installed (extra `tensorrt-rtx`)"
    )
    return module


class Counted:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int | None]] = []
        self.steps = 0

    def begin(self, task: str, total: int | None) -> None:
        self.tasks.append((task, total))

    def advance(self) -> None:
        self.steps += 1


def built(
    trt: ModuleType, folder: Path, name: str, target: str, progress: Counted | None = None
) -> bytes:
    spec = read_manifest(folder).graph(name)
    options = BuildOptions(target=target)
    return build_plan(trt, folder / spec.file, spec, options, progress or Silence())


@pytest.mark.parametrize("target", RTX)
@pytest.mark.parametrize("name", GRAPHS)
def test_every_graph_builds_for_every_rtx_generation(
    name: str, target: str, dpe_bundle: Path, rtx: ModuleType
) -> None:
    progress = Counted()
    plan = built(rtx, dpe_bundle, name, target, progress)
    weights = (dpe_bundle / f"{name}.onnx").stat().st_size
    assert len(plan) > weights / 4  # constants are folded and some are packed, but they are in it
    assert progress.tasks == [(f"building {name} for compute capability {target}", 100)]
    assert progress.steps == 100


@pytest.mark.slow
@pytest.mark.parametrize("target", RTX)
@pytest.mark.parametrize("name", GRAPHS)
def test_every_fp16_graph_of_free_batch_builds_for_every_rtx_generation(
    name: str, target: str, dpe_half_bundle: Path, rtx: ModuleType
) -> None:
    assert built(rtx, dpe_half_bundle, name, target)


def test_a_network_keeps_the_types_of_its_graph(dpe_half_bundle: Path, rtx: ModuleType) -> None:
    """What the parser makes of an fp16 graph: sampling, tanh and sigmoid stay in fp32."""
    log = make_logger(rtx, Errors())
    builder = rtx.Builder(log)
    network = builder.create_network(1 << int(rtx.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = rtx.OnnxParser(network, log)
    assert parser.parse_from_file(str(dpe_half_bundle / "generate_pose.onnx"))
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    kinds = rtx.LayerType
    exact = [layer for layer in layers if layer.type in (kinds.GRID_SAMPLE, kinds.ACTIVATION)]
    assert len([layer for layer in layers if layer.type == kinds.GRID_SAMPLE]) == 4 + 3
    for layer in exact:
        assert layer.get_output(0).dtype == rtx.DataType.FLOAT
    halved = [
        layer
        for layer in layers
        if layer.type in (kinds.CONVOLUTION, kinds.DECONVOLUTION)
        and layer.get_output(0).dtype == rtx.DataType.HALF
    ]
    assert len(halved) > 9


def test_a_gpu_that_it_does_not_build_for_is_refused_by_name(
    dpe_bundle: Path, rtx: ModuleType
) -> None:
    assert {*RTX} < capabilities(rtx).keys()
    with pytest.raises(MachineError, match=r"8\.6, 8\.9.*not for 9\.0.*--backend"):
        built(rtx, dpe_bundle, "read", "9.0")


def test_what_the_compiler_refuses_is_told_in_one_line(dpe_bundle: Path, rtx: ModuleType) -> None:
    """Turing has no fp32 matrix product in TensorRT for RTX, and codes are fp32."""
    with pytest.raises(MachineError, match=r"cannot build read\.onnx.*7\.5.*FP32 GEMM") as caught:
        built(rtx, dpe_bundle, "read", "7.5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no protobuf at all", bytes(range(256)) * 8])
def test_a_file_that_is_no_graph_is_refused(
    content: bytes, tmp_path: Path, rtx: ModuleType
) -> None:
    path = tmp_path / "toy.onnx"
    spec = toy(path, "Tanh")
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"toy\.onnx"):
        build_plan(rtx, path, spec, BuildOptions(target="8.9"), Silence())


def test_a_foreign_operation_is_named(tmp_path: Path, rtx: ModuleType) -> None:
    spec = toy(tmp_path / "toy.onnx", "Foreign")
    with pytest.raises(MachineError, match="uses Foreign"):
        build_plan(rtx, tmp_path / "toy.onnx", spec, BuildOptions(target="8.9"), Silence())


def test_tensors_other_than_the_manifests_are_refused(tmp_path: Path, rtx: ModuleType) -> None:
    spec = toy(tmp_path / "toy.onnx", "Tanh")
    renamed = GraphSpec(
        file=spec.file, sha256="", inputs={"z": spec.inputs["x"]}, outputs=spec.outputs
    )
    with pytest.raises(BundleError, match="not what the manifest names"):
        build_plan(rtx, tmp_path / "toy.onnx", renamed, BuildOptions(target="8.9"), Silence())


def test_ctrl_c_ends_a_build(dpe_bundle: Path, rtx: ModuleType) -> None:
    class Interrupted(Counted):
        def advance(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(rtx, dpe_bundle, "encode", "8.9", Interrupted())


def test_nested_phases_make_percents_that_only_rise() -> None:
    counted = Counted()
    percent = Percent(counted)
    percent.start("all", None, 4)
    percent.start("part", "all", 10)
    percent.step("part", 4)
    assert counted.steps == 12  # half of a quarter
    percent.finish("part")
    percent.step("all", 0)
    assert counted.steps == 25
    percent.start("part", "all", 2)  # a name may come again
    percent.step("part", 0)
    percent.step("unknown", 0)
    assert counted.steps == 37
    percent.finish("part")
    percent.finish("all")
    assert counted.steps == 100


def test_the_options_of_a_free_graph_name_its_batches(tmp_path: Path) -> None:
    spec = toy(tmp_path / "toy.onnx", "Tanh")
    assert BuildOptions(refit=True).described(spec) == f"batch 1 to {LARGEST_BATCH}, refit"
