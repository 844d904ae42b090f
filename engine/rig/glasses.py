"""A portrait with glasses: raised brows don't take the frame along.

A mesh that is pulled up bends whatever lies on it. Whether there are glasses is told by their
bridge: a line across the root of the nose, where bare skin has none.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis, to_picture
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.driver.brow_band import BROWS
from engine.rig.driver.brow_check import spread
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.target import PortraitFace

_NOSE = (9, 8, 168, 6, 197, 195)
"""From between the brows down."""

_PX_PER_CM = 8.0
_HALF_CM, _LOW_CM, _HIGH_CM, _COLUMNS = 0.75, 1.8, 4.6, 3
"""Where a bridge is looked for, in the canonical frame, and in how many strips it must be seen."""

_FLANK_CM, _ARCH_CM = 0.45, 0.25
"""How far above and below a line its surroundings are, and how much it may rise between strips."""

_NONE, _SURE = 8.0, 11.0
"""Contrast of the line in hundredths of the skin's light. Of 13 bare faces that were photographed
or filmed the highest is 6.1, of rendered ones at rest 10.2 (skin that shines); of 12 rendered pairs
of glasses the lowest is 15.3, of two real ones 8.7 (thin wire) and 25."""

_DARK = 60.0
"""Levels: in less light noise would count."""

_BELOW_CM, _ABOVE_CM = 4.4, 5.6
"""Canonical heights up to which a frame reaches, and from which on brows are free."""

_SMALL_CM = 0.25
"""Raise of a brow that is let pass: as much is read of a head that nods."""

_ANCHORS = (33, 133, 263, 362, 127, 356, 6, 168)
"""What the raise is measured against."""

_MIDDLES = (1, 2, 3)
"""Of the five points along a brow, those of its three parts; see `brow_band.PARTS`."""


class Glasses:
    """What a portrait's glasses hold back."""

    def __init__(self, picture: Pixels, face: PortraitFace) -> None:
        """Look for them, once."""
        self.share = float(smoothstep(_NONE, _SURE, np.asarray(bridge_contrast(picture, face))))
        """0..1: whether there are any."""

    @property
    def are_worn(self) -> bool:
        """Whether there are rather glasses than none."""
        return self.share > 0.5

    def held(self, motion: RigMotion) -> RigMotion:
        """The motion, without what brows pull up of the skin below them."""
        if self.share == 0.0:
            return motion
        offsets = motion.offsets
        raised = np.array(
            [offsets[[upper[k], lower[k]], 1].mean() for upper, lower in BROWS for k in _MIDDLES]
        )
        raised -= offsets[list(_ANCHORS), 1].mean()
        large = np.sign(raised) * np.maximum(np.abs(raised) - _SMALL_CM, 0.0)
        height = load_basis().canonical[:468, 1]
        below = 1.0 - smoothstep(_BELOW_CM, _ABOVE_CM, height)
        held = offsets.copy()
        held[:468, 1] -= self.share * below * (spread() @ large)
        return replace(motion, offsets=held)


def bridge_contrast(picture: Pixels, face: PortraitFace) -> float:
    """Of a line across the root of the nose, in hundredths of the light there."""
    seen = _root_of_nose(picture, face)
    flank = round(_FLANK_CM * _PX_PER_CM)
    strips = np.stack([part.mean(axis=1) for part in np.array_split(seen, _COLUMNS, axis=1)])
    middle = strips[:, flank:-flank]
    line = middle - (strips[:, : -2 * flank] + strips[:, 2 * flank :]) / 2.0
    side = 2 * round(_ARCH_CM * _PX_PER_CM) + 1
    near = np.ones((1, side), np.uint8)
    found = [
        float(cv2.dilate(np.maximum(sign * line, 0.0), near).min(axis=0).max())
        for sign in (1.0, -1.0)
    ]
    return 100.0 * max(found) / max(float(seen.mean()), _DARK)


def _root_of_nose(picture: Pixels, face: PortraitFace) -> NDArray[np.float32]:
    """(rows, columns) light, from above to below, as seen from ahead."""
    own, placement = face.pose.points, face.pose.placement
    x = np.arange(-_HALF_CM, _HALF_CM + 1e-6, 1.0 / _PX_PER_CM)
    y = np.arange(_HIGH_CM + _FLANK_CM, _LOW_CM - _FLANK_CM, -1.0 / _PX_PER_CM)
    order = np.argsort(own[list(_NOSE), 1])
    ridge: Array = own[list(_NOSE)][order]
    across, down = np.meshgrid(x, y)
    depth = np.interp(down, ridge[:, 1], ridge[:, 2])
    places = np.stack([across, down, depth], axis=-1).reshape(-1, 3)
    flat = to_picture(placement.apply(places))[:, :2].astype(np.float32)
    side = round(placement.scale / _PX_PER_CM)
    smooth = cv2.blur(picture, (side, side)) if side > 1 else picture  # remap does not average
    seen = cv2.remap(
        smooth,
        flat[:, 0].reshape(across.shape),
        flat[:, 1].reshape(across.shape),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen.mean(axis=-1), np.float32)
