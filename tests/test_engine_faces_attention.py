from collections.abc import Callable
from math import cos, sin
from typing import Any

import numpy as np
import openvino
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops

from engine.faces.attention import box_around, points_from_box, sample_in_box
from engine.faces.topology import LIPS, MOUTH_LEFT, MOUTH_RIGHT
from engine.openvino_core import openvino_core

SIZE = 16
ATTRIBUTES = {
    "left_rotation_idx": MOUTH_RIGHT,
    "right_rotation_idx": MOUTH_LEFT,
    "output_width": SIZE,
    "output_height": SIZE,
    "scale_x": 1.5,
    "scale_y": 1.5,
}


class FakeNode:
    """A node as OpenVINO's reader hands it over."""

    def __init__(self, inputs: list[Any]) -> None:
        self.inputs = inputs

    def get_input(self, index: int) -> Any:  # noqa: ANN401 (OpenVINO has no types)
        return self.inputs[index].output(0)

    def get_attribute(self, name: str) -> Any:  # noqa: ANN401
        return ATTRIBUTES[name]


def run(operation: Callable[[Any], list[Any]], *arrays: NDArray[Any]) -> NDArray[np.float32]:
    inputs = [ops.parameter(array.shape, np.float32) for array in arrays]
    model = openvino.Model(operation(FakeNode(inputs)), inputs)
    compiled = openvino_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result: NDArray[np.float32] = compiled([a.astype(np.float32) for a in arrays])[0]
    return result


def mouth(width: float, height: float, angle: float, x: float, y: float) -> NDArray[np.float64]:
    """(1, 468, 3): lips on a turned rectangle; every other point far away."""
    points = np.full((1, 468, 3), 1000.0)
    flat = np.random.default_rng(0).uniform(-0.4, 0.4, (len(LIPS), 2))
    flat[:4] = [(-0.5, 0.1), (0.5, 0.1), (0.0, -0.5), (0.0, 0.5)]
    rows = [MOUTH_RIGHT, MOUTH_LEFT]
    rows += [index for index in LIPS if index not in rows]
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    points[0, rows, :2] = (flat * [width, height]) @ turn.T + [x, y]
    return points


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_a_box_holds_its_region_turned_and_enlarged(angle: float) -> None:
    box = run(box_around, mouth(8, 4, angle, 20, 30))[0]
    across = np.array([cos(angle), sin(angle), 0, 0]) * 8 * 1.5 / SIZE
    down = np.array([-sin(angle), cos(angle), 0, 0]) * 4 * 1.5 / SIZE
    np.testing.assert_allclose(box[:2, 0], across[:2], atol=1e-5)
    np.testing.assert_allclose(box[:2, 1], down[:2], atol=1e-5)
    np.testing.assert_allclose(box @ [SIZE / 2, SIZE / 2, 0, 1], [20, 30, 0, 1], atol=1e-4)


def test_points_of_a_box_come_back_where_they_were() -> None:
    box = run(box_around, mouth(8, 4, 0.7, 20, 30))
    inside = np.random.default_rng(1).uniform(0, SIZE, (1, 9, 2))
    expected = inside @ box[0, :2, :2].T + box[0, :2, 3]
    np.testing.assert_allclose(run(points_from_box, inside, box), expected, atol=1e-4)


def test_sampling_reads_the_features_at_the_pixels_middles() -> None:
    y, x = np.mgrid[:48, :48].astype(np.float64)
    features = np.stack([x, y], axis=-1)[None]  # each pixel holds its own place
    box = run(box_around, mouth(8, 4, 0.3, 20, 30))
    column, row = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    places = np.stack([column, row], axis=-1) @ box[0, :2, :2].T + box[0, :2, 3] - 0.5
    np.testing.assert_allclose(run(sample_in_box, features, box)[0], places, atol=1e-3)


def test_beyond_the_features_there_is_nothing() -> None:
    box = run(box_around, mouth(8, 4, 0.0, -30, -30))
    assert not run(sample_in_box, np.ones((1, 48, 48, 2)), box).any()
