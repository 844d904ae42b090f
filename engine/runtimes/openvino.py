"""OpenVINO: the default on a CPU, and the fastest of those measured there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np
import openvino as ov

from engine.errors import BundleError
from engine.manifest import GraphSpec
from engine.openvino_core import openvino_core
from engine.runtimes.base import Array, Arrays, Graph, check_inputs, check_names
from engine.runtimes.registry import OPENVINO
from engine.runtimes.rewrite import rewrite_for_cpu


class OpenVino:
    """Compiles graphs for the CPU, with the convolutions in their fastest form."""

    name = OPENVINO.name

    def __init__(self, threads: int | None = None) -> None:
        self._config: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            # Where the CPU has bf16 this would be its default, and flow in bf16 is half a pixel.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        if threads is not None:
            self._config["INFERENCE_NUM_THREADS"] = threads

    def load(self, path: Path, spec: GraphSpec) -> "OpenVinoGraph":
        """Compile one ONNX file; a free batch is compiled when a size of it is first met."""
        try:
            model = openvino_core().read_model(path)
        except RuntimeError as error:
            raise BundleError(
                f"OpenVINO cannot read {path}: {str(error).strip().splitlines()[-1]}. "
                "Import or export the model again."
            ) from None
        inputs = {tensor.any_name for tensor in model.inputs}
        check_names(path, inputs, {tensor.any_name for tensor in model.outputs}, spec)
        return OpenVinoGraph(self._config, model, spec)


class OpenVinoGraph(Graph):
    """One graph and its compiled forms, one per batch size that was met."""

    def __init__(self, config: dict[str, object], model: ov.Model, spec: GraphSpec) -> None:
        self._config = config
        self._spec = spec
        self._free = model if model.is_dynamic() else None
        self._compiling = Lock()
        self._forms = {1: self._compiled(model if self._free is None else self._sized(1))}

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        """All outputs by name, held by a request that nobody else has meanwhile."""
        check_inputs(self._spec, inputs)
        # Shared: the portrait's features are tens of megabytes that need not be copied per frame.
        contiguous = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        with self._form(len(next(iter(inputs.values())))).request() as request:
            results = request.infer(contiguous, share_inputs=True, share_outputs=True)
            yield {name: results[name] for name in self._spec.outputs}

    def _form(self, batch: int) -> "Compiled":
        with self._compiling:
            if batch not in self._forms:
                self._forms[batch] = self._compiled(self._sized(batch))
            return self._forms[batch]

    def _sized(self, batch: int) -> ov.Model:
        """A copy of a graph of free batch, for this one."""
        assert self._free is not None  # check_inputs refuses other batches of a fixed graph
        model = self._free.clone()
        shapes = {
            name: [length if isinstance(length, int) else batch for length in tensor.shape]
            for name, tensor in self._spec.inputs.items()
        }
        model.reshape(shapes)
        return model

    def _compiled(self, model: ov.Model) -> "Compiled":
        rewrite_for_cpu(model)
        return Compiled(openvino_core().compile_model(model, "CPU", self._config))


class Compiled:
    """A compiled form, and its requests: as many as were ever in use at once."""

    def __init__(self, model: ov.CompiledModel) -> None:
        self._model = model
        self._idle = [model.create_infer_request()]

    @contextmanager
    def request(self) -> Iterator[ov.InferRequest]:
        """One for this block alone: its memory is that of the inputs and outputs."""
        try:
            request = self._idle.pop()  # in one step, also among threads
        except IndexError:
            request = self._model.create_infer_request()
        try:
            yield request
        finally:
            self._idle.append(request)
