"""A kernel goes to its own GPU, whichever is current in the thread that asks for it."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine.kernels import launch
from engine.kernels.compiler import Image
from engine.kernels.launch import CudaLauncher


class TwoGpus:
    """What of `torch.cuda` a launch uses."""

    def __init__(self) -> None:
        self.current = [0]

    def device(self, index: int) -> "TwoGpus":
        self.current.append(index)
        return self

    def __enter__(self) -> None:
        """Current since `device`."""

    def __exit__(self, *_: object) -> None:
        self.current.pop()

    def current_stream(self, index: int) -> Any:  # noqa: ANN401
        return SimpleNamespace(cuda_stream=100 + index)


class Driver:
    """Notes in which GPU's context it is called."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=0)

    def __init__(self, gpus: TwoGpus) -> None:
        self.gpus = gpus
        self.calls: list[tuple[str, int]] = []

    def cuModuleLoadData(self, image: bytes) -> tuple[int, str]:  # noqa: N802
        self.calls.append(("load", self.gpus.current[-1]))
        assert image.endswith(b"\0")
        return 0, "module"

    def cuModuleGetFunction(self, module: str, name: bytes) -> tuple[int, str]:  # noqa: N802
        return 0, f"{module}.{name.decode()}"

    def cuLaunchKernel(self, kernel: str, *given: object) -> tuple[int]:  # noqa: N802
        self.calls.append((kernel, self.gpus.current[-1]))
        assert 101 in given  # its own stream
        return (0,)


def test_a_kernel_is_loaded_once_and_launched_in_its_own_gpus_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpus = TwoGpus()
    image = Image(name="made", kind="ptx", architecture="compute_90", code=b"ptx")
    monkeypatch.setattr(launch, "cuda", gpus)
    monkeypatch.setattr(launch, "image_for", lambda *_: image)
    launcher = object.__new__(CudaLauncher)
    driver = launcher._driver = Driver(gpus)
    launcher._device, launcher._capability, launcher._kernels = 1, (9, 0), {}
    for _ in range(2):
        launcher.launch("made", "twice", 1, 32, (3, 0.5, None))
    assert driver.calls == [("load", 1), ("module.twice", 1), ("module.twice", 1)]
    assert gpus.current == [0]
