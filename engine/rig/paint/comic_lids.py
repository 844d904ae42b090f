"""Lids of a comic's tall eyes: painted over them, as comics are, instead of pulled down.

Such an eye is taller than the skin above it: pulled over it, lids take brows and hair along.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, Eye
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.blend import Layer
from engine.rig.paint.eyeball import eye_width
from engine.rig.paint.light import skin_of

_TALL = 0.75
"""Mean opening over the distance of the corners: of human eyes 0.25 to 0.45."""

_WITHIN = 0.88
"""Of the opening, what lies within the line around it: lids end there."""

_UPPER = 0.8
"""How much of the way to each other the upper lid goes."""

_LINE = 0.05
"""Width of the line where a lid ends, in eye widths."""

_OPEN = 0.98
"""Aperture from which on no lid is seen."""

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComicLids:
    """Of one tall eye."""

    eye: Eye
    skin: Array
    """RGB, (3,)."""
    ink: Array
    """RGB, (3,), of the line where they end."""

    def find_layer(self, size: tuple[int, int], target: Array, aperture: float) -> Layer | None:
        """The lids over an eye that is open in `target` (478, 2), in a picture of (H, W)."""
        if aperture >= _OPEN:
            return None
        closed = 1.0 - max(aperture, 0.0)
        middle = target[self.eye.contour].mean(axis=0)
        upper, lower = (
            middle + _WITHIN * (target[[self.eye.outer, *lid, self.eye.inner]] - middle)
            for lid in (self.eye.upper, self.eye.lower)
        )
        line = max(round(_LINE * eye_width(target, self.eye)), 1)
        low = np.maximum(np.floor(np.vstack([upper, lower]).min(axis=0)).astype(int) - line, 0)
        high = np.ceil(np.vstack([upper, lower]).max(axis=0)).astype(int) + line + 1
        high = np.minimum(high, size[::-1])
        if (high - low < 3).any():
            return None
        colours = np.zeros((high[1] - low[1], high[0] - low[0], 3), np.uint8)
        colours[:] = self.skin.round().astype(np.uint8)
        mask = np.zeros(colours.shape[:2], np.uint8)
        ink = self.ink.round().astype(int).tolist()
        for own, other, share in ((lower, upper, 1.0 - _UPPER), (upper, lower, _UPPER)):
            edge = own + (other - own) * closed * share
            area, end = (
                np.round((points - low) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
                for points in (np.vstack([own, edge[::-1]]), edge)
            )
            cv2.fillPoly(mask, [area], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
            for onto, colour in ((colours, ink), (mask, 255)):
                cv2.polylines(
                    onto,
                    [end],
                    isClosed=False,
                    color=colour,
                    thickness=line,
                    lineType=cv2.LINE_AA,
                    shift=_SUBPIXEL_BITS,
                )
        box = int(low[0]), int(low[1]), int(high[0]), int(high[1])
        return Layer(box=box, colours=colours, mask=mask[..., None] * np.float32(1.0 / 255.0))


def comic_lids(
    portrait: Pixels, source: Array, ink: Array | None
) -> tuple[ComicLids | None, ComicLids | None]:
    """For both eyes of a portrait with landmarks `source` (478, 2) px.

    None for an eye whose own lids close; `ink` is that of a comic, None for all other portraits.
    """
    left, right = (
        None
        if ink is None or not _is_tall(source, eye)
        else ComicLids(eye=eye, skin=skin_of(portrait, source), ink=ink)
        for eye in EYES
    )
    return left, right


def with_open_lids(motion: RigMotion, lids: tuple[ComicLids | None, ComicLids | None]) -> RigMotion:
    """The motion without the closing that is painted."""
    if lids == (None, None):
        return motion
    painted = np.array([each is not None for each in lids])
    return replace(motion, aperture=np.where(painted, 1.0, motion.aperture))


def _is_tall(source: Array, eye: Eye) -> bool:
    opening = np.linalg.norm(source[eye.upper] - source[eye.lower], axis=1).mean()
    return float(opening) > _TALL * eye_width(source, eye)
