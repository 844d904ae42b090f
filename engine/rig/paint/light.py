"""The light of a face, by its skin and the white of its eyes: what a drawn mouth is lit with."""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import EYES, Eye

_SPOTS = (50, 280, 205, 425, 151, 9)
"""Cheeks and forehead."""

_SPOT_PX = 2
"""Half the side of a spot, px."""

_SKIN = np.array([1.22, 0.97, 0.81])
"""Colour of skin in white light, over its own mean."""

_TEETH_OVER_SKIN = 1.2
"""Brightness of front teeth over that of the skin beside them; in six filmed people 1.1 to 1.3."""

_BRIGHT = 170.0
"""From this skin on, teeth gain half of what the skin does: they can't be whiter than white."""

_WHITE_OF_EYES = 0.75, 1.0
"""Their brightness over the skin's: below the first they lie in the shade of lids and say nothing
of the light, above the second they count fully."""

_LEAST_WHITES = 40
"""Pixels, of both eyes, that say something."""

_WHITEST = 228.0
"""Mean brightness of the whitest teeth."""

_TINT = 0.6
"""How much of the light's tint is seen: eyes take the rest for white."""

_ENAMEL = np.array([1.06, 1.0, 0.90])
"""Colour of teeth in white light over its mean."""

_FLESH, _THROAT = np.array([1.075, 0.622, 0.613]), np.array([0.548, 0.277, 0.28])
"""Tongue and gums, and the back of the mouth, over the brightness of the skin."""

_LIPS = (0, 37, 267), (13, 82, 312), (17, 84, 314), (14, 87, 317)
"""Outer and inner points of the upper lip, then of the lower: lips are amid each two."""

_LIPS_COLOUR, _OF_LIPS = np.array([1.32, 0.86, 0.82]), 0.35
"""Colour of lips in white light over its mean; how much of theirs the flesh behind them has."""

_WARM = 0.80, 0.95
"""Blue of the skin's tint: up to the first a picture is warm (candles, varnish), from the second
on its light is white."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """What a mouth would look like in a picture; all RGB in 0..255, (3,)."""

    enamel: Array
    """Front teeth, fully lit."""
    flesh: Array
    """The tongue, gums."""
    throat: Array
    skin: float
    """Mean brightness of the skin, 0..255."""
    whiteness: float
    """0..1: how far colours can be taken for those in white light."""

    def towards(self, other: "Light", weight: float) -> "Light":
        """From this (weight 0) to another (weight 1)."""
        keep = 1.0 - weight
        return Light(
            enamel=self.enamel * keep + other.enamel * weight,
            flesh=self.flesh * keep + other.flesh * weight,
            throat=self.throat * keep + other.throat * weight,
            skin=self.skin * keep + other.skin * weight,
            whiteness=self.whiteness * keep + other.whiteness * weight,
        )


def light_of(picture: Pixels, landmarks: Array) -> Light:
    """Estimate the light from a face with landmarks (478, 2 or 3) px."""
    skin = skin_of(picture, landmarks)
    level = max(float(skin.mean()), 8.0)
    teeth = _TEETH_OVER_SKIN * (min(level, _BRIGHT) + 0.5 * max(level - _BRIGHT, 0.0))
    of_skin = skin / level / _SKIN
    tint = of_skin
    whites = _whites(picture, landmarks)
    if whites is not None:
        bright = float(whites.mean())
        share = 0.5 * float(smoothstep(*_WHITE_OF_EYES, np.asarray(bright / level)))
        teeth += (bright - teeth) * share
        tint = tint ** (1.0 - share) * (whites / bright) ** share
    tint = np.clip(tint / tint.mean(), 0.5, 1.6) ** _TINT
    lips = _lips(picture, landmarks)
    of_lips = np.clip(lips / max(float(lips.mean()), 1.0) / _LIPS_COLOUR, 0.5, 1.6)
    red = tint ** (1.0 - _OF_LIPS) * of_lips**_OF_LIPS
    teeth = min(teeth, _WHITEST)
    inside = max(teeth / _TEETH_OVER_SKIN, min(level, 150.0))
    return Light(
        enamel=np.minimum(teeth * _ENAMEL * tint, 255.0),
        flesh=inside * _FLESH * red,
        throat=inside * _THROAT * red,
        skin=level,
        whiteness=float(smoothstep(*_WARM, of_skin[2])),
    )


def skin_of(picture: Pixels, landmarks: Array) -> Array:
    """(3,) the middle one of its colours at some spots of the face."""
    skin: Array = np.median(_spots(picture, landmarks[list(_SPOTS), :2], _SPOT_PX), axis=0)
    return skin


def _lips(picture: Pixels, landmarks: Array) -> Array:
    """(3,) the middle one of their colours."""
    outer, inner = (np.concatenate(_LIPS[first::2]) for first in (0, 1))
    amid = (landmarks[outer, :2] + landmarks[inner, :2]) / 2.0
    lips: Array = np.median(_spots(picture, amid, 1), axis=0)
    return lips


def _spots(picture: Pixels, points: Array, reach: int) -> Array:
    """(N, 3) mean colours around points (N, 2) px, as far as `reach` to each side."""
    limit = np.array(picture.shape[1::-1]) - (reach + 1)
    places = np.clip(np.round(points).astype(int), reach, limit)
    patches = [
        picture[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).mean(axis=0)
        for x, y in places
    ]
    return np.array(patches)


def _whites(picture: Pixels, landmarks: Array) -> Array | None:
    """(3,) the brighter half of what is beside the irises; None where too little is seen."""
    found = np.concatenate([_white(picture, landmarks, eye) for eye in EYES])
    if len(found) < _LEAST_WHITES:
        return None
    brightness = found.mean(axis=1)
    bright: Array = np.median(found[brightness >= np.percentile(brightness, 60)], axis=0)
    return bright


def _white(picture: Pixels, landmarks: Array, eye: Eye) -> Array:
    """(N, 3): pixels of one eye without its rim and its iris."""
    points = landmarks[:, :2]
    width = float(np.linalg.norm(points[eye.outer] - points[eye.inner]))
    low = np.floor(points[eye.contour].min(axis=0)).astype(int)
    high = np.ceil(points[eye.contour].max(axis=0)).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, picture.shape[1::-1])
    if (high - low < 3).any():
        return np.zeros((0, 3))
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillPoly(inside, [np.round(points[eye.contour] - low).astype(np.int32)], 1)
    rim = 2 * max(int(0.04 * width), 1) + 1
    inside = np.asarray(cv2.erode(inside, np.ones((rim, rim), np.uint8)))
    middle = np.round(points[eye.iris] - low).astype(int).tolist()
    across = float(np.linalg.norm(points[eye.iris + 1] - points[eye.iris + 3]))
    cv2.circle(inside, (middle[0], middle[1]), int(np.ceil(0.55 * across)), 0, -1)
    whites: Array = picture[low[1] : high[1], low[0] : high[0]][inside > 0].astype(np.float64)
    return whites
