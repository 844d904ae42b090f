"""What both TensorRT runtimes compute and hold, on a made driver and a made TensorRT.

What they compute on a real GPU has not been tested yet.
"""

import gc
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from engine.errors import BundleError, MachineError
from engine.runtimes.base import Array
from engine.runtimes.tensorrt.gpu import Gpu
from engine.runtimes.tensorrt.plan_cache import PlanCache
from engine.runtimes.tensorrt.rtx import TensorRtRtx
from engine.runtimes.tensorrt.runtime import TensorRt, tensorrt_library
from tests.cuda_fake import FakeDriver
from tests.tensorrt_fake import BuilderFlag, FakeTensorRt, write_graph


class Machine:
    """A made GPU with a made TensorRT, and a plan cache."""

    def __init__(self, folder: Path, *, rtx: bool) -> None:
        self.folder, self.rtx = folder, rtx
        self.driver = FakeDriver()
        self.fake = FakeTensorRt(self.driver, rtx=rtx, version="1.7.1" if rtx else "11.4.0")

    def runtime(self, *, cache: PlanCache | None = None) -> TensorRt | TensorRtRtx:
        kind = TensorRtRtx if self.rtx else TensorRt
        return kind(
            cache=cache or PlanCache(self.folder / "plans"),
            trt=self.fake.module(),
            gpu=Gpu(api=self.driver.module()),
        )


