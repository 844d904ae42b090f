"""The cuda runtime runs bundles as the others do; here in its reference mode, on the CPU.

On a GPU the same comparison runs in test_gpu_step.py.
"""

import inspect
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import MachineError
from engine.manifest import read_manifest
from engine.runtimes import cuda_device
from engine.runtimes.cuda import Cuda
from engine.runtimes.cuda_device import CudaDevice, ReferenceDevice, Work
from engine.runtimes.torch import Torch
from tests.late_device import LateDevice
from tests.toy_graph import GRAPHS


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_bundles_graph_gives_what_the_reference_gives_five_times(
    graph: str, dpe_bundle: Path
) -> None:
    spec = read_manifest(dpe_bundle).graph(graph)
    generator = np.random.default_rng(1)
    inputs = {
        name: generator.standard_normal([int(n) for n in tensor.shape], dtype=np.float32)
        for name, tensor in spec.inputs.items()
    }
    wanted = Torch(1).load(dpe_bundle / spec.file, spec).run(inputs)
    loaded = Cuda(device=ReferenceDevice()).load(dpe_bundle / spec.file, spec)
    for _ in range(5):
        found = loaded.run(inputs)
        assert list(found) == list(wanted)
        for name, array in wanted.items():
            # Not pixel by pixel: at an edge of noise a flow's last bit is a different colour.
            assert np.linalg.norm(found[name] - array) < 1e-3 * np.linalg.norm(array)


def test_any_batch_runs_and_each_waits_for_its_own_copies(dpe_half_bundle: Path) -> None:
    spec = read_manifest(dpe_half_bundle).graph("read")
    loaded = Cuda(device=LateDevice(1)).load(dpe_half_bundle / spec.file, spec)
    pictures = np.random.default_rng(2).standard_normal((3, 3, 64, 64), dtype=np.float32)
    together = loaded.run({"picture": pictures})["expression"].copy()
    for index in range(3):
        alone = loaded.run({"picture": pictures[index : index + 1]})["expression"]
        np.testing.assert_allclose(alone[0], together[index], rtol=0, atol=2e-2)
    with pytest.raises(ValueError, match="picture must be float32"):
        loaded.run({"picture": pictures[:, :2]})


class FullDevice(ReferenceDevice):
    """One that records nothing any more."""

    def record(self, work: Work) -> Work:
        raise MachineError("out of memory")


def test_what_a_gpu_cannot_run_is_known_when_it_is_loaded(dpe_bundle: Path) -> None:
    """So that auto can pass the graph to the next runtime before anybody is on camera."""
    spec = read_manifest(dpe_bundle).graph("read")
    with pytest.raises(MachineError, match="out of memory"):
        Cuda(device=FullDevice()).load(dpe_bundle / spec.file, spec)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_what_to_do() -> None:
    with pytest.raises(MachineError, match=r"nvidia-smi.*--backend openvino"):
        Cuda()


def test_cudnns_settings_are_one_threads_at_a_time_and_give_the_same_bits() -> None:
    device = object.__new__(CudaDevice)  # without a GPU: the settings are torch's own
    flags = torch.backends.cudnn
    before = flags.benchmark, flags.deterministic, flags.allow_tf32
    entered, leave, was_second = Event(), Event(), Event()

    def hold() -> None:
        with device.exact():
            entered.set()
            leave.wait(10)

    def second() -> None:
        with device.exact():
            was_second.set()

    threads = [Thread(target=hold), Thread(target=second)]
    threads[0].start()
    assert entered.wait(10)
    assert (flags.benchmark, flags.deterministic, flags.allow_tf32) == (True, True, False)
    threads[1].start()
    assert not was_second.wait(0.2)
    leave.set()
    for thread in threads:
        thread.join()
    assert was_second.is_set()
    assert (flags.benchmark, flags.deterministic, flags.allow_tf32) == before


class Recorder:
    """What of `torch.cuda` a recording uses; it notes how it is asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}

    def CUDAGraph(self) -> "Recorder":  # noqa: N802
        return self

    def current_stream(self, _: object) -> None:
        """The stream that the recording's waits for."""

    def stream(self, _: object) -> AbstractContextManager[None]:
        return nullcontext()

    def graph(self, _: object, **asked: object) -> AbstractContextManager[None]:
        self.asked = asked
        return nullcontext()

    def replay(self) -> None:
        """Nothing."""

    def wait_stream(self, _: object) -> None:
        """As a stream."""

    def synchronize(self) -> None:
        """As a stream."""


def test_a_recording_is_its_own_threads_and_chooses_among_what_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder, seen = Recorder(), []
    monkeypatch.setattr(cuda_device, "cuda", recorder)
    device: Any = object.__new__(CudaDevice)
    device._streams, device._pool, device.torch_device = {"compute": recorder}, "pool", None

    def work() -> None:
        seen.append((torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32))

    assert device.record(work) == recorder.replay
    assert recorder.asked["capture_error_mode"] == "thread_local"
    assert "capture_error_mode" in inspect.signature(torch.cuda.graph).parameters
    assert seen == [(True, False)] * (cuda_device.WARM_UPS + 1)
