"""All runtimes run a bundle's graphs alike, every time alike, and say what they cannot run."""

import sys
import threading
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.dpe.nets.dpe import DPE
from engine.errors import BundleError, MachineError
from engine.manifest import GraphSpec, read_manifest
from engine.rig.refine.network import SHIPPED
from engine.runtimes.auto import has_nvidia_driver
from engine.runtimes.base import Array, Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import IN_AUTO, ON_CPU, RUNTIMES
from export.exact import exact_tensors
from export.plans import Plan, plans
from tests.forgetting import forget
from tests.toy_graph import GRAPHS, toy

TOLERANCE = 1e-3
"""Of an output's range: what untrained weights make of float32 rounding (measured: 2e-5)."""

ALL = [*ON_CPU, *(pytest.param(name, marks=pytest.mark.gpu) for name in IN_AUTO[:-1])]
"""Those of a CPU, and on a GPU machine those that are installed there."""


def chosen(name: str) -> Runtime:
    """The runtime; a test of one for GPUs is skipped where that is not installed."""
    if name not in ON_CPU:
        if not has_nvidia_driver():
            pytest.skip("this machine has no NVIDIA driver")
        lacking = [package for package in RUNTIMES[name].needs if find_spec(package) is None]
        if lacking:
            pytest.skip(f"{lacking[0]} is not installed")
    return choose(name, 1)


class Case:
    """One graph's plan, and the exact tensors of the session's small DPE."""

    def __init__(self, checkpoint: Path, bundle: Path) -> None:
        model = DPE.from_official(checkpoint)
        self.folder, self.manifest = bundle, read_manifest(bundle)
        self.exact = exact_tensors(model)
        self.plans: dict[str, Plan] = {p.name: p for p in plans(model, precision="fp32")}

    def inputs(self, name: str) -> dict[str, Array]:
        wanted = self.plans[name].inputs.items()
        return {tensor: self.exact[example].float().numpy() for tensor, example in wanted}


@pytest.fixture(scope="module")
def case(dpe_checkpoint: Path, dpe_bundle: Path) -> Case:
    return Case(dpe_checkpoint, dpe_bundle)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("runtime", ALL)
def test_each_runtime_gives_what_the_networks_give_in_float64(
    runtime: str, graph: str, case: Case
) -> None:
    spec = case.manifest.graph(graph)
    results = chosen(runtime).load(case.folder / spec.file, spec).run(case.inputs(graph))
    assert list(results) == list(case.plans[graph].outputs)
    for name, exact in case.plans[graph].outputs.items():
        wanted = case.exact[exact].numpy()
        assert results[name].dtype == np.float32
        assert np.abs(results[name] - wanted).max() <= TOLERANCE * np.ptp(wanted)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("runtime", ALL)
def test_five_runs_in_a_row_are_equal(runtime: str, graph: str, case: Case) -> None:
    spec = case.manifest.graph(graph)
    loaded, inputs = chosen(runtime).load(case.folder / spec.file, spec), case.inputs(graph)
    runs = [{name: array.copy() for name, array in loaded.run(inputs).items()} for _ in range(5)]
    for name, first in runs[0].items():
        for later in runs[1:]:
            np.testing.assert_array_equal(later[name], first)


@pytest.mark.parametrize("runtime", ALL)
def test_the_inputs_are_not_written_to(runtime: str, case: Case) -> None:
    spec = case.manifest.graph("generate_pose")
    inputs = case.inputs("generate_pose")
    before = {name: array.copy() for name, array in inputs.items()}
    chosen(runtime).load(case.folder / spec.file, spec).run(inputs)
    for name, array in inputs.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("runtime", ALL)
def test_what_is_borrowed_holds_while_another_thread_runs_the_same_graph(
    runtime: str, case: Case
) -> None:
    """The other one has buffers of its own, or waits for its turn."""
    spec, inputs = case.manifest.graph("encode"), case.inputs("encode")
    loaded = chosen(runtime).load(case.folder / spec.file, spec)
    others = {name: array[..., ::-1].copy() for name, array in inputs.items()}
    alone = loaded.run(others)
    found: list[dict[str, Array]] = []
    with loaded.borrow(inputs) as borrowed:
        before = {name: array.copy() for name, array in borrowed.items()}
        other = threading.Thread(target=lambda: found.append(loaded.run(others)))
        other.start()
        other.join(0.3)
        for name, array in borrowed.items():
            np.testing.assert_array_equal(array, before[name])
    other.join()
    for name, array in alone.items():
        assert not np.array_equal(before[name], array)
        np.testing.assert_array_equal(found[0][name], array)


@pytest.mark.parametrize("runtime", ALL)
def test_inputs_are_matched_by_name_and_shape(runtime: str, case: Case) -> None:
    spec = case.manifest.graph("generate_pose")
    loaded, inputs = (
        chosen(runtime).load(case.folder / spec.file, spec),
        case.inputs("generate_pose"),
    )
    wanted = loaded.run(inputs)["picture"].copy()
    shuffled = dict(reversed(inputs.items()))
    np.testing.assert_array_equal(loaded.run(shuffled)["picture"], wanted)
    with pytest.raises(ValueError, match="inputs must be"):
        loaded.run({name: array for name, array in inputs.items() if name != "code"})
    with pytest.raises(ValueError, match=r"code must be float32 \(1, 16\), got float32 \(1, 15\)"):
        loaded.run(inputs | {"code": inputs["code"][:, :-1]})
    with pytest.raises(ValueError, match="got float64"):
        loaded.run(inputs | {"code": inputs["code"].astype(np.float64)})


