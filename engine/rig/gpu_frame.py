"""A frame of the rig as numbers for a GPU: what is small is found here, pixels are left to it."""

from collections.abc import Iterable

import numpy as np

from engine.geometry import Array
from engine.kernels.rig_frame import Patch, RigFrame
from engine.rig.flow import PortraitFlow
from engine.rig.painting import Layer
from engine.rig.target import HeadMotion
from engine.rig.topology import OVAL


def rig_frame(
    flow: PortraitFlow, head: HeadMotion, target: Array, asked: Array, layers: Iterable[Layer]
) -> RigFrame:
    """The frame for landmarks `target` (478, 3), with eyes and mouth above it.

    `asked` is as in `PortraitFlow.backward`.
    """
    left, top, right, bottom = flow.mesh_box(target)
    box = left, top, max(right, left), max(bottom, top)
    corners, affine = flow.triangles.of(target, (left, top))
    grid = flow.head.grid
    return RigFrame(
        corners=np.ascontiguousarray(corners, np.float32),
        affine=np.ascontiguousarray(affine),
        outline=np.ascontiguousarray(target[list(OVAL), :2] - (left, top), np.float32),
        box=box,
        seam_reach=flow.seam_px // 2,
        field=np.ascontiguousarray(flow.head.backward(head, asked)),
        field_corner=(grid.left, grid.top),
        spacing=grid.spacing,
        uncovers=head.moves,
        patches=tuple(_patch(layer) for layer in layers),
    )


def _patch(layer: Layer) -> Patch:
    """In whole levels, as it is sent to the GPU."""
    pixels = np.concatenate([layer.colours, layer.mask * 255.0], axis=-1)
    rounded = np.rint(np.clip(pixels, 0.0, 255.0)).astype(np.uint8)
    return Patch(left=layer.box[0], top=layer.box[1], pixels=np.ascontiguousarray(rounded))
