"""The three operations that MediaPipe's attention network adds to TensorFlow Lite, for OpenVINO.

The network places a coarse mesh, cuts lips and eyes out of its own feature map, and places them
again. Its operations are not TensorFlow's, so each is written here with OpenVINO's own: fit a
rotated box around a region's points, sample the feature map in it, and map points of the box back.
A box is a (1, 4, 4) matrix from its own pixels to those of the feature map, as if both lay in
space: [linear, 0, shift] in its first two rows.
Formulas: mediapipe/util/tflite/operations, version 2 of each.
"""

from typing import Any

import numpy as np
from openvino import opset13 as ops
from openvino.frontend import ConversionExtension

from engine.faces.topology import (
    LEFT_EYE,
    LEFT_EYE_INNER,
    LIPS,
    MOUTH_RIGHT,
    RIGHT_EYE,
    RIGHT_EYE_OUTER,
)

REGIONS = {MOUTH_RIGHT: LIPS, RIGHT_EYE_OUTER: RIGHT_EYE, LEFT_EYE_INNER: LEFT_EYE}
"""The points that a box must hold, by the point at its left end. The file states the same lists,
in a form that OpenVINO's reader cannot hand over."""


def extensions() -> list[ConversionExtension]:
    """What OpenVINO's reader must know before it reads the network."""
    return [
        ConversionExtension("Landmarks2TransformMatrix", box_around),
        ConversionExtension("TransformTensorBilinear", sample_in_box),
        ConversionExtension("TransformLandmarks", points_from_box),
    ]


def box_around(node: Any) -> list[Any]:  # noqa: ANN401 (OpenVINO has no types)
    """(1, 468, 3) points -> the rotated box around a region, enlarged by the node's scale."""
    points = node.get_input(0)
    left, right = (node.get_attribute(f"{end}_rotation_idx") for end in ("left", "right"))
    size = [node.get_attribute(f"output_{side}") for side in ("width", "height")]
    scale = [node.get_attribute(f"scale_{axis}") for axis in ("x", "y")]

    ends = ops.gather(points, [left, right], 1)
    along = _xy(ops.subtract(ops.gather(ends, [1], 1), ops.gather(ends, [0], 1)))  # (1, 1, 2)
    length = ops.sqrt(ops.reduce_sum(ops.multiply(along, along), [2], keep_dims=True))
    along = ops.divide(along, length)
    across = ops.multiply(ops.gather(along, [1, 0], 2), _floats([-1.0, 1.0]))  # (1, 1, 2)
    axes = ops.concat([along, across], 1)  # (1, 2, 2), one axis of the box a row

    region = _xy(ops.gather(points, list(REGIONS[left]), 1))
    upright = _times(region, ops.transpose(axes, [0, 2, 1]))  # (1, N, 2)
    low = ops.reduce_min(upright, [1], keep_dims=True)
    high = ops.reduce_max(upright, [1], keep_dims=True)
    middle = _times(ops.multiply(ops.add(low, high), _floats(0.5)), axes)
    unit = ops.multiply(ops.subtract(high, low), _floats(np.divide(scale, size)))  # (1, 1, 2)

    linear = ops.multiply(ops.transpose(axes, [0, 2, 1]), unit)
    corner = _times(linear, _floats(np.reshape(size, (1, 2, 1)) * -0.5))
    shift = ops.add(ops.transpose(middle, [0, 2, 1]), corner)
    flat = ops.concat([linear, _floats(np.zeros((1, 2, 1))), shift], 2)
    rest = _floats([[[0, 0, 1, 0], [0, 0, 0, 1]]])
    return list(ops.concat([flat, rest], 1).outputs())


def sample_in_box(node: Any) -> list[Any]:  # noqa: ANN401
    """Features (1, H, W, C) and a box -> the features in the box, (1, height, width, C)."""
    features, (linear, shift) = node.get_input(0), _split(node.get_input(1))
    height, width = (node.get_attribute(f"output_{side}") for side in ("height", "width"))
    source = features.get_shape()
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    at = _mapped(_floats(np.stack([x.ravel(), y.ravel()], axis=-1)[None]), linear, shift)
    # grid_sample counts from -1 to 1 between the outer edges, as these coordinates do in pixels.
    grid = ops.subtract(ops.multiply(at, _floats([2 / source[2], 2 / source[1]])), _floats(1.0))
    sampled = ops.grid_sample(
        ops.transpose(features, [0, 3, 1, 2]),
        ops.reshape(grid, [1, height, width, 2], special_zero=False),
        {"align_corners": False, "mode": "bilinear", "padding_mode": "zeros"},
    )
    return list(ops.transpose(sampled, [0, 2, 3, 1]).outputs())


def points_from_box(node: Any) -> list[Any]:  # noqa: ANN401
    """Points (1, N, 2) of a box, and the box -> the points in the feature map."""
    return list(_mapped(node.get_input(0), *_split(node.get_input(1))).outputs())


def _split(box: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """(1, 4, 4) -> linear (1, 2, 2) and shift (1, 1, 2)."""
    rows = ops.gather(box, [0, 1], 1)
    return ops.gather(rows, [0, 1], 2), ops.transpose(ops.gather(rows, [3], 2), [0, 2, 1])


def _mapped(points: Any, linear: Any, shift: Any) -> Any:  # noqa: ANN401
    """Points (1, N, 2) through a box."""
    return ops.add(_times(points, ops.transpose(linear, [0, 2, 1])), shift)


def _times(one: Any, other: Any) -> Any:  # noqa: ANN401
    """Matrix product."""
    return ops.matmul(one, other, transpose_a=False, transpose_b=False)


def _xy(points: Any) -> Any:  # noqa: ANN401
    """(1, N, 3) -> (1, N, 2)."""
    return ops.gather(points, [0, 1], 2)


def _floats(values: Any) -> Any:  # noqa: ANN401
    return ops.constant(np.asarray(values, np.float32))
