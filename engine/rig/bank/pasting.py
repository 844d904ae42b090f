"""Appearances as a layer over the picture: their pixels, carried by the face mesh.

Flow and mask are worked out at every second to fourth pixel and enlarged, as the rig's own flow is.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.bank.entries import Entry
from engine.rig.bank.lid_line import as_filmed
from engine.rig.bank.places import Place
from engine.rig.paint.blend import Layer, polygon_mask
from engine.rig.warp.grid import Box, SampleGrid
from engine.rig.warp.mesh_flow import MeshFlow

_LEAST_SHARE = 0.02
"""Nobody sees less of a layer, which costs as much as a whole one."""

_WORN = np.ones((5, 5), np.uint8)
"""Beside the mesh the flow is nothing, and enlarged it reaches inside by a node: what is shown ends
two of them before that."""


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
    shown = np.flatnonzero(weights).tolist()
    if share < _LEAST_SHARE or not shown:
        return None
    outline = place.outline(target)
    step = place.step
    nodes = (outline - _first(step)) / step, (-(-size[0] // step), -(-size[1] // step))
    mask, around = polygon_mask(*nodes, blur_px=place.blur_px(outline) / step)
    if mask is None:
        return None
    box = _pixels(around, size, step)
    flows = [
        entries[index].flower.flow(as_filmed(place, entries[index], target), _grid(around, step))
        for index in shown
    ]
    colours = _mixed(
        [
            _fetched(entries[i].picture, flow, box, step)
            for i, flow in zip(shown, flows, strict=True)
        ],
        weights[shown],
    )
    seen = mask[..., 0] * _covered(flows) * np.float32(share)
    return Layer(
        box=box,
        colours=np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGBA2RGB), np.uint8),
        mask=_enlarged(seen, box, step)[..., None],
    )


def _first(step: int) -> float:
    """Where the first node lies in its first pixel's coordinates."""
    return (step - 1) / 2.0


def _grid(around: Box, step: int) -> SampleGrid:
    """The nodes of a box of them."""
    left, top, right, bottom = around
    return SampleGrid(
        left=left * step + _first(step),
        top=top * step + _first(step),
        step=step,
        columns=right - left,
        rows=bottom - top,
    )


def _pixels(around: Box, size: tuple[int, int], step: int) -> Box:
    left, top, right, bottom = (edge * step for edge in around)
    return left, top, min(right, size[1]), min(bottom, size[0])


def _covered(flows: Sequence[MeshFlow]) -> NDArray[np.float32]:
    """(rows, columns): 1 where all entries are seen, going softly to 0 before the mesh ends."""
    covered = np.logical_and.reduce([flow.covered for flow in flows]).view(np.uint8)
    worn = cv2.erode(covered, _WORN, borderType=cv2.BORDER_REPLICATE)
    soft = cv2.blur(worn * np.uint8(255), (3, 3), borderType=cv2.BORDER_REPLICATE)
    return soft.astype(np.float32) * np.float32(1.0 / 255.0)


def _enlarged(plane: NDArray[np.float32], box: Box, step: int) -> NDArray[np.float32]:
    large = cv2.resize(plane, None, fx=step, fy=step)
    return np.asarray(large[: box[3] - box[1], : box[2] - box[0]], np.float32)


def _fetched(picture: NDArray[np.uint8], flow: MeshFlow, box: Box, step: int) -> NDArray[np.uint8]:
    """(h, w, 4): an entry's pixels in a box of the output."""
    x, y = _enlarged(flow.x, box, step), _enlarged(flow.y, box, step)
    fetched = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, np.uint8)


def _mixed(pictures: Sequence[NDArray[np.uint8]], weights: Array) -> NDArray[np.uint8]:
    """Two at most as a rule: the third, if there is one, has what rounding leaves."""
    mixed, total = pictures[0], float(weights[0])
    for picture, weight in zip(pictures[1:], weights[1:].tolist(), strict=True):
        total += weight
        share = weight / total
        mixed = np.asarray(cv2.addWeighted(mixed, 1.0 - share, picture, share, 0.0), np.uint8)
    return mixed
