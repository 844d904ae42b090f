"""The face networks that ship in the package: their files, their check sums, and how they run.

All run in OpenVINO on the CPU, each on one thread: they take 1 to 3 ms, and the other cores have
the rest of the step to do. To compile them takes seconds, so it is done once in a process; trackers
in different threads share what was compiled, and have an infer request and buffers of their own.
The next process finds it on disk.
"""

import hashlib
import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from engine.errors import MachineError
from engine.faces.compiled_cache import loaded_or_compiled
from engine.installing import restore
from engine.openvino_core import openvino_core

FOLDER = Path(__file__).parent.parent / "assets" / "faces"

SHA256 = {
    "face_detection_short_range.tflite": (
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
    ),
    "face_landmark_with_attention.tflite": (
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4"
    ),
    "selfie_segmentation.tflite": (
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"
    ),
}

AT_ONCE = min(os.cpu_count() or 1, 8)
"""Runs of one network that go on side by side, each on a thread of its own. With a single one,
two trackers would wait for each other: 0.8 s against 0.4 s for 300 runs each on two cores."""

SETTINGS = {
    "PERFORMANCE_HINT": "LATENCY",
    "NUM_STREAMS": AT_ONCE,
    "INFERENCE_NUM_THREADS": AT_ONCE,
    # Pinned threads of two trackers, or of two programs, would share one core.
    "ENABLE_CPU_PINNING": False,
    # A CPU with AMX would choose bf16 by itself: half a pixel of noise on every landmark.
    "INFERENCE_PRECISION_HINT": "f32",
}


_COMPILING = Lock()
_compiled: dict[str, openvino.CompiledModel] = {}


class Network:
    """One network with its own input buffer: fill `input`, then call `run`; for one thread."""

    def __init__(self, name: str, *extensions: Any) -> None:  # noqa: ANN401 (OpenVINO has no types)
        compiled = _compiled_once(name, *extensions)
        self._request = compiled.create_infer_request()
        self.input: NDArray[np.float32] = np.zeros(compiled.input(0).shape, np.float32)
        """(1, H, W, 3), RGB; the value range is the network's own."""
        self._request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))

    def run(self) -> None:
        """Infer what lies in `input`; the results stay valid until the next run."""
        self._request.infer()

    def output(self, name: str) -> NDArray[np.float32]:
        """A result by its tensor's name: a view that the next run overwrites."""
        data: NDArray[np.float32] = self._request.get_tensor(name).data
        return data


def _compiled_once(name: str, *extensions: Any) -> openvino.CompiledModel:  # noqa: ANN401
    """The compiled network; whoever asks while it is being compiled waits for that."""
    with _COMPILING:
        if name not in _compiled:
            core = openvino_core()
            for extension in extensions:
                core.add_extension(extension)
            path = checked(name)
            _compiled[name] = loaded_or_compiled(core, path, SHA256[name], SETTINGS)
        return _compiled[name]


def checked(name: str, folder: Path = FOLDER) -> Path:
    """The path of a shipped network, after its check sum was found right."""
    path = folder / name
    advice = f"bring the shipped one back: {restore()}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MachineError(f"{path} cannot be read ({error.strerror}): {advice}") from error
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise MachineError(f"{path} is damaged (its SHA-256 is not the shipped one): {advice}")
    return path
