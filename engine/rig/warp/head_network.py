"""The network that knows heads: from what surrounds a face, how deep it lies and how it turns.

A U-net of 64 x 64 cells, run once for a portrait: in numpy some 20 ms, so it needs no runtime, and
nothing is compiled. `training/own_head` makes its weights; `HeadNet.forward` there is the same.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS = 64
"""Side of what goes in and comes out."""

CHANNELS, FIELDS = 9, 3

_GROUPS = 4
_LEAST_VARIANCE = 1e-5
"""As in torch's GroupNorm."""

Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = dict[str, Floats]


@cache
def shipped() -> Weights:
    """The weights that ship."""
    data = files("engine").joinpath("assets/rig/own_head.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def run(weights: Weights, cells: Floats) -> Floats:
    """(9, 64, 64) -> (3, 64, 64), the mean of what is said of a head and of its mirror image."""
    mirrored = cells[..., ::-1].copy()
    mirrored[7] *= -1.0
    other = _forward(weights, mirrored)[..., ::-1]
    # In the mirror a turn goes the other way, and outward is the other side.
    other = np.stack([other[0], -other[2], -other[1]])
    return (_forward(weights, cells) + other) / np.float32(2.0)


def _forward(weights: Weights, cells: Floats) -> Floats:
    fine = _block(weights, "a", cells)
    half = _block(weights, "b", fine, stride=2)
    quarter = _block(weights, "c", half, stride=2)
    eighth = _block(weights, "d", quarter, stride=2)
    quarter = _block(weights, "uc", np.concatenate([_doubled(eighth), quarter]))
    half = _block(weights, "ub", np.concatenate([_doubled(quarter), half]))
    return _doubled(_convolved(half, weights["out.weight"], weights["out.bias"]))


def _block(weights: Weights, name: str, features: Floats, stride: int = 1) -> Floats:
    """Convolved, normalised in groups of channels, and convolved again."""
    first, norm, second = (
        (weights[f"{name}.{layer}.weight"], weights[f"{name}.{layer}.bias"]) for layer in (0, 1, 3)
    )
    features = _convolved(features, *first, stride=stride)
    groups = features.reshape(_GROUPS, -1)
    groups = groups - groups.mean(axis=1, keepdims=True)
    groups /= np.sqrt((groups**2).mean(axis=1, keepdims=True) + np.float32(_LEAST_VARIANCE))
    scale, offset = (each[:, None, None] for each in norm)
    features = _silu(groups.reshape(features.shape) * scale + offset)
    return _silu(_convolved(features, *second))


def _convolved(features: Floats, kernel: Floats, bias: Floats, stride: int = 1) -> Floats:
    """(C, H, W) by kernels (O, C, 3, 3), with zeros around -> (O, H / stride, W / stride)."""
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]  # (C, H, W, 3, 3)
    _, rows, columns = windows.shape[:3]
    flat = windows.transpose(0, 3, 4, 1, 2).reshape(-1, rows * columns)
    found = kernel.reshape(len(kernel), -1) @ flat + bias[:, None]
    return np.asarray(found.reshape(-1, rows, columns), np.float32)


def _silu(features: Floats) -> Floats:
    return np.asarray(features / (1.0 + np.exp(-features)), np.float32)


def _doubled(features: Floats) -> Floats:
    """Twice as many rows and columns, bilinearly."""
    size = 2 * features.shape[2], 2 * features.shape[1]
    return np.stack([np.asarray(cv2.resize(plane, size)) for plane in features])