@pytest.fixture(params=[False, True], ids=["tensorrt", "tensorrt-rtx"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    return Machine(tmp_path, rtx=request.param)


@pytest.fixture
def full(tmp_path: Path) -> Machine:
    return Machine(tmp_path, rtx=False)


@pytest.fixture
def rtx(tmp_path: Path) -> Machine:
    return Machine(tmp_path, rtx=True)


def inputs(value: float, *, batch: int = 1) -> dict[str, Array]:
    x = np.full((batch, 4), value, np.float32)
    return {"x": x, "still": np.arange(4 * batch, dtype=np.float32).reshape(batch, 4)}


def test_a_graph_computes_five_times_alike_and_follows_its_inputs(machine: Machine) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    for value in (1.0, 1.0, 1.0, 1.0, 1.0, 5.0, -2.0):
        result = graph.run(inputs(value))
        np.testing.assert_array_equal(result["y"], 2 * (np.arange(4)[None] + value))


def test_a_run_allocates_nothing_binds_nothing_and_waits_once(machine: Machine) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    held = machine.driver.memory.keys() | machine.driver.pinned.keys()
    for value in (1.0, -3.0):
        machine.fake.take()
        machine.driver.take()
        result = graph.run(inputs(value))["y"]
        np.testing.assert_array_equal(result, 2 * (np.arange(4)[None] + value))
        assert machine.driver.memory.keys() | machine.driver.pinned.keys() == held
        assert [call for call in machine.fake.take() if call != "execute"] == []
        assert machine.driver.take("cuStreamSynchronize") == ["cuStreamSynchronize"]


def test_a_run_is_one_launch_of_a_recorded_graph(full: Machine) -> None:
    spec = write_graph(full.folder / "g.onnx")
    graph = full.runtime().load(full.folder / "g.onnx", spec)
    full.fake.take()
    full.driver.take()
    graph.run(inputs(1.0))
    assert full.fake.take() == []  # TensorRT itself is not called per frame
    called = full.driver.take()
    assert called.count("cuGraphLaunch") == 1
    assert not {"cuStreamBeginCapture", "cuGraphInstantiate"} & set(called)


def test_rtx_captures_by_itself_and_no_capture_of_ours_wraps_it(rtx: Machine) -> None:
    spec = write_graph(rtx.folder / "g.onnx")
    graph = rtx.runtime().load(rtx.folder / "g.onnx", spec)
    rtx.fake.take()
    graph.run(inputs(1.0))
    assert rtx.fake.take() == ["execute"]
    assert not {"cuStreamBeginCapture", "cuGraphLaunch"} & set(rtx.driver.calls)


def test_an_input_that_cannot_change_is_uploaded_once(machine: Machine) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    given = inputs(1.0)
    given["still"] = given["still"].copy()  # arange().reshape() is a view of another array
    given["still"].flags.writeable = False
    graph.run(given)
    machine.driver.take()
    given["x"] = given["x"] + 1
    result = graph.run(given)["y"].copy()
    assert machine.driver.take("cuMemcpyHtoDAsync") == ["cuMemcpyHtoDAsync"]
    np.testing.assert_array_equal(result, 2 * (np.arange(4)[None] + 2.0))

    other = np.full((1, 4), 10.0, np.float32)  # another portrait
    other.flags.writeable = False
    result = graph.run(given | {"still": other})["y"]
    np.testing.assert_array_equal(result, np.full((1, 4), 24.0))


def test_a_read_only_view_is_not_trusted_because_its_owner_may_write(machine: Machine) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    owner = np.zeros((1, 4), np.float32)
    view = owner[:]
    view.flags.writeable = False
    given = {"x": np.zeros((1, 4), np.float32), "still": view}
    graph.run(given)
    owner[:] = 3
    np.testing.assert_array_equal(graph.run(given)["y"], np.full((1, 4), 6.0))


def test_every_batch_size_has_a_context_and_addresses_of_its_own(machine: Machine) -> None:
    spec = write_graph(machine.folder / "g.onnx", shape=("batch", 4))
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    profile = machine.fake.configs[0].profiles[0]
    assert profile.shapes["x"] == ((1, 4), (1, 4), (8, 4))
    machine.fake.take()
    for batch in (3, 1, 3, 8):
        result = graph.run(inputs(1.0, batch=batch))["y"]
        np.testing.assert_array_equal(result, 2 * (inputs(1.0, batch=batch)["still"] + 1))
    assert machine.fake.calls.count("context") == 2
    assert "shape x 3" in machine.fake.calls
    with pytest.raises(ValueError, match="up to 8"):
        graph.run(inputs(1.0, batch=9))


def test_a_graph_may_be_run_by_another_thread_than_the_one_that_loaded_it(
    machine: Machine,
) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    results: list[Array] = []
    thread = threading.Thread(target=lambda: results.append(graph.run(inputs(1.0))["y"]))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(results[0], 2 * (np.arange(4)[None] + 1.0))


def test_threads_take_turns_from_their_inputs_to_what_they_make_of_the_results(
    machine: Machine,
) -> None:
    path = machine.folder / "g.onnx"
    graph = machine.runtime().load(path, write_graph(path))
    found: list[Array] = []
    other = threading.Thread(target=lambda: found.append(graph.run(inputs(5.0))["y"]))
    with graph.borrow(inputs(1.0)) as borrowed:
        other.start()
        other.join(0.3)
        np.testing.assert_array_equal(borrowed["y"], 2 * (np.arange(4)[None] + 1.0))
    other.join()
    np.testing.assert_array_equal(found[0], 2 * (np.arange(4)[None] + 5.0))


def test_a_graph_is_run_on_what_is_borrowed_of_another_one(machine: Machine) -> None:
    first, second = machine.folder / "first.onnx", machine.folder / "second.onnx"
    runtime = machine.runtime()
    one, other = (runtime.load(path, write_graph(path)) for path in (first, second))
    with one.borrow(inputs(1.0)) as found:
        given = {"x": found["y"], "still": np.zeros((1, 4), np.float32)}
        np.testing.assert_array_equal(other.run(given)["y"], 4 * (np.arange(4)[None] + 1.0))


def test_a_dropped_graph_gives_its_memory_back_but_not_a_result_that_is_kept(
    machine: Machine,
) -> None:
    spec = write_graph(machine.folder / "g.onnx")
    graph = machine.runtime().load(machine.folder / "g.onnx", spec)
    with graph.borrow(inputs(1.0)) as found:
        result = found["y"]
    del found
    assert len(machine.driver.memory) == 3
    del graph
    gc.collect()
    assert machine.driver.memory == {}
    assert machine.driver.graphs == {}
    assert len(machine.driver.pinned) == 1
    np.testing.assert_array_equal(result, 2 * (np.arange(4)[None] + 1.0))
    del result
    gc.collect()
    assert machine.driver.pinned == {}


def test_a_plan_is_built_once_per_graph_and_machine(machine: Machine) -> None:
    path = machine.folder / "g.onnx"
    spec = write_graph(path)
    for _ in range(2):
        machine.runtime().load(path, spec)
    assert machine.fake.take().count("build") == 1
    write_graph(path, factor=3.0)
    result = machine.runtime().load(path, spec).run(inputs(1.0))["y"]
    np.testing.assert_array_equal(result, 3 * (np.arange(4)[None] + 1.0))
    assert machine.fake.take().count("build") == 1


def test_another_card_builds_its_own_plan_with_tensorrt_only(
    machine: Machine, tmp_path: Path
) -> None:
    """Plans of TensorRT for RTX fit every card of a compute capability."""
    path = machine.folder / "g.onnx"
    spec = write_graph(path)
    machine.runtime().load(path, spec)
    machine.driver.name = b"NVIDIA RTX 6000 Ada Generation"
    machine.runtime().load(path, spec)
    assert machine.fake.take().count("build") == (1 if machine.rtx else 2)
    machine.driver.capability = (12, 0)
    machine.runtime().load(path, spec)
    assert machine.fake.take().count("build") == 1


def test_a_plan_that_is_there_is_told_without_loading_it(machine: Machine, tmp_path: Path) -> None:
    """What `auto` asks before it waits for a build."""
    path = machine.folder / "g.onnx"
    spec = write_graph(path)
    assert not machine.runtime().has_plan(path, spec)
    machine.runtime().load(path, spec)
    machine.fake.take()
    assert machine.runtime().has_plan(path, spec)
    assert machine.fake.take() == []
    machine.driver.capability = (12, 0)
    assert not machine.runtime().has_plan(path, spec)
    machine.driver.capability = (8, 9)
    write_graph(path, factor=3.0)
    assert not machine.runtime().has_plan(path, spec)


def test_plans_shipped_with_a_bundle_are_taken_from_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = machine.folder / "g.onnx"
    spec = write_graph(path)
    machine.runtime(cache=PlanCache(machine.folder / "plans")).load(path, spec)
    monkeypatch.setattr(
        "engine.runtimes.tensorrt.plan_cache.user_cache", lambda: tmp_path / "elsewhere"
    )
    kind = TensorRtRtx if machine.rtx else TensorRt
    gpu = Gpu(api=machine.driver.module())
    kind(trt=machine.fake.module(), gpu=gpu).load(path, spec)
    assert machine.fake.take().count("build") == 1
    shutil.rmtree(machine.folder / "plans")
    kind(trt=machine.fake.module(), gpu=gpu).load(path, spec)
    assert machine.fake.take().count("build") == 1
    assert list((tmp_path / "elsewhere" / "plans").glob("*.plan"))


def test_networks_may_be_refitted_only_where_a_gpu_builds_them(machine: Machine) -> None:
    machine.runtime().load(machine.folder / "g.onnx", write_graph(machine.folder / "g.onnx"))
    [config] = machine.fake.configs
    assert config.set == (set() if machine.rtx else {BuilderFlag.REFIT})  # and never TF32
    assert config.targets == ([89] if machine.rtx else [])


def test_a_refitted_plan_has_the_new_weights_and_is_found_under_their_hash(full: Machine) -> None:
    old, new = full.folder / "old.onnx", full.folder / "new.onnx"
    spec = write_graph(old, factor=2.0)
    write_graph(new, factor=7.0)
    runtime, cache = full.runtime(), PlanCache(full.folder / "plans")
    assert isinstance(runtime, TensorRt)
    key, plan = runtime.refitted(old, new, spec)
    cache.keep(new.stem, key, plan)
    assert full.fake.take().count("build") == 1
    result = runtime.load(new, spec).run(inputs(1.0))["y"]
    np.testing.assert_array_equal(result, 7 * (np.arange(4)[None] + 1.0))
    assert full.fake.take().count("build") == 0
    write_graph(new, shape=(1, 5))
    with pytest.raises(BundleError, match=r"do not fit.*another count.*anew"):
        runtime.refitted(old, new, spec)


def test_compiled_kernels_are_kept_for_the_next_start(rtx: Machine) -> None:
    path = rtx.folder / "g.onnx"
    spec = write_graph(path)
    rtx.runtime().load(path, spec)
    assert rtx.fake.kernels == []
    rtx.runtime().load(path, spec)
    assert rtx.fake.kernels == [b"kernels for a 4090"]
    [kept] = (rtx.folder / "plans").glob("*.kernels")
    kept.write_bytes(b"damaged")
    rtx.runtime().load(path, spec).run(inputs(1.0))
    assert kept.read_bytes() == b"kernels for a 4090"


def test_kernels_that_cannot_be_kept_are_a_note_not_an_end(
    rtx: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full_disk(path: Path, *parts: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.runtimes.tensorrt.rtx.write_whole", full_disk)
    path = rtx.folder / "g.onnx"
    with caplog.at_level(logging.WARNING):
        rtx.runtime().load(path, write_graph(path)).run(inputs(1.0))
    assert "No space left" in caplog.text


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ("build", r"cannot build g\.onnx.*no tactic"),
        ("load", r"cannot load the plan of g\.onnx.*another version"),
        ("bind", "failed to bind x"),
        ("run", "failed to run: illegal address"),
    ],
)
def test_what_tensorrt_refuses_is_an_error_of_one_line(
    fails: str, words: str, machine: Machine
) -> None:
    path = machine.folder / "g.onnx"
    spec = write_graph(path)
    machine.fake.fails = fails
    with pytest.raises(MachineError, match=words) as caught:
        machine.runtime().load(path, spec)
    assert "\n" not in str(caught.value)
    assert "--backend" in str(caught.value)


def test_an_error_of_a_later_frame_is_told_too(machine: Machine) -> None:
    path = machine.folder / "g.onnx"
    graph = machine.runtime().load(path, write_graph(path, shape=("batch", 4)))
    machine.fake.fails = "run"
    with pytest.raises(MachineError, match="failed to run"):
        graph.run(inputs(1.0, batch=2))


def test_a_plan_that_the_driver_is_too_old_for_is_named(rtx: Machine) -> None:
    rtx.fake.invalid = 4
    path = rtx.folder / "g.onnx"
    with pytest.raises(MachineError, match=r"OLD_CUDA_DRIVER.*Update the driver"):
        rtx.runtime().load(path, write_graph(path))


def test_rtx_refuses_a_card_it_does_not_build_for_at_once(rtx: Machine) -> None:
    rtx.driver.capability = (9, 0)
    with pytest.raises(MachineError, match=r"not for 9\.0.*--backend tensorrt or cuda"):
        rtx.runtime()


def test_a_manifest_that_states_another_shape_is_refused(machine: Machine) -> None:
    path = machine.folder / "g.onnx"
    write_graph(path)
    stated = write_graph(machine.folder / "other.onnx", shape=(1, 5))
    with pytest.raises(BundleError, match=r"\(1, 4\), the manifest's float32 \(1, 5\)"):
        machine.runtime().load(path, stated)


def test_without_a_gpu_the_reason_and_a_way_out_are_told() -> None:
    with pytest.raises(MachineError, match=r"no NVIDIA GPU.*no CUDA-capable device.*openvino"):
        Gpu(api=FakeDriver(present=False).module())


def test_on_this_machine_a_missing_driver_is_told_alike() -> None:
    driver = pytest.importorskip("cuda.bindings.driver", reason="cuda-python is not installed")
    try:
        driver.cuInit(0)
    except RuntimeError:
        with pytest.raises(MachineError, match=r"no NVIDIA GPU.*nvidia-smi"):
            Gpu()
    else:
        pytest.skip("this machine has an NVIDIA driver")


def library(**names: object) -> ModuleType:
    module = ModuleType("tensorrt")
    vars(module).update(names)
    return module


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (lambda name: library(__version__="10.12.0.36"), "too old.*>=10.13"),
        (lambda name: exec("raise ImportError('libnvinfer.so.11: no such file')"), "does not load"),
    ],
)
def test_a_tensorrt_that_cannot_be_used_is_told(
    load: Callable[[str], ModuleType], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtimes.tensorrt.runtime.import_module", load)
    with pytest.raises(MachineError, match=words):
        tensorrt_library()


@pytest.mark.parametrize("version", ["10.13.0.35", "10.14.1.48", "11.4.0.106"])
def test_newer_versions_are_taken(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = library(__version__=version)
    monkeypatch.setattr("engine.runtimes.tensorrt.runtime.import_module", lambda name: found)
    assert tensorrt_library() is found
