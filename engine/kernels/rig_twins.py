"""The slow twins of the rig's kernels, in NumPy; `RigKernels` in rig_fast.py has the fast ones."""

import numpy as np
import torch
from numpy.typing import NDArray

from engine.kernels.pictures import BT709, Format
from engine.kernels.pictures_twins import encoded
from engine.kernels.rig_frame import RigFrame

Floats = NDArray[np.float32]
SLACK = 0.05
"""Pixels that a triangle reaches beyond its edges, so that none on a shared edge is left out."""


def rig_cover(frame: RigFrame) -> tuple[NDArray[np.int16], Floats]:
    """The nearest triangle of each pixel of the mesh's box or -1; and the hull, 1 or 0."""
    left, top, right, bottom = frame.box
    rows, columns = np.indices((bottom - top, right - left)).astype(np.float32)
    ids = np.full(rows.shape, -1, np.int16)
    for index, corners in enumerate(frame.corners):
        ids[_holds(corners, columns, rows)] = index
    hull = (ids >= 0) | _inside(frame.outline, columns, rows)
    return ids, hull.astype(np.float32)


def rig_window(plane: Floats, reach: int, *, is_along_row: bool, takes_mean: bool) -> Floats:
    """The least or the mean of 2 reach + 1 neighbours along each row or column."""
    plane = plane if is_along_row else plane.T
    padded = np.pad(plane, ((0, 0), (reach, reach)), mode="reflect" if takes_mean else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)
    found = windows.mean(axis=-1) if takes_mean else windows.min(axis=-1)
    return np.ascontiguousarray(found if is_along_row else found.T, np.float32)


def rig_seam(hull: Floats, reach: int) -> Floats:
    """1 well inside the hull, softly to 0 at its border: eroded, then blurred."""
    for takes_mean in (False, True):
        for is_along_row in (True, False):
            hull = rig_window(hull, reach, is_along_row=is_along_row, takes_mean=takes_mean)
    return hull


def rig_warp(
    person: NDArray[np.uint8],
    background: NDArray[np.uint8] | None,
    frame: RigFrame,
    picture_format: Format,
    *,
    matrix: tuple[float, float] = BT709,
) -> NDArray[np.uint8]:
    """The picture.

    Args:
        person: (H, W, 4), RGB times opacity, and opacity.
        background: (H, W, 3), or None where the person fills the picture.
        frame: where everything goes.
        picture_format: what to return.
        matrix: kr and kb of YUV.

    Returns:
        `picture_format.shape(H, W)`.
    """
    x, y = _flow(frame, person.shape[:2])
    fetched = _fetch(person, x, y)
    rgb = fetched[..., :3]
    if background is not None:
        rgb = rgb + background * (1.0 - fetched[..., 3:] / 255.0)
    for patch in frame.patches:
        height, width = patch.pixels.shape[:2]
        region = rgb[patch.top : patch.top + height, patch.left : patch.left + width]
        mask = patch.pixels[..., 3:].astype(np.float32) / 255.0
        region += (patch.pixels[..., :3] - region) * mask
    planes = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float32))[None]
    written: NDArray[np.uint8] = encoded(planes, picture_format, matrix)[0].numpy()
    return written


def _flow(frame: RigFrame, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Where each pixel of the picture comes from."""
    rows, columns = np.indices(size).astype(np.float32)
    x, y = columns + _field(frame, columns, rows, 0), rows + _field(frame, columns, rows, 1)
    ids, hull = rig_cover(frame)
    share = rig_seam(hull, frame.seam_reach) * (ids >= 0)
    left, top, right, bottom = frame.box
    v, u = np.indices(ids.shape).astype(np.float32)
    a = frame.affine[ids]  # -1 is the last triangle, and its share is 0
    for whole, first in ((x, 0), (y, 3)):
        own = a[..., first] * u + a[..., first + 1] * v + a[..., first + 2]
        part = whole[top:bottom, left:right]
        part += (own - part) * share
    return x, y


def _field(frame: RigFrame, columns: Floats, rows: Floats, axis: int) -> Floats:
    """The head's field at each pixel: bilinear between nodes, 0 outside them."""
    u = (columns - frame.field_corner[0]) / frame.spacing
    v = (rows - frame.field_corner[1]) / frame.spacing
    high, wide = frame.field.shape[:2]
    outside = (u < 0) | (v < 0) | (u > wide - 1) | (v > high - 1)
    column, row = u.clip(0, wide - 2).astype(int), v.clip(0, high - 2).astype(int)
    right, down = u - column, v - row
    nodes = frame.field[..., axis]
    above = nodes[row, column] * (1 - right) + nodes[row, column + 1] * right
    below = nodes[row + 1, column] * (1 - right) + nodes[row + 1, column + 1] * right
    return np.where(outside, 0.0, above * (1 - down) + below * down).astype(np.float32)


def _fetch(picture: NDArray[np.uint8], x: Floats, y: Floats) -> Floats:
    height, width = picture.shape[:2]
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    x0, y0 = x.astype(int), y.astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    right, down = (x - x0)[..., None], (y - y0)[..., None]
    above = picture[y0, x0] * (1 - right) + picture[y0, x1] * right
    below = picture[y1, x0] * (1 - right) + picture[y1, x1] * right
    return np.asarray(above * (1 - down) + below * down, np.float32)


def _holds(corners: Floats, x: Floats, y: Floats) -> NDArray[np.bool_]:
    (ax, ay), (bx, by), (cx, cy) = corners
    way = -1.0 if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) < 0 else 1.0
    inside = np.ones(x.shape, bool)
    for (px, py), (qx, qy) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = way * ((qx - px) * (y - py) - (qy - py) * (x - px))
        inside &= side >= -SLACK * (abs(qx - px) + abs(qy - py))
    return inside


def _inside(outline: Floats, x: Floats, y: Floats) -> NDArray[np.bool_]:
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, 1, axis=0), strict=True):
        if ay == by:
            continue  # no row lies between them
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside
