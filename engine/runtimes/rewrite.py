"""Rewrites an OpenVINO model so that a CPU runs it faster; the functions stay the same.

Where and how much was measured on two AVX-512 cores, batch 1 (benchmarks/results/dpe.md).
"""

from collections.abc import Callable

import numpy as np
import openvino as ov
from openvino import opset13 as op
from openvino.passes import ConstantFolding, Manager

from engine.runtimes import winograd

SAMPLED_TOGETHER = 16
"""Planes; 4.3 ms instead of 7.8 for 128 planes of 128 x 128."""
ALIASING_BYTES = 65536

POINTWISE = {"Add": op.add, "Multiply": op.multiply, "PRelu": op.prelu, "Relu": op.relu}


def rewrite_for_cpu(model: ov.Model) -> None:
    """Apply all rewrites to a model of known shapes; what does not fit is left as it is."""
    fold_constants(model)
    rewrite_convolutions(model, tiles_for)
    rewrite_upsampling(model)
    rewrite_sampling(model)


def fold_constants(model: ov.Model) -> None:
    """Compute what does not depend on the inputs, such as the shapes that the ONNX reader asks."""
    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(model)


def tiles_for(channels: int, width: int) -> tuple[int, int]:
    """Winograd tiles (down, across) for a square map: (1, 1) is a plain convolution.

    Two axes save more products but inflate the filters and the maps: the filters decide at few
    pixels, the maps where a map does not fit into the cores' second-level caches.
    """
    if channels < 64 or width < 16:
        return 1, 1
    return {16: (4, 2), 32: (4, 4), 64: (4, 4)}.get(width, (4, 1))


def rewrite_convolutions(model: ov.Model, tiles: Callable[[int, int], tuple[int, int]]) -> int:
    """Replace 3 x 3 convolutions by their Winograd form; returns how many were."""
    count = 0
    for node in model.get_ordered_ops():
        if not is_plain_conv(node):
            continue
        _, channels, height, width = node.input(0).get_shape()
        down, across = tiles(channels, width)
        if (down, across) == (1, 1) or height % down or width % across:
            continue
        weight = node.input_value(1).get_node().data
        chain = pointwise_after(node)
        pointwise = applied(chain, node)
        result = winograd.convolve(node.input_value(0), weight, (down, across), pointwise)
        replace(chain[-1] if chain else node, result)
        count += 1
    return count


def rewrite_upsampling(model: ov.Model) -> int:
    """Replace 3 x 3 transposed convolutions of stride 2, followed by a 4 x 4 low-pass.

    The four phases of the output are convolutions of the input with 2 x 2, 2 x 1, 1 x 2 and 1 x 1
    of the nine taps: as many products, in the faster kind of convolution.
    """
    count = 0
    for node in model.get_ordered_ops():
        blur = low_pass_after(node) if is_plain_upsampling(node) else None
        if blur is None:
            continue
        weight = node.input_value(1).get_node().data.swapaxes(0, 1)  # (outputs, inputs, 3, 3)
        phases = [[phase(node.input_value(0), weight, i, j) for j in (0, 1)] for i in (0, 1)]
        # One row and column longer than the transposed convolution's result, and zero there: so
        # that side needs no border before the low-pass.
        wide = winograd.interleave(phases)
        result = op.group_convolution(wide, blur.input_value(1), [1, 1], [1, 1], [0, 0], [1, 1])
        replace(blur, result.output(0))
        count += 1
    return count


def rewrite_sampling(model: ov.Model) -> int:
    """Sample many large planes in groups, as a batch that shares its grid.

    A plane of 64 KB is as far from the next as the caches' sets repeat, so that all channels of a
    pixel fall into the same few lines; a group's planes fit beside each other.
    """
    count = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "GridSample" or node.get_input_partial_shape(0).is_dynamic:
            continue
        (batch, channels, height, width), grid = node.get_input_shape(0), node.get_input_shape(1)
        if batch != 1 or channels % SAMPLED_TOGETHER or 4 * height * width % ALIASING_BYTES:
            continue
        groups = channels // SAMPLED_TOGETHER
        shape = op.constant([groups, SAMPLED_TOGETHER, height, width])
        planes = op.reshape(node.input_value(0), shape, special_zero=False)
        shared = op.broadcast(node.input_value(1), op.constant([groups, *list(grid)[1:]]))
        sampled = op.grid_sample(planes, shared, node.get_attributes())
        whole = op.constant([1, channels, *list(grid)[1:3]])
        replace(node, op.reshape(sampled, whole, special_zero=False).output(0))
        count += 1
    return count


