"""PyTorch, the reference: each node of a graph by the torch function of the same meaning.

Nothing is fused or rearranged, so this says what a bundle means. It needs torch and onnx (the extra
`export`), and is slow. One line per operation; a graph with another operation is refused by name.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import onnx
import torch
from google.protobuf.message import DecodeError
from torch import Tensor
from torch.nn import functional as F

from engine.errors import BundleError
from engine.manifest import GraphSpec
from engine.runtimes.base import Array, Arrays, Graph, check_inputs, check_names
from engine.runtimes.registry import TORCH

Settings: TypeAlias = Mapping[str, Any]
"""A node's attributes, as onnx decodes them."""


class Torch:
    """Runs graphs node by node on the CPU."""

    name = TORCH.name

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)  # torch has one setting for the whole process

    def load(self, path: Path, spec: GraphSpec) -> "TorchGraph":
        """Read one ONNX file."""
        try:
            model = onnx.load(path)
        except DecodeError as error:
            raise BundleError(
                f"{path} is no ONNX file ({error}). Import or export the model again."
            ) from None
        inputs = {tensor.name for tensor in model.graph.input}
        check_names(path, inputs, {tensor.name for tensor in model.graph.output}, spec)
        unknown = sorted({node.op_type for node in model.graph.node} - OPERATIONS.keys())
        if unknown:
            raise BundleError(
                f"{path} uses {', '.join(unknown)}, which the torch backend does not know. "
                "Use --backend openvino."
            )
        return TorchGraph(model.graph, spec)


class TorchGraph(Graph):
    """One graph: its nodes in order, and its constants."""

    def __init__(self, graph: onnx.GraphProto, spec: GraphSpec) -> None:
        self._spec = spec
        self._nodes = list(graph.node)
        self._settings = [
            {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            for node in self._nodes
        ]
        self._constants = {
            tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
            for tensor in graph.initializer
        }

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, Array]]:
        """All outputs by name."""
        yield self.run(inputs)

    def run(self, inputs: Arrays) -> dict[str, Array]:
        """All outputs by name; these arrays are the caller's."""
        check_inputs(self._spec, inputs)
        values = self._constants | {
            name: torch.from_numpy(array.copy()) for name, array in inputs.items()
        }
        with torch.inference_mode():
            for node, settings in zip(self._nodes, self._settings, strict=True):
                arguments = [values[name] if name else None for name in node.input]
                result = OPERATIONS[node.op_type](settings, *arguments)
                results = result if isinstance(result, tuple) else (result,)
                values |= zip(node.output, results, strict=True)
        return {name: values[name].numpy() for name in self._spec.outputs}


def conv(s: Settings, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One-dimensional without a border; two-dimensional, whose border may differ by side."""
    if x.ndim == 3:
        if any(s.get("pads", ())):
            raise BundleError("the torch backend has no one-dimensional convolution with a border")
        strides, dilations = tuple(s.get("strides", (1,))), tuple(s.get("dilations", (1,)))
        return F.conv1d(x, weight, bias, strides, 0, dilations, s.get("group", 1))
    top, left, bottom, right = s.get("pads", (0, 0, 0, 0))
    x = F.pad(x, (left, right, top, bottom))
    strides, dilations = tuple(s.get("strides", (1, 1))), tuple(s.get("dilations", (1, 1)))
    return F.conv2d(x, weight, bias, strides, 0, dilations, s.get("group", 1))


def conv_transpose(s: Settings, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Two-dimensional, cropped by the same on opposite sides."""
    top, left, bottom, right = s.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        raise BundleError("the torch backend has no transposed convolution with uneven pads")
    strides, extra = tuple(s.get("strides", (1, 1))), tuple(s.get("output_padding", (0, 0)))
    return F.conv_transpose2d(x, weight, bias, strides, (top, left), extra, s.get("group", 1))


def average_pool(s: Settings, x: Tensor) -> Tensor:
    """Two-dimensional, without a border."""
    if any(s.get("pads", ())) or s.get("ceil_mode"):
        raise BundleError("the torch backend has no average over a border")
    kernel = tuple(s["kernel_shape"])
    return F.avg_pool2d(x, kernel, tuple(s.get("strides", (1, 1))))


def max_pool(s: Settings, x: Tensor) -> Tensor:
    """Two-dimensional, with the same border on opposite sides."""
    top, left, bottom, right = s.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right) or s.get("ceil_mode"):
        raise BundleError("the torch backend has no maximum over uneven borders")
    strides, dilations = tuple(s.get("strides", (1, 1))), tuple(s.get("dilations", (1, 1)))
    return F.max_pool2d(x, tuple(s["kernel_shape"]), strides, (top, left), dilations)


