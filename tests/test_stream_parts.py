"""A backend that is asked for by name is taken or refused, never replaced."""

from pathlib import Path

import pytest

from engine.backends.auto import has_nvidia_driver
from engine.errors import MachineError
from stream.parts import load_model


@pytest.mark.parametrize("backend", ["auto", "openvino", "onnxruntime"])
def test_a_bundle_is_loaded_by_the_backend_asked_for(backend: str, dpe_bundle: Path) -> None:
    model = load_model(str(dpe_bundle), mouth="generic", backend=backend)
    assert type(model).__name__ == "DpeModel"


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt-rtx", "cuda", "onnxruntime-gpu"])
def test_without_a_gpu_its_backends_are_refused_in_one_line(backend: str, dpe_bundle: Path) -> None:
    if has_nvidia_driver():
        pytest.skip("this machine has an NVIDIA driver")
    with pytest.raises(MachineError) as caught:
        load_model(str(dpe_bundle), mouth="generic", backend=backend)
    assert "\n" not in str(caught.value)
    assert "pip install" in str(caught.value) or "--backend" in str(caught.value)
