"""Appearances as a layer over the picture: their pixels, carried by the face mesh."""

from collections.abc import Sequence
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.bank.entries import Entry
from engine.rig.bank.places import Place
from engine.rig.paint.blend import Layer, polygon_mask
from engine.rig.warp.flow import STEP
from engine.rig.warp.grid import Box, SampleGrid


def find_layer(
    place: Place,
    entries: Sequence[Entry],
    weights: Array,
    share: float,
    target: Array,
    size: tuple[int, int],
) -> Layer | None:
    """Entries mixed by their weights, where landmarks `target` (478, 3) px take the place.

    None where the place lies outside a picture of `size` (H, W), or nothing is to be seen of it.
    """
    shown = np.flatnonzero(weights)
    if share <= 0.0 or not len(shown):
        return None
    outline = place.outline(target)
    mask, box = polygon_mask(outline, size, blur_px=place.blur_px(outline))
    if mask is None:
        return None
    mixed, covered = _fetched(entries[shown[0]], target, box)
    colours = mixed * np.float32(weights[shown[0]])
    for index in shown[1:]:
        fetched, also = _fetched(entries[index], target, box)
        colours += fetched * np.float32(weights[index])
        covered = np.minimum(covered, also)
    return Layer(box=box, colours=colours, mask=mask * covered[..., None] * np.float32(share))


def _fetched(
    entry: Entry, target: Array, box: Box
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """(h, w, 3) the entry's pixels in a box of the output, and (h, w) in 0..1 where they are."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    half = (STEP - 1) / 2.0
    grid = SampleGrid(
        left=left + half,
        top=top + half,
        step=STEP,
        columns=ceil(width / STEP),
        rows=ceil(height / STEP),
    )
    flow = entry.flower.flow(target, grid)
    x, y, covered = (
        cv2.resize(plane, None, fx=STEP, fy=STEP)[:height, :width]
        for plane in (flow.x, flow.y, flow.covered.astype(np.float32))
    )
    fetched = cv2.remap(entry.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(fetched, cv2.COLOR_RGBA2RGB), np.uint8), np.asarray(covered)
