"""From motion factors to FaceKit's weights, with the couplings that keep a face plausible."""

import numpy as np
from numpy.typing import NDArray

from training.heads.factors import Expression, Shapes

LIMIT = 1.1
"""A shape beyond this tears the lids and lips."""
GAZE_FULL_YAW_RAD = 0.55
GAZE_FULL_PITCH_RAD = 0.45
"""Gaze at which FaceKit's eyeLook shapes, which move the lids, are at 1."""

_Index = dict[str, int]


def facekit_weights(expression: Expression, names: tuple[str, ...]) -> NDArray[np.float32]:
    """Turn an expression into weights (E,) in the order of FaceKit's `names`."""
    index = {name: k for k, name in enumerate(names)}
    weights = np.zeros(len(names), np.float32)
    for shapes in (expression.emotion, expression.brows, expression.lips):
        _add(weights, index, shapes)
    _share_the_mouth(weights, index)
    _move_the_lids(weights, index, expression)
    return np.clip(weights, 0, LIMIT)


def _add(weights: NDArray[np.float32], index: _Index, shapes: Shapes) -> None:
    for name, weight in shapes.weights.items():
        if name in index:
            weights[index[name]] += weight
        else:
            weights[index[name + "_L"]] += weight * (1 + shapes.asymmetry)
            weights[index[name + "_R"]] += weight * (1 - shapes.asymmetry)


def _share_the_mouth(weights: NDArray[np.float32], index: _Index) -> None:
    """Round lips cannot smile wide; an open jaw cannot press or roll the lips."""
    rounded = min(1.0, float(max(weights[index["mouthPucker"]], weights[index["mouthFunnel"]])))
    for name in ("mouthSmile_L", "mouthSmile_R", "mouthStretch_L", "mouthStretch_R"):
        weights[index[name]] *= 1 - 0.6 * rounded
    opened = min(1.0, 2 * float(weights[index["jawOpen"]]))
    for name in ("mouthPress_L", "mouthPress_R", "mouthRollLower", "mouthRollUpper"):
        weights[index[name]] *= 1 - 0.8 * opened


def _move_the_lids(weights: NDArray[np.float32], index: _Index, expression: Expression) -> None:
    """Lids follow the gaze; a closing lid fades every other shape of the lid."""
    yaw, pitch = expression.gaze
    down, up = max(0.0, pitch), max(0.0, -pitch)
    for side, blink, outward in (
        ("_L", expression.blink[0], yaw),
        ("_R", expression.blink[1], -yaw),
    ):
        weights[index["eyeLookDown" + side]] = down / GAZE_FULL_PITCH_RAD * (1 - blink)
        weights[index["eyeLookUp" + side]] = up / GAZE_FULL_PITCH_RAD * (1 - blink)
        weights[index["eyeLookOut" + side]] = max(0.0, outward) / GAZE_FULL_YAW_RAD
        weights[index["eyeLookIn" + side]] = max(0.0, -outward) / GAZE_FULL_YAW_RAD
        weights[index["eyeWide" + side]] *= 1 - blink
        weights[index["eyeSquint" + side]] *= 1 - 0.7 * blink
        weights[index["cheekSquint" + side]] *= 1 - 0.5 * blink
        weights[index["eyeBlink" + side]] = blink
