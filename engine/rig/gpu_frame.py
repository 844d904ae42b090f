"""A frame of the rig as numbers for a GPU: what is small is found here, pixels are left to it."""

import numpy as np

from engine.kernels.rig_frame import Patch, RigFrame
from engine.motion import Edit
from engine.rig.landmarks import OVAL
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.blend import Layer
from engine.rig.portrait import RigPortrait


def rig_frame(portrait: RigPortrait, motion: RigMotion, edit: Edit) -> RigFrame:
    """What the portrait's `render` does with this motion, unrefined, as numbers."""
    placed, flow = portrait.placed(portrait.edited(motion, edit)), portrait.flow
    rim, target = placed.rim, placed.target
    left, top, right, bottom = flow.mesh_box(target)
    box = left, top, max(right, left), max(bottom, top)
    source = flow.source(target, rim)
    corners, affine = flow.triangles.of(target, (left, top), source)
    grid = flow.head.grid
    return RigFrame(
        corners=np.ascontiguousarray(corners, np.float32),
        affine=np.ascontiguousarray(affine),
        outline=np.ascontiguousarray(target[list(OVAL), :2] - (left, top), np.float32),
        box=box,
        seam_reach=flow.seam_px // 2,
        field=np.ascontiguousarray(flow.head.backward(rim, placed.asked, placed.next_to)),
        field_corner=(grid.left, grid.top),
        spacing=grid.spacing,
        uncovers=rim.moves,
        patches=tuple(_patch(layer) for layer in portrait.layers_above(placed)),
    )


def _patch(layer: Layer) -> Patch:
    """In whole levels, as it is sent to the GPU."""
    pixels = np.concatenate([layer.colours, layer.mask * 255.0], axis=-1)
    rounded = np.rint(np.clip(pixels, 0.0, 255.0)).astype(np.uint8)
    return Patch(left=layer.box[0], top=layer.box[1], pixels=np.ascontiguousarray(rounded))
