"""Groups of the 52 coefficients: what a code of 20 directions can hold, and what is measured."""

import numpy as np
import torch
from torch import Tensor

from engine.motion import ARKIT_NAMES

_INDEX = {name: k for k, name in enumerate(ARKIT_NAMES)}

GROUPS: dict[str, dict[str, float]] = {
    "jaw": {"jawOpen": 1},
    "smile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5},
    "blink": {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
    "wink": {"eyeBlinkLeft": 1, "eyeBlinkRight": -1},
    "pucker": {"mouthPucker": 1},
    "funnel": {"mouthFunnel": 1},
    "lower lip": {"mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5},
    "upper lip": {"mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5},
    "brows up": {"browInnerUp": 1},
    "brows down": {"browDownLeft": 0.5, "browDownRight": 0.5},
    "mouth aside": {"mouthLeft": 1, "mouthRight": -1, "jawLeft": 1, "jawRight": -1},
    "gaze aside": {
        "eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5,
        "eyeLookInLeft": -0.5, "eyeLookOutRight": -0.5,
    },
}  # fmt: skip
MEASURED = ("jaw", "smile", "blink")
SIDED = ("wink", "mouth aside", "gaze aside")
"""Groups whose sign turns in a mirror."""


def groups_of(coefficients: Tensor) -> Tensor:
    """(..., 52) -> (..., groups)."""
    return coefficients @ _matrix().to(coefficients)


def mirrored_coefficients(coefficients: Tensor) -> Tensor:
    """(..., 52) of the mirrored face."""
    return coefficients[..., _other_side()]


def mirrored_poses(poses: Tensor) -> Tensor:
    """(..., 6) of the mirrored picture: yaw, roll and the shift aside turn their sign."""
    return poses * poses.new_tensor([-1, 1, -1, -1, 1, 1])


def mirrored_boxes(boxes: Tensor) -> Tensor:
    """(..., 12) of the mirrored picture: left and right change places and signs."""
    left, top, right, bottom = (boxes[..., k::4] for k in range(4))
    return torch.stack([-right, top, -left, bottom], dim=-1).flatten(-2)


def _matrix() -> Tensor:
    matrix = np.zeros((len(ARKIT_NAMES), len(GROUPS)), np.float32)
    for column, weights in enumerate(GROUPS.values()):
        for name, weight in weights.items():
            matrix[_INDEX[name], column] = weight
    return torch.from_numpy(matrix)


def _other_side() -> list[int]:
    swap = {"Left": "Right", "Right": "Left"}
    places = []
    for name in ARKIT_NAMES:
        other = name
        for side, opposite in swap.items():
            if name.endswith(side):
                other = name.removesuffix(side) + opposite
        places.append(_INDEX[other])
    return places
