"""A manifest says what a bundle holds; a bundle that is not so is refused in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BundleError
from engine.manifest import (
    FILE,
    GraphSpec,
    Manifest,
    TensorSpec,
    check_files,
    read_manifest,
    sha256_of,
    write_manifest,
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "twice.onnx").write_bytes(b"a graph")
    spec = GraphSpec(
        file="twice.onnx",
        sha256=sha256_of(tmp_path / "twice.onnx"),
        inputs={"x": TensorSpec(dtype="float32", shape=("batch", 3))},
        outputs={"y": TensorSpec(dtype="float32", shape=("batch", 3))},
    )
    manifest = Manifest(
        family="toy",
        sizes={"picture": 8, "channels": [4, 2]},
        precision="fp32",
        opset=20,
        licence="MIT",
        trained_on="nothing",
        graphs={"twice": spec},
    )
    write_manifest(tmp_path, manifest)
    return tmp_path


def changed(bundle: Path, **entries: object) -> Path:
    """The bundle with entries of its manifest replaced; None removes one."""
    content = json.loads((bundle / FILE).read_text()) | entries
    content = {name: value for name, value in content.items() if value is not None}
    (bundle / FILE).write_text(json.dumps(content))
    return bundle


def test_a_manifest_comes_back_as_it_was_written(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    check_files(bundle, manifest)
    before = (bundle / FILE).read_text()
    write_manifest(bundle, manifest)
    assert (bundle / FILE).read_text() == before
    assert manifest.graph("twice").inputs["x"].shape == ("batch", 3)


def test_the_hash_of_all_follows_the_hash_of_each(bundle: Path) -> None:
    before = read_manifest(bundle).sha256
    content = json.loads((bundle / FILE).read_text())
    content["graphs"]["twice"]["sha256"] = "0" * 64
    (bundle / FILE).write_text(json.dumps(content))
    assert read_manifest(bundle).sha256 != before


def test_a_graph_that_is_not_there_is_named(bundle: Path) -> None:
    with pytest.raises(BundleError, match="no graph 'thrice'"):
        read_manifest(bundle).graph("thrice")


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        read_manifest(tmp_path)
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        read_manifest(tmp_path / "nowhere")


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "twice.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks twice\.onnx"):
        check_files(bundle, read_manifest(bundle))


def test_a_changed_file_is_named(bundle: Path) -> None:
    (bundle / "twice.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match=r"twice\.onnx.*SHA-256 differs"):
        check_files(bundle, read_manifest(bundle))


def test_weights_in_a_file_beside_the_graph_are_refused(tmp_path: Path) -> None:
    """Their file has no hash: whoever exchanges it would exchange the model."""
    onnx = pytest.importorskip("onnx")
    weights = onnx.numpy_helper.from_array(np.full(4096, 0.5, np.float32), "w")
    x, y = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4096]) for name in "xy"
    )
    node = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    for name, is_external in (("inside", False), ("outside", True)):
        model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [y], [weights]))
        path = tmp_path / f"{name}.onnx"
        onnx.save_model(model, str(path), save_as_external_data=is_external, location="w.bin")
        spec = GraphSpec(file=path.name, sha256=sha256_of(path), inputs={}, outputs={})
        manifest = Manifest(
            family="toy", sizes={}, precision="fp32", opset=20, licence="MIT",
            trained_on="nothing", graphs={name: spec},
        )  # fmt: skip
        if is_external:
            with pytest.raises(BundleError, match="lie in another file"):
                check_files(tmp_path, manifest)
        else:
            check_files(tmp_path, manifest)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"format": 2}, "format is 2, and this version reads 1"),
        ({"format": None}, "format is None"),
        ({"opset": 12}, "opset 12; this version runs 20"),
        ({"opset": "20"}, "opset is '20', not a whole number"),
        ({"precision": "int4"}, "precision is 'int4'"),
        ({"licence": None}, r"missing \['licence'\]"),
        ({"colour": "red"}, r"unknown \['colour'\]"),
        ({"family": 3}, "family is 3"),
        ({"sizes": {"picture": "big"}}, "picture is 'big'"),
        ({"graphs": []}, "graphs is no object"),
        ({"graphs": {"twice": {"file": "twice.onnx"}}}, "missing"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(
    entries: dict[str, object], words: str, bundle: Path
) -> None:
    with pytest.raises(BundleError, match=words):
        read_manifest(changed(bundle, **entries))


@pytest.mark.parametrize("text", ["", "{", "[]", '"bundle"', "\x00\xff"])
def test_a_manifest_that_is_no_json_object_is_refused(text: str, bundle: Path) -> None:
    (bundle / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError):
        read_manifest(bundle)


@pytest.mark.parametrize("name", ["../twice.onnx", "/etc/passwd", "sub/twice.onnx", ""])
def test_a_graph_outside_the_folder_is_refused(name: str, bundle: Path) -> None:
    content = json.loads((bundle / FILE).read_text())
    content["graphs"]["twice"]["file"] = name
    with pytest.raises(BundleError, match="not a plain name"):
        read_manifest(changed(bundle, **content))


@pytest.mark.parametrize("shape", [[0, 3], [1.5], "3", [True]])
def test_a_shape_that_cannot_be_is_refused(shape: object, bundle: Path) -> None:
    content = json.loads((bundle / FILE).read_text())
    content["graphs"]["twice"]["inputs"]["x"]["shape"] = shape
    with pytest.raises(BundleError, match="the shape of 'x'"):
        read_manifest(changed(bundle, **content))