def phase(x: ov.Output, weight: np.ndarray, row: int, column: int) -> ov.Output:
    """Every other row and column of the transposed convolution, (1, outputs, h + 1, w + 1)."""
    # Even pixels see the taps 0 and 2, of this pixel and the one before; odd pixels see tap 1.
    taps = weight[:, :, (2, 0) if row == 0 else (1,)]
    taps = taps[:, :, :, (2, 0) if column == 0 else (1,)]
    before = [1 - row, 1 - column]
    kernel = winograd.constant(np.ascontiguousarray(taps))
    return op.convolution(x, kernel, [1, 1], before, [1, 1], [1, 1]).output(0)


def replace(old: ov.Node, new: ov.Output) -> None:
    """Let everything that read the old node's output read the new one."""
    new.get_node().set_friendly_name(f"{old.get_friendly_name()}/rewritten")
    for target in old.output(0).get_target_inputs():
        target.replace_source_output(new)


def is_plain_conv(node: ov.Node) -> bool:
    """Whether a node is a 3 x 3 convolution of stride 1 of one picture, with constant weights."""
    return node.get_type_name() == "Convolution" and _is_plain(node, stride=1, border=1)


def is_plain_upsampling(node: ov.Node) -> bool:
    """Whether a node is a 3 x 3 transposed convolution of stride 2 without any cropping."""
    return (
        node.get_type_name() == "ConvolutionBackpropData"
        and node.get_input_size() == 2
        and list(node.get_attributes()["output_padding"]) == [0, 0]
        and _is_plain(node, stride=2, border=0)
    )


def _is_plain(node: ov.Node, *, stride: int, border: int) -> bool:
    if node.get_input_partial_shape(0).is_dynamic or node.get_input_shape(0)[0] != 1:
        return False
    weight = node.input_value(1).get_node()
    attributes = node.get_attributes()
    return (
        weight.get_type_name() == "Constant"
        and weight.get_element_type() == ov.Type.f32
        and list(weight.shape[2:]) == [3, 3]
        and list(attributes["strides"]) == [stride, stride]
        and list(attributes["dilations"]) == [1, 1]
        and list(attributes["pads_begin"]) == [border, border]
        and list(attributes["pads_end"]) == [border, border]
    )


def low_pass_after(node: ov.Node) -> ov.Node | None:
    """The 4 x 4 depthwise convolution with a border of 1 that alone reads a node, if it is one."""
    targets = list(node.output(0).get_target_inputs())
    blur = targets[0].get_node() if len(targets) == 1 else node
    if blur.get_type_name() != "GroupConvolution":
        return None
    attributes = blur.get_attributes()
    fits = (
        list(blur.get_input_shape(1)[1:]) == [1, 1, 4, 4]
        and list(attributes["strides"]) == [1, 1]
        and list(attributes["dilations"]) == [1, 1]
        and list(attributes["pads_begin"]) == [1, 1]
        and list(attributes["pads_end"]) == [1, 1]
    )
    return blur if fits else None


def pointwise_after(node: ov.Node) -> list[ov.Node]:
    """The run of operations after a node that treat every pixel of a channel alike."""
    chain: list[ov.Node] = []
    while True:
        targets = list(node.output(0).get_target_inputs())
        if len(targets) != 1:
            return chain
        node = targets[0].get_node()
        others = set(range(node.get_input_size())) - {targets[0].get_index()}
        if node.get_type_name() not in POINTWISE or not all(
            is_per_channel(list(node.get_input_shape(index))) for index in others
        ):
            return chain
        chain.append(node)


def is_per_channel(shape: list[int]) -> bool:
    """Whether a tensor of this shape holds one value per channel, or one for all."""
    return int(np.prod(shape)) == 1 or (len(shape) in (3, 4) and shape[-2:] == [1, 1])


def applied(chain: list[ov.Node], start: ov.Node) -> Callable[[ov.Output], ov.Output]:
    """The chain as a function of another map than that of the node it stands behind."""

    def pointwise(x: ov.Output) -> ov.Output:
        before = start
        for node in chain:
            inputs = [
                x if value.get_node().get_instance_id() == before.get_instance_id() else value
                for value in node.input_values()
            ]
            x = POINTWISE[node.get_type_name()](*inputs).output(0)
            before = node
        return x

    return pointwise
