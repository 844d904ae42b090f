"""A PyTorch module as an ONNX file: exported, simplified, checked."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx
import onnxslim
import torch
from torch import Tensor

from engine.manifest import GraphSpec, TensorSpec, sha256_of
from export.plans import Plan

OPSET = 20
"""What the exporter writes without conversion; GridSample is native, and every runtime reads it."""
BATCH = "batch"
LARGEST_BATCH = 64
NOISY = ("torch.onnx._internal.exporter._registration", "torch.__trace")


def write_graph(
    plan: Plan, exact: Mapping[str, Tensor], folder: Path, *, dynamic_batch: bool
) -> GraphSpec:
    """Write `folder/<name>.onnx` and say what is in it; `exact` has the examples."""
    path = folder / f"{plan.name}.onnx"
    examples = {name: exact[example].float() for name, example in plan.inputs.items()}
    model = onnxslim.slim(_exported(plan, examples, dynamic_batch=dynamic_batch))
    _tidy(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return GraphSpec(
        file=path.name,
        sha256=sha256_of(path),
        inputs={tensor.name: _spec(tensor) for tensor in model.graph.input},
        outputs={tensor.name: _spec(tensor) for tensor in model.graph.output},
    )


def _exported(plan: Plan, examples: dict[str, Tensor], *, dynamic_batch: bool) -> onnx.ModelProto:
    shapes = None
    if dynamic_batch:
        # With an example of batch 1 the exporter would take the batch for a constant.
        examples = {name: torch.cat([example] * 2) for name, example in examples.items()}
        batch = {0: torch.export.Dim(BATCH, min=1, max=LARGEST_BATCH)}
        shapes = _like_signature(plan, [batch for _ in examples])
    with _quiet():
        program = torch.onnx.export(
            plan.module,
            tuple(examples.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(plan.inputs),
            output_names=list(plan.outputs),
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def _like_signature(plan: Plan, shapes: Sequence[object]) -> tuple[object, ...]:
    """One entry per argument; the generators' maps are one argument, `*maps`."""
    if len(shapes) == 1:
        return tuple(shapes)
    code, motion, *maps = shapes
    return code, motion, tuple(maps)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter warns of and nobody can act on.

    That is torchvision, which nothing here uses, torch's own calls, and that one name of a free
    axis stands for all others of the same length.
    """
    loggers = [logging.getLogger(name) for name in NOISY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", "# The axis name", UserWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _tidy(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they quote source paths, and no runtime reads them."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for tensor in [*model.graph.input, *model.graph.output]:
        del tensor.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]


def _spec(tensor: onnx.ValueInfoProto) -> TensorSpec:
    kind = tensor.type.tensor_type
    lengths = [axis.dim_param or axis.dim_value for axis in kind.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    # A free length has one name in all tensors, whatever the exporter derived for an output.
    shape = [BATCH if isinstance(length, str) else length for length in lengths]
    return TensorSpec(dtype=str(dtype), shape=tuple(shape))
