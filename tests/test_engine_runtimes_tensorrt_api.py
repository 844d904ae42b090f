"""The fakes, which our code runs against, have the interface of the real bindings.

So whatever our code calls there exists, under these names and with these arguments.
"""

import inspect
import re
from enum import IntEnum
from types import FunctionType

import pytest

from tests import cuda_fake, tensorrt_fake
from tests.tensorrt_stubs import Surface, full_surface, surface

MADE: tuple[type, ...] = tuple(tensorrt_fake.MADE.values())
CLASSES = (*MADE, *tensorrt_fake.HANDED_OUT)
RTX_CLASSES = (
    *tensorrt_fake.RTX_ONLY,
    tensorrt_fake.IRuntimeCache,
    tensorrt_fake.IRuntimeConfig,
)
RTX_METHODS = {"get_engine_validity", "set_compute_capability", "create_runtime_config"}
"""Of classes that both have; only TensorRT for RTX is asked for these."""
ATTRIBUTES = {
    "IBuilderConfig": ["progress_monitor"],
    "ITensor": ["name"],
    "ILogger.Severity": ["ERROR", "INTERNAL_ERROR", "WARNING"],
    "INetworkDefinition": ["num_inputs", "num_outputs"],
    "OnnxParser": ["num_errors"],
}
RTX_ATTRIBUTES = {
    "IBuilderConfig": ["num_compute_capabilities", "progress_monitor"],
    "IRuntimeConfig": ["cuda_graph_strategy"],
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Surface:
    return full_surface(tmp_path_factory.mktemp("stubs"))


@pytest.fixture(scope="module")
def rtx() -> Surface:
    reason = "tensorrt_rtx is not installed (extra `tensorrt-rtx`)"
    return surface(pytest.importorskip("tensorrt_rtx", reason=reason))


def signatures(name: str, text: str) -> list[list[str]]:
    """The parameters of every overload, but for self."""
    lines = re.findall(rf"^(?:\d+\. )?{name}\((.*)\) -> .*$", text, re.MULTILINE)
    found = [re.findall(r"(?:^|, )(\w+): ", line) for line in lines]
    return [[parameter for parameter in names if parameter != "self"] for names in found]


def is_covered(fake: FunctionType, text: str) -> bool:
    """Whether a real overload takes what the fake takes, in the same order."""
    wanted = [name for name in inspect.signature(fake).parameters if name not in ("self", "fake")]
    return any(wanted == names[: len(wanted)] for names in signatures(fake.__name__, text))


def assert_same(fakes: tuple[type, ...], real: Surface, without: set[str]) -> int:
    """Every public method, argument and member of the fakes is real; returns how many."""
    count = 0
    for fake in fakes:
        members = real[fake.__name__]
        if issubclass(fake, IntEnum):
            names = {member.name for member in fake}
            assert names <= members.keys(), fake.__name__
            count += len(names)
            continue
        for name, method in inspect.getmembers(fake, inspect.isfunction):
            own = name == "__init__" and fake in MADE
            if name in without or (name.startswith("_") and not own):
                continue
            assert name in members, f"{fake.__name__}.{name}"
            assert is_covered(method, members[name]), f"{fake.__name__}: {members[name]}"
            count += 1
    return count


def assert_attributes(wanted: dict[str, list[str]], real: Surface) -> None:
    for kind, names in wanted.items():
        assert set(names) <= real[kind].keys(), kind


def test_the_full_bindings_have_what_we_call(full: Surface) -> None:
    assert assert_same(CLASSES, full, RTX_METHODS) > 30
    assert_attributes(ATTRIBUTES, full)


def test_the_rtx_bindings_have_what_we_call(rtx: Surface) -> None:
    assert assert_same((*CLASSES, *RTX_CLASSES), rtx, set()) > 50
    assert_attributes(ATTRIBUTES | RTX_ATTRIBUTES, rtx)
    text = rtx["ICudaEngine"]["create_execution_context"]
    assert ["runtime_config"] in signatures("create_execution_context", text)


def test_the_check_finds_what_is_not_there(rtx: Surface) -> None:
    class Refitter:
        def refit_cuda_engine(self, weights: int) -> None: ...

    with pytest.raises(AssertionError, match="refit_cuda_engine"):
        assert_same((Refitter,), rtx, set())
    with pytest.raises(AssertionError):
        assert_attributes({"IBuilderConfig": ["fp16"]}, rtx)


def test_the_driver_has_what_we_call() -> None:
    real = pytest.importorskip("cuda.bindings.driver", reason="cuda-python is not installed")
    names = [name for name in dir(cuda_fake.FakeDriver) if name.startswith("cu")]
    assert len(names) > 20
    for name in names:
        line = (getattr(real, name).__doc__ or "").splitlines()[0]
        arguments = re.sub(rf"^{name}\(|\)$", "", line).split(", ")
        found = [re.split(r"[ ]", a.split(":")[0])[-1] for a in arguments if a]
        fake = inspect.signature(getattr(cuda_fake.FakeDriver, name)).parameters
        assert [parameter for parameter in fake if parameter != "self"] == found, line
    for fake_enum in (cuda_fake.CUdevice_attribute, cuda_fake.CUstreamCaptureMode):
        for member in fake_enum:
            assert int(getattr(getattr(real, fake_enum.__name__), member.name)) == member
