"""The refiner's corrections, laid over the rig's picture.

`steer` is (height, width, 3): flow right and down in px of the crop, and what is kept, 0..1;
`added` is (height, width, 3) in 0..255. Both are float32.
"""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.refine.head_crop import HeadCrop
from engine.rig.warp.grid import Box

Map = NDArray[np.float32]
T = TypeVar("T", Map, Pixels)

_MARGIN_PX = 1

_LEAST_FLOW, _LEAST_SHARE, _LEAST_LEVEL = 0.15, 0.008, 1.0
"""Px of the crop, share and levels below which nothing is to be seen."""


def fade(steer: Map, added: Map, mask: Map) -> None:
    """Scale corrections in place by `mask` (height, width) in 0..1."""
    # All channels at once: NumPy is slow where it steps over the last axis.
    three = np.asarray(cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB), np.float32)
    steer *= three
    steer[..., 2] += 1.0 - mask
    added *= three


def apply_corrections(picture: Pixels, crop: HeadCrop, steer: Map, added: Map) -> None:
    """picture[at + flow] * keep + added, in place, at the picture's resolution.

    `steer` is (height, width, 3): flow right and down in px of the crop, and what is kept;
    `added` is (height, width, 3) in 0..255.
    """
    part = _changed(steer, added)
    if part is None:
        return
    left, top, right, bottom = _box(crop, part, picture.shape[:2])
    if right - left < 2 or bottom - top < 2:
        return
    to_crop = crop.to_crop.copy()
    to_crop[:, 2] += to_crop[:, :2] @ (left, top)
    size = right - left, bottom - top
    at = _sources(steer, crop, to_crop, (left, top), size)
    shown = cv2.remap(picture, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    # Whole levels, light and dark apart: OpenCV enlarges bytes several times as fast as floats.
    lost = cv2.convertScaleAbs(steer[..., 2], alpha=-255.0, beta=255.0)
    lighter = _enlarged(_bytes(added), to_crop, size)
    darker_and_lost = _enlarged(np.dstack([_bytes(-added), lost]), to_crop, size)
    keep = cv2.cvtColor(255 - darker_and_lost[..., 3], cv2.COLOR_GRAY2RGB)
    cv2.multiply(shown, keep, dst=shown, scale=1.0 / 255.0)
    cv2.add(shown, lighter, dst=shown)
    darker = cv2.cvtColor(darker_and_lost, cv2.COLOR_RGBA2RGB)
    cv2.subtract(shown, darker, dst=picture[top:bottom, left:right])


def _sources(
    steer: Map, crop: HeadCrop, to_crop: Array, corner: tuple[int, int], size: tuple[int, int]
) -> Map:
    """(h, w, 2) px of the picture: where each pixel of the box at `corner` comes from.

    Made at every second pixel and enlarged, since it is smooth; with a rim of one such node around.
    """
    # The flow is in the crop's px and axes; the picture's are turned and scaled against them.
    turned = np.asarray(steer[..., :2] @ crop.from_crop[:, :2].T.astype(np.float32), np.float32)
    # Node k lies amid the pixels 2 k - 2 and 2 k - 1 of the box.
    nodes = np.hstack([2.0 * to_crop[:, :2], to_crop @ [[-1.5], [-1.5], [1.0]]])
    columns, rows = ((length + 1) // 2 + 2 for length in size)
    coarse = _enlarged(turned, nodes, (columns, rows))
    coarse[..., 0] += np.arange(columns, dtype=np.float32) * 2.0 + np.float32(corner[0] - 1.5)
    coarse[..., 1] += (np.arange(rows, dtype=np.float32) * 2.0 + np.float32(corner[1] - 1.5))[
        :, None
    ]
    large = cv2.resize(coarse, (2 * columns, 2 * rows))
    return np.asarray(large[2 : 2 + size[1], 2 : 2 + size[0]], np.float32)


def _bytes(levels: Map) -> Pixels:
    """The positive ones, rounded."""
    return np.asarray(cv2.convertScaleAbs(cv2.max(levels, 0.0)), np.uint8)  # type: ignore[call-overload]


def _changed(steer: Map, added: Map) -> Box | None:
    """Left, top, right, bottom in the crop of what a viewer could see; None for nothing."""
    every = 2  # the network's last layer works at half the crop's size
    right, down, keep = (steer[::every, ::every, channel] for channel in range(3))
    seen = (np.abs(right) > _LEAST_FLOW) | (np.abs(down) > _LEAST_FLOW)
    seen |= keep < 1.0 - _LEAST_SHARE
    for channel in range(3):
        seen |= np.abs(added[::every, ::every, channel]) > _LEAST_LEVEL
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return None
    low, high = (columns[0] - 1, rows[0] - 1), (columns[-1] + 2, rows[-1] + 2)
    return int(low[0]) * every, int(low[1]) * every, int(high[0]) * every, int(high[1]) * every


def _enlarged(maps: T, to_crop: Array, size: tuple[int, int]) -> T:
    """Maps of the crop at the picture's resolution, 0 outside."""
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(maps, to_crop, size, flags=way, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(large, maps.dtype)


def _box(crop: HeadCrop, part: Box, shape: tuple[int, ...]) -> Box:
    """The picture's part that shows this part of the crop."""
    left, top, right, bottom = part
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)
    placed = corners @ crop.from_crop[:, :2].T + crop.from_crop[:, 2]
    low = np.clip(np.floor(placed.min(axis=0)) - _MARGIN_PX, 0, (shape[1], shape[0])).astype(int)
    high = np.clip(np.ceil(placed.max(axis=0)) + _MARGIN_PX, 0, (shape[1], shape[0])).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