@pytest.mark.parametrize("graph", ["enroll", "refine"])
@pytest.mark.parametrize("runtime", ALL)
def test_each_runtime_runs_the_rigs_refiner_alike(runtime: str, graph: str) -> None:
    """`auto` may take any of them for it."""
    with as_file(files("engine").joinpath(SHIPPED)) as folder:
        spec = read_manifest(folder).graph(graph)
        path = folder / spec.file
        random = np.random.default_rng(1)
        inputs = {
            name: random.random([int(n) for n in tensor.shape], np.float32)
            for name, tensor in spec.inputs.items()
        }
        inputs["pixels"] *= 255
        found = chosen(runtime).load(path, spec).run(inputs)
        for name, wanted in choose("openvino", 1).load(path, spec).run(inputs).items():
            assert np.abs(found[name] - wanted).max() <= TOLERANCE * np.ptp(wanted)


@pytest.mark.parametrize("runtime", ALL)
def test_a_free_batch_takes_any_size(runtime: str, tmp_path: Path) -> None:
    spec = toy(tmp_path / "toy.onnx", "Tanh")
    loaded = chosen(runtime).load(tmp_path / "toy.onnx", spec)
    for batch in (1, 3, 1, 2):
        x = np.linspace(-1, 1, 4 * batch, dtype=np.float32).reshape(batch, 4)
        np.testing.assert_allclose(loaded.run({"x": x})["y"], np.tanh(x), rtol=1e-5)


@pytest.mark.parametrize("runtime", ALL)
def test_tensors_other_than_the_manifests_are_refused(runtime: str, tmp_path: Path) -> None:
    spec = toy(tmp_path / "toy.onnx", "Tanh")
    renamed = GraphSpec(
        file=spec.file, sha256="", inputs=spec.inputs, outputs={"z": spec.outputs["y"]}
    )
    with pytest.raises(BundleError, match="not what the manifest names"):
        chosen(runtime).load(tmp_path / "toy.onnx", renamed)


@pytest.mark.parametrize("content", [b"", b"no protobuf at all", bytes(range(256)) * 8])
@pytest.mark.parametrize("runtime", ALL)
def test_a_file_that_is_no_graph_is_refused(runtime: str, content: bytes, tmp_path: Path) -> None:
    spec = toy(tmp_path / "toy.onnx", "Tanh")
    (tmp_path / "toy.onnx").write_bytes(content)
    with pytest.raises(BundleError, match=r"toy\.onnx"):
        chosen(runtime).load(tmp_path / "toy.onnx", spec)


def test_the_reference_names_an_operation_it_does_not_know(tmp_path: Path) -> None:
    spec = toy(tmp_path / "toy.onnx", "Softsign")
    with pytest.raises(BundleError, match="uses Softsign"):
        choose("torch", 1).load(tmp_path / "toy.onnx", spec)


@pytest.mark.parametrize(
    ("runtime", "package", "advice"),
    [
        ("openvino", "openvino", r"pip install --force-reinstall .*-e \."),
        ("onnxruntime", "onnxruntime", r"-e '\.\[onnx\]'"),
        ("torch", "onnx", r"-e '\.\[export\]'"),
        ("tensorrt", "tensorrt", r"-e '\.\[tensorrt\]'"),
        ("tensorrt-rtx", "tensorrt_rtx", r"-e '\.\[tensorrt-rtx\]'"),
        ("cuda", "torch", r"-e '\.\[cuda\]'"),
        ("onnxruntime-gpu", "onnxruntime", "pip install onnxruntime-gpu"),
    ],
)
def test_a_package_that_is_missing_is_named_with_what_to_do(
    runtime: str, package: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch, "engine.runtimes.")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MachineError, match=f"{package} is not installed.*{advice}"):
        choose(runtime)


def test_a_runtime_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, cuda, tensorrt, tensorrt-rtx"):
        choose("tensorflow")


def test_the_references_operations_follow_onnx_where_it_differs_from_torch() -> None:
    from engine.runtimes.torch import conv, conv_transpose, cut, reshape, split, unsqueeze

    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    weight = torch.ones(1, 2, 1, 1)
    assert conv({"pads": [1, 0, 0, 2]}, x, weight).shape == (1, 1, 4, 6)
    assert reshape({}, x, torch.tensor([0, -1])).shape == (1, 24)
    ends = torch.tensor([-1, 2**62])
    assert cut({}, x, torch.tensor([-3, 1]), ends, torch.tensor([3, 2])).shape == (1, 2, 2, 2)
    assert unsqueeze({}, x, torch.tensor([-1, 0])).shape == (1, 1, 2, 3, 4, 1)
    assert [part.shape[3] for part in split({"axis": 3, "num_outputs": 3}, x)] == [2, 2]
    with pytest.raises(BundleError, match="uneven"):
        conv_transpose({"pads": [1, 0, 0, 0]}, x, torch.ones(2, 1, 3, 3))
