"""The refiner's corrections: faded where the rig knows better, laid over the rig's picture.

`steer` is (height, width, 3): flow right and down in px of the crop, and what is kept, 0..1;
`added` is (height, width, 3) in 0..255. Both are float32.
"""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.head_crop import HeadCrop
from engine.rig.painting import Box

Map = NDArray[np.float32]
T = TypeVar("T", Map, Pixels)

_MARGIN_PX = 1

_LEAST_FLOW, _LEAST_SHARE, _LEAST_LEVEL = 0.15, 0.008, 1.0
"""Px of the crop, share and levels below which nothing is to be seen."""

_RIM = np.ones((9, 9), np.uint8)
"""Twice the width of the face's rim over which corrections fade, px of the crop."""

_REACH, _FLATNESS = 1.15, 1.4
"""Half the width of what is left to the rig, over the contour's; and its width over its height."""


def leave_to_rig(steer: Map, added: Map, contour: Array, share: float) -> None:
    """Take corrections in and around a contour back, in place; share 1 takes all, 0 none.

    Args:
        steer: see `lay_over`.
        added: likewise.
        contour: (N, 2) px of the crop, of an eye or the mouth.
        share: 0..1.
    """
    reach = np.linalg.norm(contour.max(axis=0) - contour.min(axis=0)) * _REACH
    middle = contour.mean(axis=0)
    size = steer.shape[1], steer.shape[0]
    low = np.clip(np.floor(middle - reach), 0, size).astype(int)
    high = np.clip(np.ceil(middle + reach), 0, size).astype(int)
    if share <= 0.0 or (high <= low).any():
        return
    x = (np.arange(low[0], high[0], dtype=np.float32) - np.float32(middle[0])) / np.float32(reach)
    y = (np.arange(low[1], high[1], dtype=np.float32) - np.float32(middle[1])) / np.float32(reach)
    far = np.sqrt(x * x + np.square(y * np.float32(_FLATNESS))[:, None])
    # Smoothstep from 0.6 to 1, in place: this is in every frame.
    along = np.clip((far - np.float32(0.6)) * np.float32(2.5), 0.0, 1.0, out=far)
    stays = (along * along * (np.float32(3.0) - 2.0 * along) - 1.0) * np.float32(share) + 1.0
    part = slice(low[1], high[1]), slice(low[0], high[0])
    _fade(steer[part], added[part], stays)


def keep_inside(outline: Array, steer: Map, added: Map) -> None:
    """Take back, in place, what lies outside the face: at a far cheek it would smear the collar."""
    face = np.zeros(steer.shape[:2], np.uint8)
    cv2.fillPoly(face, [np.round(outline).astype(np.int32)], 255)
    face = np.asarray(cv2.blur(cv2.erode(face, _RIM), _RIM.shape))
    _fade(steer, added, np.asarray(face, np.float32) * np.float32(1.0 / 255.0))


def _fade(steer: Map, added: Map, stays: Map) -> None:
    """Scale corrections in place by `stays` (h, w) in 0..1."""
    # All channels at once: NumPy is slow where it steps over the last axis.
    three = np.asarray(cv2.cvtColor(stays, cv2.COLOR_GRAY2RGB), np.float32)
    steer *= three
    steer[..., 2] += 1.0 - stays
    added *= three


def lay_over(picture: Pixels, crop: HeadCrop, steer: Map, added: Map) -> None:
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