def batch_norm(
    s: Settings, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    """As at inference: with statistics that are known."""
    return F.batch_norm(x, mean, variance, scale, bias, eps=s.get("epsilon", 1e-5))


def resize(
    s: Settings,
    x: Tensor,
    _: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    """Bilinear by constant factors or to a constant size, with pixels' centres at halves."""
    place = s.get("coordinate_transformation_mode", b"half_pixel")
    if (s.get("mode", b"nearest"), place, s.get("antialias", 0)) != (b"linear", b"half_pixel", 0):
        raise BundleError("the torch backend resizes bilinearly, with half-pixel centres, only")
    if sizes is not None:
        return F.interpolate(x, size=sizes.tolist()[2:], mode="bilinear", align_corners=False)
    assert scales is not None  # ONNX gives one of both
    return F.interpolate(x, scale_factor=scales.tolist()[2:], mode="bilinear", align_corners=False)


def depth_to_space(s: Settings, x: Tensor) -> Tensor:
    """Channels to pixels; torch's order of channels is CRD in ONNX."""
    if s.get("mode", b"DCR") != b"CRD":
        raise BundleError("the torch backend has DepthToSpace in the order CRD only")
    return F.pixel_shuffle(x, s["blocksize"])


def reduce_sum(s: Settings, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Over the axes named, or over all."""
    named = list(range(x.ndim)) if axes is None else axes.tolist()
    return x.sum(dim=named, keepdim=bool(s.get("keepdims", 1)))


def reduce_mean(s: Settings, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Over the axes named, or over all."""
    named = list(range(x.ndim)) if axes is None else axes.tolist()
    return x.mean(dim=named, keepdim=bool(s.get("keepdims", 1)))


def gemm(s: Settings, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """Two matrices' product and a third matrix, each with a factor."""
    product: Tensor = (a.T if s.get("transA") else a) @ (b.T if s.get("transB") else b)
    product = product * s.get("alpha", 1.0)
    return product if c is None else product + c * s.get("beta", 1.0)


def cut(
    _: Settings,
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    """Slice, with positive steps."""
    axes = torch.arange(len(starts)) if axes is None else axes
    steps = torch.ones_like(starts) if steps is None else steps
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[int(axis)] = slice(int(start), int(end), int(step))
    return x[tuple(index)]


def unsqueeze(_: Settings, x: Tensor, axes: Tensor) -> Tensor:
    """Axes of length 1, counted in the result."""
    for axis in sorted(int(axis) % (x.ndim + len(axes)) for axis in axes):
        x = x.unsqueeze(axis)
    return x


def reshape(s: Settings, x: Tensor, shape: Tensor) -> Tensor:
    """A length of 0 is that of the input."""
    lengths = [int(length) for length in shape]
    if not s.get("allowzero"):
        lengths = [length or x.shape[axis] for axis, length in enumerate(lengths)]
    return x.reshape(lengths)


def grid_sample(s: Settings, x: Tensor, grid: Tensor) -> Tensor:
    """Bilinear is `linear` in ONNX."""
    modes = {b"linear": "bilinear", b"bilinear": "bilinear", b"nearest": "nearest"}
    return F.grid_sample(
        x,
        grid,
        mode=modes[s.get("mode", b"linear")],
        padding_mode=s.get("padding_mode", b"zeros").decode(),
        align_corners=bool(s.get("align_corners", 0)),
    )


def split(s: Settings, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    """Into parts of stated sizes, or into so many of the same size but the last."""
    axis: int = s.get("axis", 0)
    if sizes is None:
        return torch.split(x, -(-x.shape[axis] // s["num_outputs"]), dim=axis)
    return torch.split(x, [int(size) for size in sizes], dim=axis)


def cast(s: Settings, x: Tensor) -> Tensor:
    """To another type of number."""
    kinds = {onnx.TensorProto.FLOAT: torch.float32, onnx.TensorProto.FLOAT16: torch.float16}
    kinds[onnx.TensorProto.INT64] = torch.int64
    return x.to(kinds[s["to"]])


OPERATIONS: dict[str, Callable[..., Tensor | tuple[Tensor, ...]]] = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": cast,
    "Concat": lambda s, *parts: torch.cat(parts, dim=s["axis"]),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DepthToSpace": depth_to_space,
    "Div": lambda _, a, b: a / b,
    "Gemm": gemm,
    "GridSample": grid_sample,
    "Identity": lambda _, x: x,
    "LeakyRelu": lambda s, x: F.leaky_relu(x, s.get("alpha", 0.01)),
    "MatMul": lambda _, a, b: a @ b,
    "MaxPool": max_pool,
    "Mul": lambda _, a, b: a * b,
    "Pow": lambda _, a, b: a**b,
    "Reciprocal": lambda _, x: 1 / x,
    "ReduceMean": reduce_mean,
    "ReduceSum": reduce_sum,
    "Relu": lambda _, x: torch.relu(x),
    "Reshape": reshape,
    "Resize": resize,
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Slice": cut,
    "Softmax": lambda s, x: torch.softmax(x, dim=s.get("axis", -1)),
    "Split": split,
    "Sqrt": lambda _, x: torch.sqrt(x),
    "Sub": lambda _, a, b: a - b,
    "Tanh": lambda _, x: torch.tanh(x),
    "Transpose": lambda s, x: x.permute(tuple(s["perm"])),
    "Unsqueeze": unsqueeze,
}
