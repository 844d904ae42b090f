"""Graphs with plugin nodes compute what they did without; the real package takes the plugin."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

import engine.runtimes.torch as reference
from benchmarks.seeded_weights import write_checkpoint
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import Layout
from engine.errors import InputError
from engine.kernels.plugin import NAME
from engine.kernels.twins import Twins
from engine.manifest import GraphSpec
from export.exact import exact_tensors
from export.onnx_file import write_graph
from export.plans import plans
from export.warp_plugin import find_levels, write_with_plugin
from tests.tensorrt_stubs import run_with_bindings

LAYOUT = Layout(widths=(16, 16, 16, 8, 8), style=16, directions=5)
"""Three levels of features, of which two have a flow below them."""


class Written:
    """The generator of a small fp16 DPE, without and with plugin nodes."""

    def __init__(self, folder: Path) -> None:
        model = DPE.from_official(write_checkpoint(folder / "dpe.pt", LAYOUT))
        exact = exact_tensors(model)
        [plan] = [p for p in plans(model, precision="fp16") if p.name == "generate_pose"]
        self.spec: GraphSpec = write_graph(plan, exact, folder, dynamic_batch=False)
        self.plain = folder / self.spec.file
        self.fused = folder / "fused.onnx"
        self.count = write_with_plugin(self.plain, self.fused)
        self.inputs = {name: exact[e].float().numpy() for name, e in plan.inputs.items()}
        self.exact = exact[plan.outputs["picture"]].numpy()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("warp"))


def plugin(_: reference.Settings, *inputs: Tensor) -> tuple[Tensor, ...]:
    """As the kernel: its twin, on halves."""
    feature, x, delta, below = inputs
    assert (feature.dtype, x.dtype) == (torch.float16, torch.float16)
    assert (delta.dtype, below.dtype) == (torch.float32, torch.float32)
    flow, warped, blended = Twins().flow_warp_blend(feature, x, delta, below, keeps_warped=True)
    assert warped is not None
    return flow, warped.half(), blended.half()


@pytest.mark.slow
def test_the_fused_graph_draws_the_same_picture(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reference.OPERATIONS, NAME, plugin)
    runtime = reference.Torch(1)
    plain = runtime.load(written.plain, written.spec).run(written.inputs)["picture"]
    fused = runtime.load(written.fused, written.spec).run(written.inputs)["picture"]
    size = np.ptp(written.exact)
    # The maps are rounded to fp16 at two more places; untrained weights amplify that.
    assert np.abs(fused - plain).mean() <= 2e-3 * size
    assert np.abs(fused - written.exact).mean() <= 3e-3 * size
    assert np.abs(fused - plain).max() > 0


@pytest.mark.slow
def test_every_level_above_the_lowest_is_fused_and_nothing_is_left_over(written: Written) -> None:
    graph = onnx.load(written.fused).graph
    kinds = [node.op_type for node in graph.node]
    before = [node.op_type for node in onnx.load(written.plain).graph.node]
    assert written.count == kinds.count(NAME) == 2
    assert kinds.count("GridSample") == before.count("GridSample") - 2
    assert kinds.count("ConvTranspose") == before.count("ConvTranspose") - 2
    known = {tensor.name for tensor in [*graph.input, *graph.initializer]}
    for node in graph.node:
        assert set(node.input) - {""} <= known, node.op_type  # in an order that can be run
        known |= set(node.output)


def test_levels_whose_channels_the_kernel_cannot_read_are_left(dpe_bundle: Path) -> None:
    """Widths 12, 12, 12, 8, 8: only the features at 32 pixels have a multiple of 8."""
    graph = onnx.load(dpe_bundle / "generate_pose.onnx").graph
    assert [level.sampled.input[0] for level in find_levels(graph)] == ["feature_32"]


def test_an_fp32_graph_is_refused(dpe_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is fp32.*--precision fp16"):
        write_with_plugin(dpe_bundle / "generate_pose.onnx", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_a_graph_without_warps_is_left_alone(dpe_bundle: Path, tmp_path: Path) -> None:
    assert write_with_plugin(dpe_bundle / "read.onnx", tmp_path / "out.onnx") == 0
    assert not (tmp_path / "out.onnx").exists()


PROGRAM = """
import tensorrt_bindings.plugin as plugins
from tensorrt_bindings.plugin import _lib
from engine.kernels import plugin

# The registry is one of the missing libraries' functions; all else of a registration is real.
_lib._register_plugin_creator = lambda name, namespace, attributes: None
plugin.register(plugins, (8, 9))
plugin.register(plugins, (8, 9))
found = _lib.QDP_REGISTRY[plugin.IDENTITY]
print(found.input_tensor_names, found.num_outputs)

combination = found.autotune_func(*[None] * 5)[0]
[formats] = combination._get_combinations()
print([kind.name for kind in formats.types], [layout.name for layout in formats.layouts])

desc = plugins.TensorDesc()
desc.shape_expr = plugins.ShapeExprs(4, _is_dummy=True)
name, code, launch, sizes = found.aot_impl_func(desc, desc, desc, desc, (desc,) * 3, 0)
target = [line for line in code.splitlines() if line.startswith(b".target")]
print(name, target, b".entry flow_warp_blend(" in code, type(launch).__name__, len(sizes))
print(all(isinstance(size, plugins.SymInt32) for size in sizes))
"""


def test_the_real_package_accepts_the_plugin_and_gets_ptx(tmp_path: Path) -> None:
    pytest.importorskip("cuda.bindings.nvrtc", reason="cuda-python is not installed")
    told = run_with_bindings(tmp_path, PROGRAM).splitlines()[-4:]
    assert told[0] == "['feature', 'x', 'delta', 'below'] 3"
    types = "['HALF', 'HALF', 'FLOAT', 'FLOAT', 'FLOAT', 'HALF', 'HALF']"
    layouts = "['HWC8', 'HWC8', 'LINEAR', 'LINEAR', 'LINEAR', 'HWC8', 'HWC8']"
    assert told[1] == f"{types} {layouts}"
    # All that TensorRT 11.4 supports, by its own documentation.
    assert told[2] == "flow_warp_blend [b'.target sm_89'] True KernelLaunchParams 4"
    assert told[3] == "True"
