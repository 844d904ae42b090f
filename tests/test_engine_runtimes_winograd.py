"""The rewritten convolutions compute what the plain ones do."""

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as op

from engine.openvino_core import openvino_core
from engine.runtimes.base import Array
from engine.runtimes.rewrite import (
    rewrite_convolutions,
    rewrite_for_cpu,
    rewrite_sampling,
    rewrite_upsampling,
)
from engine.runtimes.winograd import Transform, convolve

CONFIG = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def ran(model: ov.Model, *inputs: Array) -> list[Array]:
    request = openvino_core().compile_model(model, "CPU", CONFIG).create_infer_request()
    request.infer(dict(enumerate(inputs)))
    return [tensor.data.copy() for tensor in request.output_tensors]


def worst(result: Array, wanted: Array) -> float:
    return float(np.abs(result - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("tile", [2, 4])
def test_a_tile_of_one_row_is_the_correlation_done_by_hand(tile: int) -> None:
    transform, line, taps = Transform(tile), np.arange(tile + 2.0) ** 2, np.array([1.0, -2.0, 5.0])
    products = (transform.of_filter @ taps) * (np.array(transform.of_input) @ line)
    inputs = [op.parameter([1], np.float32) for _ in products]
    sums = transform.outputs([parameter.output(0) for parameter in inputs])
    model = ov.Model([op.result(total) for total in sums], inputs)
    results = ran(model, *(np.array([product], np.float32) for product in products))
    wanted = np.correlate(line, taps, "valid")
    np.testing.assert_allclose(np.concatenate(results), wanted, rtol=1e-4)


@pytest.mark.parametrize("tiles", [(4, 4), (2, 2), (4, 2), (2, 4), (4, 1), (1, 4), (2, 1)])
def test_every_pair_of_tiles_equals_the_plain_convolution(tiles: tuple[int, int]) -> None:
    weight = noise(24, 16, 3, 3)
    x = op.parameter([1, 16, 16, 24], np.float32)
    fast = convolve(x.output(0), weight, tiles, lambda result: result)
    plain = op.convolution(x, op.constant(weight), [1, 1], [1, 1], [1, 1], [1, 1])
    results = ran(ov.Model([op.result(fast), op.result(plain)], [x]), noise(1, 16, 16, 24, seed=1))
    assert worst(*results) < 1e-5


def styled(channels: int, size: int) -> ov.Model:
    """A convolution, a scale per channel that is an input, a bias, an activation, and a branch."""
    x = op.parameter([1, channels, size, size], np.float32)
    scale = op.parameter([1, channels, 1, 1], np.float32)
    weight = noise(channels, channels, 3, 3) / np.float32(3 * channels**0.5)
    y = op.convolution(x, op.constant(weight), [1, 1], [1, 1], [1, 1], [1, 1])
    y = op.add(op.multiply(y, scale), op.constant(noise(1, channels, 1, 1, seed=2)))
    y = op.prelu(y, op.constant(np.array([0.2], np.float32)))
    return ov.Model([op.result(op.multiply(y, scale)), op.result(op.add(y, x))], [x, scale])


@pytest.mark.parametrize("size", [16, 32])
def test_what_follows_the_convolution_pixel_by_pixel_moves_before_the_interleaving(
    size: int,
) -> None:
    plain, fast = styled(64, size), styled(64, size)
    rewrite_for_cpu(fast)
    kinds = [node.get_type_name() for node in fast.get_ordered_ops()]
    assert kinds.count("Convolution") > 1
    assert kinds.count("PRelu") > 1
    inputs = noise(1, 64, size, size, seed=3), noise(1, 64, 1, 1, seed=4)
    for result, wanted in zip(ran(fast, *inputs), ran(plain, *inputs), strict=True):
        assert worst(result, wanted) < 1e-5


def test_what_does_not_fit_a_tile_stays_a_plain_convolution() -> None:
    assert rewrite_convolutions(styled(64, 18), lambda channels, width: (4, 4)) == 0
    assert rewrite_convolutions(styled(64, 16), lambda channels, width: (1, 1)) == 0


def upsampling(inputs: int, outputs: int, size: int, border: int = 1) -> ov.Model:
    """A transposed convolution of stride 2 and a lopsided low-pass, so that no flip goes unseen."""
    x = op.parameter([1, inputs, size, size], np.float32)
    y = op.convolution_backprop_data(x, op.constant(noise(inputs, outputs, 3, 3)), strides=[2, 2])
    blur = np.broadcast_to(np.arange(16, dtype=np.float32).reshape(4, 4), (outputs, 1, 1, 4, 4))
    sides = [border, border]
    y = op.group_convolution(y, op.constant(blur), [1, 1], sides, sides, [1, 1])
    return ov.Model([op.result(op.relu(y))], [x])


def test_upsampling_by_phases_equals_the_transposed_convolution() -> None:
    plain, fast = upsampling(8, 6, 9), upsampling(8, 6, 9)
    assert rewrite_upsampling(fast) == 1
    picture = noise(1, 8, 9, 9, seed=5)
    (result,), (wanted,) = ran(fast, picture), ran(plain, picture)
    assert result.shape == wanted.shape
    assert worst(result, wanted) < 1e-5


def test_an_upsampling_with_another_low_pass_is_left_alone() -> None:
    assert rewrite_upsampling(upsampling(8, 6, 9, border=2)) == 0


def sampling(channels: int, size: int) -> ov.Model:
    planes = op.parameter([1, channels, size, size], np.float32)
    grid = op.parameter([1, size, size, 2], np.float32)
    settings = {"align_corners": False, "mode": "bilinear", "padding_mode": "zeros"}
    return ov.Model([op.result(op.grid_sample(planes, grid, settings))], [planes, grid])


def test_sampling_in_groups_equals_sampling_all_planes_at_once() -> None:
    plain, fast = sampling(32, 128), sampling(32, 128)
    assert rewrite_sampling(fast) == 1
    inputs = noise(1, 32, 128, 128), noise(1, 128, 128, 2, seed=6)
    (result,), (wanted,) = ran(fast, *inputs), ran(plain, *inputs)
    np.testing.assert_array_equal(result, wanted)
    assert rewrite_sampling(sampling(32, 64)) == 0
    assert rewrite_sampling(sampling(3, 128)) == 0
