"""The lids' own skin where the eyeballs were: what a portrait shows when its eyes close.

The warp squeezes an opening to a line. Of the eyeball a line would remain: white or iris through a
closed lid. So it warps a picture that has no eyeballs, and they are painted above it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, Eye
from engine.rig.paint.eyeball import (
    RIM,
    eye_region,
    eye_width,
    grown,
    opening_in,
    radii_in,
)

_SKIN_FROM, _SKIN_TO = 0.12, 0.24
"""Around the opening, in eye widths: beyond the lashes, still lid."""

_LASHES = 0.06
"""Around the opening: where lashes grow."""

_PALEST = 0.75
"""Of the lid's light, what is left at most where lids meet."""

_LIGHTER = 75.0
"""Levels, of three colours together, by which an iris must be lighter than lashes to be told from
them."""

_SURELY = 0.5
"""What lies between the lids' landmarks is a lash only if it is so much nearer to one in colour."""

Mask = NDArray[np.bool_]


def without_eyeballs(portrait: Pixels, source: Array) -> Pixels:
    """The portrait with landmarks `source` (478, 2) px, its lids' skin continued over the eyes."""
    picture = portrait.copy()
    for eye in EYES:
        low, high = eye_region(picture.shape, source, eye)
        region = picture[low[1] : high[1], low[0] : high[0]]
        hole = _eyeball(region, source, eye, low, high)
        if hole.any() and not hole.all():
            region[:] = cv2.inpaint(np.ascontiguousarray(region), hole, 3.0, cv2.INPAINT_TELEA)
    return picture


def lash_colours(portrait: Pixels, source: Array) -> tuple[Array, ...]:
    """(3,) for each eye: what its closed lids meet in, lashes or the shade there is.

    The eye whose lashes stand out more from its lid says how dark those of both are: of the other
    the light, or landmarks beside the lashes, show too little.
    """
    found = [_lash_and_lid(portrait, source, eye) for eye in EYES]
    shares = [float(lash.mean()) / max(float(lid.mean()), 1.0) for lash, lid in found]
    least = min(*shares, _PALEST)
    return tuple(
        lash * min(least / max(share, 1e-3), 1.0)
        for (lash, _), share in zip(found, shares, strict=True)
    )


def _lash_and_lid(portrait: Pixels, source: Array, eye: Eye) -> tuple[Array, Array]:
    """(3,) the darkest beside an opening, and the skin farther away."""
    low, high = eye_region(portrait.shape, source, eye)
    region = portrait[low[1] : high[1], low[0] : high[0]]
    opening = opening_in(source, eye, low, high)
    skin = _beside(opening, _SKIN_TO, source, eye) & ~_beside(opening, _SKIN_FROM, source, eye)
    lid = np.median(region[skin], axis=0) if skin.any() else np.full(3, 255.0)
    return _darkest(region[_beside(opening, _LASHES, source, eye)]), np.asarray(lid)


def _darkest(pixels: Pixels) -> Array:
    """(3,): the middle of the darkest quarter of pixels (N, 3)."""
    if not len(pixels):
        return np.zeros(3)
    light = pixels.sum(axis=1)
    return np.asarray(np.median(pixels[light <= np.percentile(light, 25)], axis=0))


def _beside(opening: NDArray[np.uint8], reach: float, source: Array, eye: Eye) -> Mask:
    return np.asarray((grown(opening, reach * eye_width(source, eye)) > 0) & (opening == 0))


def _eyeball(region: Pixels, source: Array, eye: Eye, low: Array, high: Array) -> NDArray[np.uint8]:
    """255 where the eyeball is seen: between the lids, and beside them what has its colours."""
    opening = opening_in(source, eye, low, high)
    rim = _beside(opening, RIM, source, eye)
    skin = _beside(opening, _SKIN_TO, source, eye) & ~_beside(opening, _SKIN_FROM, source, eye)
    away, _ = radii_in(source, eye, low, high)
    inside = opening > 0
    parts = [inside & (away > 1.3), inside & (away > 0.5) & (away < 0.9), skin & ~inside]
    if not all(part.any() for part in parts) or not rim.any():
        return opening
    white, iris, lid = (np.median(region[part], axis=0) for part in parts)
    lash = _darkest(region[_beside(opening, _LASHES, source, eye)])
    eyeballs = [white] if iris.sum() < lash.sum() + _LIGHTER else [white, iris]
    to_eyeball, to_lid, to_lash = (
        np.min([np.linalg.norm(region - colour, axis=2) for colour in colours], axis=0)
        for colours in (eyeballs, [lid], [lash])
    )
    hidden = inside & ~(grown(255 - opening, RIM * eye_width(source, eye)) > 0)
    hidden |= rim & (to_eyeball < np.minimum(to_lid, to_lash))
    hidden |= inside & (to_lash > _SURELY * to_eyeball)  # lashes hang over the white
    return np.where(hidden, np.uint8(255), np.uint8(0))
