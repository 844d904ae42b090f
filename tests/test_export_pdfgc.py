"""PD-FGC's bundle: four graphs that compute what PyTorch does, on both runtimes of a CPU."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run

import numpy as np
import onnx
import pytest

import export.bundle as bundle
import export.pdfgc as module
from engine.errors import BundleError
from engine.manifest import GraphSpec, check_files, read_manifest
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.runtimes.choose import choose
from engine.runtimes.registry import ON_CPU
from export.bundle import largest_error
from export.cost_pdfgc import costs
from export.onnx_file import write_graph
from export.pdfgc import TOLERANCE, plans, write_pdfgc
from export.plans import Plan
from tests.dpe_made import command
from tests.pdfgc_made import tiny_exact, tiny_pdfgc

GRAPHS = ["encode", "read", "hear", "generate"]


def test_the_import_tells_each_graphs_error(pdfgc_import: tuple[Path, str]) -> None:
    _, said = pdfgc_import
    for graph in GRAPHS:
        assert f"{graph}: within " in said
    assert "written and checked" in said


def test_the_manifest_states_what_the_bundle_holds(pdfgc_bundle: Path) -> None:
    manifest = read_manifest(pdfgc_bundle)
    check_files(pdfgc_bundle, manifest)
    assert (manifest.family, manifest.precision, manifest.opset) == ("pdfgc", "fp32", 20)
    assert list(manifest.graphs) == GRAPHS
    assert manifest.sizes["picture"] == 224
    assert manifest.sizes["motion"] == 542
    for spec in manifest.graphs.values():
        graph = onnx.load(pdfgc_bundle / spec.file)
        onnx.checker.check_model(graph, full_check=True)
        assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 20)]
        assert not any("Random" in node.op_type for node in graph.graph.node)


@pytest.mark.parametrize("runtime", ON_CPU)
def test_each_graph_computes_what_pytorch_does(runtime: str, pdfgc_bundle: Path) -> None:
    manifest, chosen = read_manifest(pdfgc_bundle), choose(runtime, 1)
    model = tiny_pdfgc()
    exact = tiny_exact()
    for plan in plans(model, "fp32"):
        spec = manifest.graph(plan.name)
        assert set(spec.outputs) == set(plan.outputs)
        assert largest_error(plan, spec, pdfgc_bundle, exact, chosen) < TOLERANCE["fp32"] / 10


def test_a_graph_that_computes_otherwise_is_not_written(
    pdfgc_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph is the one that was written before: to export it again shows nothing new."""
    model, spec = tiny_pdfgc(), read_manifest(pdfgc_bundle).graph("hear")
    kept = tiny_exact()
    wrong = {**kept, "heard": kept["heard"] + 0.01 * kept["heard"].std()}

    def written(plan: Plan, exact: object, folder: Path, *, dynamic_batch: bool) -> GraphSpec:
        shutil.copy(pdfgc_bundle / spec.file, folder)
        return spec

    monkeypatch.setattr(bundle, "write_graph", written)
    hear = [plan for plan in plans(model, "fp32") if plan.name == "hear"]
    monkeypatch.setattr(module, "plans", lambda model, precision: hear)
    monkeypatch.setattr(module, "exact_tensors", lambda model: kept)
    write_pdfgc(model, tmp_path / "right")
    monkeypatch.setattr(module, "exact_tensors", lambda model: wrong)
    with pytest.raises(BundleError, match="the graph hear differs from PyTorch"):
        write_pdfgc(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_in_fp16_the_generators_convolutions_are_and_the_picture_stays(tmp_path: Path) -> None:
    model = tiny_pdfgc()
    exact = tiny_exact()
    [plan] = [plan for plan in plans(model, "fp16") if plan.name == "generate"]
    spec = write_graph(plan, exact, tmp_path, dynamic_batch=False)
    kinds = {t.data_type for t in onnx.load(tmp_path / spec.file).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    error = largest_error(plan, spec, tmp_path, exact, choose("onnxruntime", 1))
    assert 1e-5 < error < TOLERANCE["fp16"]


def test_without_lips_the_graph_that_reads_gives_none() -> None:
    model = PDFGC(replace(tiny_pdfgc().widths), lips_from_pictures=False).double().eval()
    [plan] = [plan for plan in plans(model, "fp32") if plan.name == "read"]
    assert list(plan.outputs) == ["emotion", "eyes", "pose"]


def test_info_and_cost_know_it(pdfgc_bundle: Path) -> None:
    said = command("info", pdfgc_bundle)
    assert "family      pdfgc" in said
    assert "GFLOP per picture" in said
    known = json.loads(command("info", pdfgc_bundle, "--json"))
    counted = sum(
        np.prod(tensor.dims)
        for file in pdfgc_bundle.glob("*.onnx")
        for tensor in onnx.load(file).graph.initializer
    )
    assert 0.5 < counted / known["parameters"] < 2  # noise maps and low-passes are no parameters
    assert "82.0 GFLOP" in command("cost", "--family", "pdfgc")
    assert "61.3 GFLOP" in command("cost")


def test_parameters_are_counted_as_pytorch_counts_them() -> None:
    found = costs(tiny_pdfgc().widths)
    counted = [sum(p.numel() for p in m.parameters()) for m in tiny_pdfgc().by_file()]
    assert [cost.parameters for cost in found.networks.values()] == counted


def test_the_published_widths_cost_what_was_counted_on_the_authors_modules() -> None:
    found = costs()
    gigaflop = [round(cost.flop / 1e9, 2) for cost in found.networks.values()]
    assert gigaflop == [8.56, 12.66, 0.95, 69.39]
    assert round(found.frame_flop / 1e9) == 82


def test_plans_of_tensorrt_for_rtx_are_built_of_all_graphs(
    pdfgc_bundle: Path, tmp_path: Path
) -> None:
    """Without a GPU they can be built, and not run."""
    pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed")
    out = tmp_path / "plans"
    asked = ("export", "--to", "tensorrt-rtx", "--model", pdfgc_bundle, "--for", "8.9")
    told = command(*asked, "--out", out).splitlines()
    assert [line.split(":")[0] for line in told] == [*(f"{g} for 8.9" for g in GRAPHS), str(out)]


def test_a_bundle_runs_where_there_is_no_torch(pdfgc_bundle: Path) -> None:
    """The base install has none: the family must not import it."""
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from engine.pdfgc.model import load_bundle\n"
        "from engine.pdfgc.graphs import to_network\n"
        "model = load_bundle(Path(sys.argv[1]), 'openvino', 1)\n"
        "blank = to_network(np.zeros((224, 224, 3), np.uint8))\n"
        "codes = model.graphs.read(blank)\n"
        "print(model.graphs.draw(model.graphs.encode(blank), codes).shape)\n"
    )
    done = run(
        [sys.executable, "-c", script, str(pdfgc_bundle)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.strip() == "(1, 3, 224, 224)"
