"""ONNX Runtime: a second runtime for bundles on a CPU, and one for NVIDIA GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.errors import BundleError, MachineError
from engine.installing import PIP, install
from engine.manifest import GraphSpec
from engine.runtimes.base import Array, Arrays, Graph, check_inputs, check_names
from engine.runtimes.registry import ONNXRUNTIME, ONNXRUNTIME_GPU

UNREADABLE = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.NoSuchFile,
)


class OnnxRuntime:
    """Runs graphs with ONNX Runtime's own CPU kernels."""

    name = ONNXRUNTIME.name
    provider = "CPUExecutionProvider"

    def __init__(self, threads: int | None = None) -> None:
        self._options = ort.SessionOptions()
        self._options.intra_op_num_threads = threads or 0
        self._options.log_severity_level = 3  # its warnings are for the exporter's author

    def load(self, path: Path, spec: GraphSpec) -> "OnnxRuntimeGraph":
        """Open one ONNX file."""
        try:
            session = ort.InferenceSession(str(path), self._options, providers=[self.provider])
        except UNREADABLE as error:
            raise BundleError(
                f"ONNX Runtime cannot read {path}: {error}. Import or export the model again."
            ) from None
        if (
            self.provider not in session.get_providers()
        ):  # it takes the CPU instead, and says little
            raise MachineError(
                f"ONNX Runtime did not start its {self.provider}. It needs CUDA and cuDNN of the "
                f"versions it was built for: run `{install('onnxruntime-gpu[cuda,cudnn]')}`."
            )
        inputs = {tensor.name for tensor in session.get_inputs()}
        check_names(path, inputs, {tensor.name for tensor in session.get_outputs()}, spec)
        return OnnxRuntimeGraph(session, spec)


class OnnxRuntimeGpu(OnnxRuntime):
    """Runs graphs with its kernels for CUDA, or not at all. Not yet run on a GPU."""

    name = ONNXRUNTIME_GPU.name
    provider = "CUDAExecutionProvider"

    def __init__(self, threads: int | None = None) -> None:
        if self.provider not in ort.get_available_providers():
            raise MachineError(
                f"the installed onnxruntime is the one for CPUs. Run `{PIP} uninstall onnxruntime` "
                f"and `{install('onnxruntime-gpu')}`."
            )
        super().__init__(threads)


class OnnxRuntimeGraph(Graph):
    """One graph in a session of its own, which makes new arrays at every run."""

    def __init__(self, session: ort.InferenceSession, spec: GraphSpec) -> None:
        self._session = session
        self._spec = spec
        self._outputs = list(spec.outputs)

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        """All outputs by name."""
        yield self.run(inputs)

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """All outputs by name; these arrays are the caller's."""
        check_inputs(self._spec, inputs)
        results = self._session.run(self._outputs, dict(inputs))
        return dict(zip(self._outputs, results, strict=True))
