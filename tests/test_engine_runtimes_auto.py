"""`--backend auto` takes the fastest that is installed and right, and says what it leaves out."""

import importlib.machinery
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import engine.runtimes.auto as auto
from engine.errors import BundleError, MachineError
from engine.manifest import GraphSpec
from engine.runtimes.auto import Auto, candidates
from engine.runtimes.base import Array, Arrays, Graph, Runtime
from engine.runtimes.choose import choose
from engine.runtimes.registry import IN_AUTO, ON_CPU, RUNTIMES, Entry
from engine.runtimes.self_test import self_test
from tests.toy_graph import toy

PLANNED = [name for name, entry in RUNTIMES.items() if entry.builds_plans]


class Made:
    """A runtime whose graphs are OpenVINO's, spoilt as asked."""

    def __init__(
        self,
        name: str,
        *,
        spoil: Callable[[Array], Array] = lambda y: y,
        refuses: tuple[str, ...] = (),
        error: Exception | None = None,
        plans: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._inner = choose("openvino", 1)
        self._spoil, self._refuses, self._plans = spoil, refuses, plans
        self._error = error or MachineError(f"{name} ran out of memory\nat line 7")

    def has_plan(self, path: Path, spec: GraphSpec) -> bool:
        return path.stem in self._plans

    def load(self, path: Path, spec: GraphSpec) -> "MadeGraph":
        if path.name in self._refuses:
            raise self._error
        return MadeGraph(self._inner, path, spec, self._spoil)


class MadeGraph(Graph):
    def __init__(
        self, inner: Runtime, path: Path, spec: GraphSpec, spoil: Callable[[Array], Array]
    ) -> None:
        self._graph, self._spoil = inner.load(path, spec), spoil

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        with self._graph.borrow(inputs) as found:
            yield {name: self._spoil(array) for name, array in found.items()}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Made | Exception]:
    """What is installed on a made machine with an NVIDIA driver: name -> runtime, or its error."""
    found: dict[str, Made | Exception] = {"openvino": Made("openvino")}

    def made(entry: Entry, threads: int | None = None, progress: object = None) -> Runtime:
        result = found[entry.name]
        if isinstance(result, Exception):
            raise result
        return result

    def spec_of(package: str) -> importlib.machinery.ModuleSpec | None:
        here = {module for name in found for module in RUNTIMES[name].needs}
        return importlib.machinery.ModuleSpec(package, None) if package in here else None

    monkeypatch.setattr(Entry, "load", made)
    monkeypatch.setattr(auto, "find_spec", spec_of)
    monkeypatch.setattr(auto, "has_nvidia_driver", lambda: True)
    return found


def test_the_order_is_cuda_tensorrt_rtx_onnxruntime_openvino() -> None:
    assert IN_AUTO == ("cuda", "tensorrt", "tensorrt-rtx", "onnxruntime-gpu", "openvino")


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, GraphSpec]:
    """Two graphs of a bundle, on a machine whose cache of plans is empty."""
    monkeypatch.setattr(
        "engine.runtimes.tensorrt.plan_cache.user_cache", lambda: tmp_path / "cache"
    )
    paths = tmp_path / "first.onnx", tmp_path / "second.onnx"
    return {path: toy(path, "Tanh") for path in paths}


def keep_plan(path: Path, library: str) -> None:
    """A file that is named like a plan of a graph, in the bundle's folder."""
    folder = path.parent / "plans"
    folder.mkdir(exist_ok=True)
    (folder / f"{path.stem}.{library}.8.9.0123456789abcdef.plan").write_bytes(b"a plan")


@pytest.mark.parametrize("name", PLANNED)
def test_a_tensorrt_comes_first_only_where_every_graph_has_its_plan_for_this_machine(
    name: str, installed: dict[str, Made | Exception], pair: dict[Path, GraphSpec]
) -> None:
    installed["cuda"] = Made("cuda")
    installed[name] = Made(name, plans=("first", "second"))
    assert Auto(graphs=pair).name == "cuda", "no plan is there"
    for path in pair:
        assert Auto(graphs=pair).name == "cuda", "one is missing"
        keep_plan(path, name.replace("-", "_"))
    assert Auto(graphs=pair).name == name
    assert [c.name for c in candidates(graphs=pair)][:2] == [name, "cuda"]
    assert Auto().name == "cuda", "nothing is known of what is to run"
    installed[name] = Made(name, plans=("first",))
    assert Auto(graphs=pair).name == "cuda", "the other is of another card"


def test_plans_of_a_tensorrt_that_no_longer_loads_are_no_reason_to_take_it(
    installed: dict[str, Made | Exception], pair: dict[Path, GraphSpec]
) -> None:
    for path in pair:
        keep_plan(path, "tensorrt")
    installed["tensorrt"] = MachineError("its libraries do not load")
    assert Auto(graphs=pair).name == "openvino"
    told = {candidate.name: candidate.why_not for candidate in candidates(graphs=pair)}
    assert told["tensorrt"] == "its libraries do not load"


def test_without_plans_no_tensorrt_is_made_to_ask_it(
    installed: dict[str, Made | Exception], pair: dict[Path, GraphSpec]
) -> None:
    installed["cuda"] = Made("cuda")
    installed["tensorrt"] = AssertionError("must not be made")
    assert Auto(graphs=pair).name == "cuda"


@pytest.mark.parametrize("first", IN_AUTO)
def test_the_first_that_is_installed_is_taken(
    first: str, installed: dict[str, Made | Exception]
) -> None:
    for name in IN_AUTO[IN_AUTO.index(first) :]:
        installed[name] = Made(name)
    assert Auto().name == first


