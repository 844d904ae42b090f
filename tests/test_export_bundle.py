"""A bundle is written as a whole or not at all, is checked, and keeps what its manifest says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import export.bundle
from engine.dpe.nets.dpe import DPE
from engine.errors import BundleError, OutputError
from engine.manifest import check_files, read_manifest
from engine.runtimes.base import Array
from engine.runtimes.choose import choose
from export.bundle import AUTHORS, write_bundle
from export.exact import exact_tensors
from export.folder import whole_folder
from export.plans import plans


@pytest.fixture(scope="module")
def model(dpe_checkpoint: Path) -> DPE:
    return DPE.from_official(dpe_checkpoint)


def test_the_manifest_states_what_the_bundle_holds(dpe_bundle: Path) -> None:
    manifest = read_manifest(dpe_bundle)
    check_files(dpe_bundle, manifest)
    assert (manifest.family, manifest.precision, manifest.opset) == ("dpe", "fp32", 20)
    assert manifest.sizes["picture"] == 64
    assert list(manifest.graphs) == ["encode", "read", "generate_expression", "generate_pose"]
    names = {file.name for file in dpe_bundle.iterdir()}
    assert names == {"manifest.json", *(spec.file for spec in manifest.graphs.values())}


def test_every_graph_passes_onnx_and_names_its_opset_and_shapes(dpe_bundle: Path) -> None:
    manifest = read_manifest(dpe_bundle)
    for spec in manifest.graphs.values():
        graph = onnx.load(dpe_bundle / spec.file)
        onnx.checker.check_model(graph, full_check=True)
        assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 20)]
        for tensor in spec.inputs.values():
            assert tensor.shape[0] == 1


def test_no_constant_is_the_first_activation(dpe_bundle: Path) -> None:
    """OpenVINO overwrites such a constant, a little more at every inference."""
    convolutions = 0
    for path in dpe_bundle.glob("*.onnx"):
        graph = onnx.load(path).graph
        constants = {tensor.name for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type in ("Conv", "ConvTranspose"):
                convolutions += 1
                assert node.input[0] not in constants
            if node.op_type in ("Mul", "Add"):
                large = [t for t in graph.initializer if t.name in node.input and len(t.dims) == 4]
                # A bias per channel and the identity grid are no activations; a picture would be.
                assert all(list(t.dims[2:]) == [1, 1] or t.dims[3] == 2 for t in large)
    assert convolutions > 50


def test_the_files_tell_nothing_of_the_machine_that_made_them(dpe_bundle: Path) -> None:
    for path in dpe_bundle.iterdir():
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert str(Path.home()).encode() not in content
        assert b"/export/" not in content


@pytest.mark.slow
def test_fp16_halves_the_file_and_keeps_flow_grid_and_sampling_in_fp32(
    dpe_half_bundle: Path, dpe_bundle: Path
) -> None:
    assert read_manifest(dpe_half_bundle).precision == "fp16"
    graph = onnx.shape_inference.infer_shapes(
        onnx.load(dpe_half_bundle / "generate_pose.onnx")
    ).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
    sampled = [node for node in graph.node if node.op_type in ("GridSample", "Tanh", "Sigmoid")]
    assert len(sampled) == 4 + 3 + 4 + 4
    for node in sampled:
        for name in [*node.input, *node.output]:
            assert kinds.get(name, onnx.TensorProto.FLOAT) == onnx.TensorProto.FLOAT
    halved = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT16]
    assert len(halved) > 9  # the convolutions of all sizes, and the low-passes
    sizes = [(folder / "encode.onnx").stat().st_size for folder in (dpe_half_bundle, dpe_bundle)]
    assert sizes[0] < 0.75 * sizes[1]  # of a small network the names are a large part


@pytest.mark.slow
def test_a_bundle_of_free_batch_gives_each_picture_its_own_result(
    dpe_half_bundle: Path, model: DPE
) -> None:
    manifest, exact = read_manifest(dpe_half_bundle), exact_tensors(model)
    runtime = choose("openvino", 1)
    for plan in plans(model, precision="fp32"):
        spec = manifest.graph(plan.name)
        assert all(tensor.shape[0] == "batch" for tensor in spec.inputs.values())
        graph = runtime.load(dpe_half_bundle / spec.file, spec)
        single: dict[str, Array] = {
            name: exact[example].float().numpy() for name, example in plan.inputs.items()
        }
        pair = {name: np.concatenate([array, -array]) for name, array in single.items()}
        alone = {name: array.copy() for name, array in graph.run(single).items()}
        both = graph.run(pair)
        for name, result in alone.items():
            assert both[name].shape[0] == 2
            np.testing.assert_allclose(both[name][:1], result, atol=float(2e-2 * np.ptp(result)))
            assert np.abs(both[name][1:] - result).max() > 0.01 * np.ptp(result)


def test_a_graph_that_differs_from_pytorch_is_not_written(
    model: DPE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export.bundle, "TOLERANCE", {"fp32": 1e-12})
    with pytest.raises(BundleError, match="encode differs from PyTorch"):
        write_bundle(model, tmp_path / "bundle", origin=AUTHORS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused_before_any_work(model: DPE, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    with pytest.raises(OutputError, match="--force"):
        write_bundle(model, tmp_path / "bundle", origin=AUTHORS)
    assert list((tmp_path / "bundle").iterdir()) == []


def test_force_replaces_a_bundle_but_never_a_users_other_files(tmp_path: Path) -> None:
    bundle, thesis = tmp_path / "bundle", tmp_path / "thesis"
    for folder, name in ((bundle, "old.onnx"), (thesis, "chapter.tex")):
        folder.mkdir()
        (folder / name).write_text("old")
    with whole_folder(bundle, force=True) as work:
        (work / "new.onnx").write_text("new")
    assert [file.name for file in bundle.iterdir()] == ["new.onnx"]
    with pytest.raises(OutputError, match="other files"), whole_folder(thesis, force=True):
        raise AssertionError("must not be entered")
    assert (thesis / "chapter.tex").exists()


def test_what_fails_halfway_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "old.onnx").write_text("old")

    def stopped() -> None:
        with whole_folder(tmp_path / "bundle", force=True) as work:
            (work / "new.onnx").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (tmp_path / "bundle" / "old.onnx").read_text() == "old"


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot write"),
        whole_folder(tmp_path / "file" / "bundle", force=False),
    ):
        raise AssertionError("must not be entered")


def test_the_exact_tensors_are_float64_and_of_batch_one(model: DPE) -> None:
    found = exact_tensors(model)
    assert {value.dtype for value in found.values()} == {torch.float64}
    assert {len(value) for value in found.values()} == {1}
