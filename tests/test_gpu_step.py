"""The live step on the GPU: equal to the reference mode, recorded once, whatever overlaps."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.seeded_weights import seeded_state
from engine.dpe.gpu.loaded import DpeNetworks
from engine.dpe.gpu.networks import Encode, Generate, Part, Read
from engine.dpe.gpu.step import DpeStep, StepConfig
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import RELEASED
from engine.dpe.nets.official import to_ours
from engine.frame import Pixels
from engine.kernels.pictures import Format
from engine.kernels.twins import Twins
from engine.motion import Mode
from engine.runtimes.cuda_device import CudaDevice, ReferenceDevice
from tests.dpe_wide import padded, weights_of, wide_weights
from tests.gpu_here import NEEDS_GPU
from tests.step_made import FRAME, OUT, job, setting

pytestmark = NEEDS_GPU
SIZES = {"frame_height": FRAME[0], "frame_width": FRAME[1], "height": OUT[0], "width": OUT[1]}


def make(on: str, **changed: object) -> DpeStep:
    config = StepConfig(**(SIZES | changed))  # type: ignore[arg-type] # keywords of many types
    device = CudaDevice() if on == "gpu" else ReferenceDevice()
    step = DpeStep(DpeNetworks(wide_weights(), device), config)
    for place in range(config.portraits):
        step.enroll(place, setting(place))
    return step


def error(found: Pixels, wanted: Pixels) -> float:
    """Mean difference in levels."""
    return float(np.abs(found.astype(int) - wanted).mean())


@cache
def gpu_server() -> DpeStep:
    return make("gpu", portraits=3, largest_batch=8)


@pytest.mark.parametrize("mode", ["expression", "pose", "both"])
def test_the_step_is_the_reference_mode_five_times(mode: Mode) -> None:
    wanted = make("reference", mode=mode).submit([job(0)]).pictures()[0]
    step = make("gpu", mode=mode)
    runs = [step.submit([job(0)]).pictures()[0].copy() for _ in range(5)]
    # Untrained weights: half precision moves flows by as much as a pixel at edges of noise.
    assert error(runs[0], wanted) < 0.5
    for later in runs[1:]:
        np.testing.assert_array_equal(later, runs[0])


@pytest.mark.parametrize("picture_format", [Format.I420, Format.NV12])
def test_every_format_is_the_reference_modes(picture_format: Format) -> None:
    results = [
        make(on, picture_format=picture_format).submit([job(1)]).pictures().copy()
        for on in ("gpu", "reference")
    ]
    assert error(results[0], results[1]) < 0.5


@pytest.mark.parametrize("batch", range(1, 9))
def test_a_batch_is_each_frame_alone(batch: int) -> None:
    step = gpu_server()
    jobs = [job(index, portrait=index % 3) for index in range(batch)]
    together = step.submit(jobs).pictures().copy()
    for index, one in enumerate(jobs):
        # Other batch sizes take other algorithms of cuDNN, which round otherwise.
        assert error(together[index], step.submit([one]).pictures()[0]) < 0.5


def test_a_portrait_is_swapped_without_a_new_recording() -> None:
    step = make("gpu")
    graphs = [dict(slot.graphs) for slot in step._slots]  # recorded once, and never again
    before = step.submit([job(0)]).pictures().copy()
    step.enroll(0, setting(1))
    after = step.submit([job(0)]).pictures().copy()
    step.enroll(0, setting(0))
    again = step.submit([job(0)]).pictures().copy()
    assert error(before, after) > 5
    np.testing.assert_array_equal(before, again)
    assert [dict(slot.graphs) for slot in step._slots] == graphs


def test_two_on_their_way_are_as_one_after_the_other() -> None:
    step = gpu_server()
    jobs = [job(index, portrait=index % 3) for index in range(12)]
    wanted = [step.submit([one]).pictures()[0].copy() for one in jobs]
    for _ in range(5):
        found, ticket = [], step.submit([jobs[0]])
        for one in jobs[1:]:
            following = step.submit([one])
            found.append(ticket.pictures()[0].copy())
            ticket = following
        found.append(ticket.pictures()[0].copy())
        for one_picture, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one_picture, other)


def test_full_width_networks_are_the_twins_in_float32() -> None:
    model = DPE(RELEASED)
    state = {to_ours(name): value for name, value in seeded_state(RELEASED).items()}
    model.load_state_dict(state)
    weights = weights_of(model.eval().requires_grad_(requires_grad=False))
    device, levels = CudaDevice(), len(RELEASED.widths) - 1
    torch.manual_seed(0)
    coarse = torch.randn(1, 3, 16, 16)
    picture = torch.nn.functional.interpolate(coarse, (256, 256), mode="bicubic").clamp(-2, 2) / 2
    drawn = []
    for ops, dtype in ((device.ops, torch.float16), (Twins(), torch.float32)):

        def part(graph: str, dtype: torch.dtype = dtype) -> Part:
            return Part(weights, graph, device.torch_device, dtype)

        given = padded(picture.to("cuda", dtype))
        with torch.no_grad(), device.exact():
            code, features, colours, _ = Encode(part("encode"), ops, levels)(given)
            motion, _ = Read(part("read"), ops, levels)(given)
            generate = Generate(part("generate_expression"), ops, levels)
            drawn.append((code, motion, generate(code + motion, features, colours)))
    for found, wanted in zip(*drawn, strict=True):
        # On a host with the same kernels: 6e-4, 3e-4 and 2e-3.
        assert (found - wanted).norm() < 1e-2 * wanted.norm()


def test_any_bundle_runs(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from engine.manifest import GraphSpec, TensorSpec
    from engine.runtimes.cuda import Cuda

    x, y = (
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["batch", 3, 8, 8])
        for n in "xy"
    )
    kernel = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["z"], pads=[1, 1, 1, 1]),
        onnx.helper.make_node("LeakyRelu", ["z"], ["y"], alpha=0.2),
    ]
    constant = onnx.numpy_helper.from_array(kernel, "w")
    graph = onnx.helper.make_graph(nodes, "made", [x], [y], [constant])
    opsets = [onnx.helper.make_opsetid("", 20)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), tmp_path / "made.onnx")
    tensor = TensorSpec(dtype="float32", shape=("batch", 3, 8, 8))
    spec = GraphSpec(file="made.onnx", sha256="", inputs={"x": tensor}, outputs={"y": tensor})
    loaded = Cuda().load(tmp_path / "made.onnx", spec)
    for batch in (1, 3, 1):
        given = np.random.default_rng(batch).standard_normal((batch, 3, 8, 8)).astype(np.float32)
        padded_in = torch.nn.functional.conv2d(
            torch.from_numpy(given), torch.from_numpy(kernel), padding=1
        )
        wanted = torch.nn.functional.leaky_relu(padded_in, 0.2).numpy()
        for _ in range(5):
            np.testing.assert_allclose(loaded.run({"x": given})["y"], wanted, rtol=0, atol=1e-4)