@pytest.mark.parametrize(
    "broken",
    [
        MachineError("its libraries do not load"),
        RuntimeError("CUDA error 999"),
        OSError("libcublas.so: cannot open shared object file"),
        ImportError("undefined symbol"),
        Made("tensorrt", spoil=lambda y: y * np.float32(1.05)),
        Made("tensorrt", spoil=lambda y: y * np.float32(np.nan)),
        Made("tensorrt", spoil=lambda y: y.swapaxes(2, 3)),
        Made("tensorrt", refuses=("self_test.onnx",)),
    ],
)
def test_one_that_fails_its_self_test_is_passed_over_with_the_reason(
    broken: Made | Exception, installed: dict[str, Made | Exception]
) -> None:
    installed["tensorrt"] = broken
    assert Auto().name == "openvino"
    found = {candidate.name: candidate for candidate in candidates()}
    assert found["tensorrt"].runtime is None
    assert found["tensorrt"].why_not
    assert "\n" not in found["tensorrt"].why_not
    assert found["openvino"].runtime is not None


def test_what_is_not_installed_is_told_with_what_to_install(
    installed: dict[str, Made | Exception],
) -> None:
    reasons = {candidate.name: candidate.why_not for candidate in candidates()}
    assert "tensorrt is not installed" in reasons["tensorrt"]
    assert "-e '.[tensorrt-rtx]'" in reasons["tensorrt-rtx"]
    assert "-e '.[cuda]'" in reasons["cuda"]
    assert "onnxruntime-gpu" in reasons["onnxruntime-gpu"]
    assert reasons["openvino"] == ""


def test_without_a_driver_no_gpu_runtime_is_even_imported(
    installed: dict[str, Made | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "has_nvidia_driver", lambda: False)
    for name in IN_AUTO[:-1]:
        installed[name] = AssertionError("must not be made")
    assert Auto().name == "openvino"
    assert [c.why_not for c in candidates()][:4] == [
        "there is no NVIDIA driver on this machine."
    ] * 4


def test_a_failed_build_passes_to_the_next_one_and_says_so(
    installed: dict[str, Made | Exception], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = toy(tmp_path / "large.onnx", "Tanh")
    installed["tensorrt"] = Made("tensorrt", refuses=("large.onnx",))
    runtime = Auto()
    assert runtime.name == "tensorrt"
    with caplog.at_level(logging.WARNING):
        graph = runtime.load(tmp_path / "large.onnx", spec)
    assert runtime.name == "openvino"
    assert caplog.messages == [
        "tensorrt failed, taking openvino instead: tensorrt ran out of memory"
    ]
    x = np.zeros((1, 4), np.float32)
    np.testing.assert_array_equal(graph.run({"x": x})["y"], x)


def test_a_failure_of_the_last_one_is_an_error_and_no_fallback(
    installed: dict[str, Made | Exception], tmp_path: Path
) -> None:
    spec = toy(tmp_path / "bad.onnx", "Tanh")
    installed["openvino"] = Made("openvino", refuses=("bad.onnx",), error=BundleError("damaged"))
    with pytest.raises(BundleError, match="damaged"):
        Auto().load(tmp_path / "bad.onnx", spec)


def test_where_none_runs_every_reason_is_told(installed: dict[str, Made | Exception]) -> None:
    installed["openvino"] = RuntimeError("no plugin for this CPU")
    with pytest.raises(MachineError, match=r"tensorrt: tensorrt is not.*openvino: no plugin"):
        Auto()


def test_asked_for_by_name_nothing_else_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    if auto.has_nvidia_driver():
        pytest.skip("this machine has an NVIDIA driver")
    for name, words in (
        ("tensorrt", r"tensorrt is not installed.*pip install -e '\.\[tensorrt\]'"),
        ("tensorrt-rtx", r"no NVIDIA GPU|tensorrt_rtx is not installed"),
        ("onnxruntime-gpu", "is the one for CPUs|onnxruntime is not installed"),
    ):
        with pytest.raises(MachineError, match=words):
            choose(name)


@pytest.mark.parametrize("name", ON_CPU)
def test_the_runtimes_of_a_cpu_pass_the_self_test(name: str) -> None:
    self_test(choose(name, 1))


def test_on_this_machine_auto_takes_something_that_runs() -> None:
    runtime = choose("auto", 1)
    assert runtime.name in IN_AUTO
    self_test(runtime)


BASE_ONLY = """
import sys
from importlib.machinery import PathFinder

EXTRAS = ("torch", "onnx", "onnxruntime", "tensorrt", "tensorrt_rtx", "cuda")

class Base(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        missing = name.split(".")[0] in EXTRAS
        return None if missing else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Base
from engine.runtimes.choose import choose
from engine.runtimes.registry import NAMES
from engine.runtimes.self_test import self_test
from engine.errors import MachineError

runtime = choose("auto", 1)
self_test(runtime)
print(runtime.name)
import export.cli, export.tensorrt, stream.doctor.examine, stream.cli.factories
import stream.cli.commands, stream.cli.render, stream.cli.serve, stream.cli.live, stream.cli.doctor
for name in NAMES:
    try:
        choose(name, 1)
    except MachineError as error:
        assert "is not installed. Run `.venv/bin/pip install" in str(error), error
"""


def test_the_base_install_alone_takes_openvino_and_says_what_else_to_install() -> None:
    command = [sys.executable, "-c", BASE_ONLY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "openvino\n"), done.stderr
