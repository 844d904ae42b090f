"""An eyeball as layers cut from a portrait once: its white without the iris, its iris without lids.

Neither knows where the lids are: whatever opening looks onto them, it meets no skin.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import Eye

_MARGIN = 0.6
"""Eye widths around the eye that the layers cover."""

RIM = 0.03
"""Eye widths around the landmarks' opening that may still be eyeball: landmarks err by as much."""

_IRIS, _IRIS_RIM = 1.0, 1.5
"""Radii over the landmarks' iris radius: within the first all is iris, from the second on nothing;
between them a pixel is iris as far as it differs from the white."""

_LASHES = 0.02
"""Eye widths within the opening at its edge that lashes may cover."""

_RING = 0.75
"""Beyond this radius the iris is as its rim is."""

_WHITE_FROM, _WHITE_SURE = 1.1, 1.35
"""Radii at which the portrait's own white begins, and from which on it is taken as it is."""

_WHITE_ENOUGH = 0.9
"""White is what is at least this bright, as a share of the brightest tenth beside the iris."""

_LEAST_WHITE = 8
"""Pixels beside the iris below which the whole opening is looked at for something bright."""

_NEAR, _FAR, _LEAST = 0.05, 0.35, 0.01
"""The white is continued from what is seen within the first, in eye widths; where nothing is, from
what is seen within the second, which counts by the third everywhere."""

_SHADE, _SHADE_REACH = 0.06, 0.12
"""Share of its light that the white lacks at the lids, and how far their shade reaches, in eye
widths."""

_ROUND, _ROUND_FROM = 0.3, 0.5
"""Share of its light that a ball lacks at the corners of the eye, where it turns away into the
socket's shade; and from which share of the way there on. What an iris moves off would be a bright
crescent."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eyeball:
    """The layers of one eye, (h, w, ...) each, whose first pixel is `corner` of the portrait."""

    corner: Array
    """(2,) px"""
    radius: float
    """Of the iris, px."""
    own: Pixels
    """(h, w, 3) the portrait itself."""
    white: Pixels
    """(h, w, 3)"""
    iris: NDArray[np.uint8]
    """(h, w, 4) RGB times opacity, and opacity."""


def eye_region(shape: tuple[int, ...], source: Array, eye: Eye) -> tuple[Array, Array]:
    """The first pixel around an eye, and that beyond the last: both (2,), x and y."""
    height, width = shape[:2]
    contour = source[eye.contour]
    margin = _MARGIN * eye_width(source, eye)
    low = np.clip(np.floor(contour.min(axis=0) - margin), 0, (width - 4, height - 4)).astype(int)
    high = np.clip(np.ceil(contour.max(axis=0) + margin), low + 4, (width, height)).astype(int)
    return low, high


def eye_width(source: Array, eye: Eye) -> float:
    """Between the corners, px."""
    return float(np.linalg.norm(source[eye.outer] - source[eye.inner]))


def opening_in(source: Array, eye: Eye, low: Array, high: Array) -> NDArray[np.uint8]:
    """255 between the lids, 0 elsewhere, in the region from `low` to `high`."""
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    corners = np.round((source[eye.contour] - low) * 16).astype(np.int32)
    cv2.fillPoly(inside, [corners], 255, cv2.LINE_8, 4)
    return inside


def radii_in(source: Array, eye: Eye, low: Array, high: Array) -> tuple[Plane, float]:
    """Distance from the middle of the iris over its radius, in a region; and the radius, px."""
    centre = source[eye.iris] - low
    radius = float(np.linalg.norm(source[eye.iris + 1] - source[eye.iris + 3])) / 2.0
    columns, rows = np.arange(high[0] - low[0]), np.arange(high[1] - low[1])
    away = np.hypot(columns - centre[0], (rows - centre[1])[:, None])
    return np.asarray(away / max(radius, 1e-3), np.float32), radius


def grown(mask: NDArray[np.uint8], by_px: float) -> NDArray[np.uint8]:
    """A mask and what lies around it."""
    side = 2 * max(round(by_px), 1) + 1
    return np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))))


def cut_eyeball(portrait: Pixels, source: Array, eye: Eye) -> Eyeball:
    """Cut the layers of one eye of a portrait with landmarks `source` (478, 2) px."""
    low, high = eye_region(portrait.shape, source, eye)
    own = np.ascontiguousarray(portrait[low[1] : high[1], low[0] : high[0]])
    opening = opening_in(source, eye, low, high)
    away, radius = radii_in(source, eye, low, high)
    width = eye_width(source, eye)
    filled = _filled_white(own, opening, away, width) * _rounding(source, eye, low, own.shape)
    belongs = cv2.blur(grown(opening, RIM * width + 1.0), (3, 3)).astype(np.float32) / 255.0
    sure = smoothstep(_WHITE_FROM, _WHITE_SURE, away.astype(np.float64))
    keep = np.asarray(sure * belongs, np.float32)[..., None]
    return Eyeball(
        corner=low.astype(np.float64),
        radius=radius,
        own=own,
        white=_levels(filled + (own - filled) * keep),
        iris=_iris(own, filled, opening, source[eye.iris] - low, away, width),
    )


def _filled_white(own: Pixels, opening: NDArray[np.uint8], away: Plane, width: float) -> Plane:
    """(h, w, 3): white everywhere, like that seen nearby."""
    light = own.mean(axis=2).astype(np.float32)
    inner = _within(opening, width) > 0
    beside = inner & (away > _WHITE_FROM)
    if int(beside.sum()) < _LEAST_WHITE:
        beside = opening > 0 if (opening > 0).any() else np.ones_like(inner)
    seen = beside & (light >= _WHITE_ENOUGH * np.percentile(light[beside], 90))
    counted = np.dstack([own * seen[..., None], seen]).astype(np.float32)
    near, far = (
        cv2.GaussianBlur(counted, (0, 0), max(reach * width, 1.0)) for reach in (_NEAR, _FAR)
    )
    mixed = near + _LEAST * far + 1e-6 * counted.mean(axis=(0, 1))
    from_lids = cv2.distanceTransform(opening, cv2.DIST_L2, 3) / np.float32(_SHADE_REACH * width)
    light_there = 1.0 - _SHADE * (1.0 - np.clip(from_lids, 0.0, 1.0)) ** 2
    return np.asarray(mixed[..., :3] / mixed[..., 3:] * light_there[..., None], np.float32)


def _rounding(source: Array, eye: Eye, low: Array, shape: tuple[int, ...]) -> Plane:
    """(h, w, 1): the light of a ball, by how far a pixel lies from the eye's middle."""
    outer, inner = source[eye.outer] - low, source[eye.inner] - low
    half, middle = (inner - outer) / 2.0, (inner + outer) / 2.0
    columns, rows = np.arange(shape[1]), np.arange(shape[0])[:, None]
    aside = np.abs((columns - middle[0]) * half[0] + (rows - middle[1]) * half[1])
    away = aside / max(float(half @ half), 1e-6)
    return (1.0 - _ROUND * smoothstep(_ROUND_FROM, 1.0, away))[..., None].astype(np.float32)


def _iris(
    own: Pixels,
    white: Plane,
    opening: NDArray[np.uint8],
    centre: Array,
    away: Plane,
    width: float,
) -> NDArray[np.uint8]:
    """The iris as a disc; what a lid hides is as the point opposite, or as other points as far out.

    Its soft rim is unmixed from the white beside it: white that went along would lie over the
    corner of the eye as a crescent.
    """
    half_turn = np.array([[-1.0, 0.0, 2.0 * centre[0]], [0.0, -1.0, 2.0 * centre[1]]])
    size = (own.shape[1], own.shape[0])
    seen = cv2.blur(_within(opening, width), (3, 3)) / np.float32(255.0)
    there = np.asarray(cv2.warpAffine(seen, half_turn, size))[..., None]
    opposite = cv2.warpAffine(own, half_turn, size, borderMode=cv2.BORDER_REPLICATE)
    usual = _by_radius(own, seen, away)
    hidden = usual + (opposite - usual) * there
    whole = hidden + (own - hidden) * seen[..., None]
    ring = (away > _RING) & (away <= _IRIS) & (seen > 0.5)
    rim = np.median(own[ring], axis=0) if ring.any() else usual.reshape(-1, 3)[away.argmin()]
    contrast = white - rim
    unmixed = ((white - whole) * contrast).sum(axis=2) / ((contrast**2).sum(axis=2) + 1.0)
    outside = away > _IRIS
    fade = np.clip((_IRIS_RIM - away) / (_IRIS_RIM - _IRIS), 0.0, 1.0)
    opacity = np.where(outside, np.clip(unmixed, 0.0, 1.0) * fade, 1.0)
    colours = np.where(outside[..., None], rim, whole)
    return _levels(np.dstack([colours * opacity[..., None], opacity * 255.0]))


def _within(opening: NDArray[np.uint8], width: float) -> NDArray[np.uint8]:
    """The opening without the edge that lashes may cover."""
    side = 2 * round(_LASHES * width) + 1
    return np.asarray(cv2.erode(opening, np.ones((side, side), np.uint8)))


def _by_radius(own: Pixels, seen: Plane, away: Plane) -> Plane:
    """(h, w, 3): the mean of what is seen of the iris at each distance from its middle."""
    bins = np.minimum((away * 12.0).astype(int), 17)
    there = seen * (away < _IRIS_RIM) + np.float32(1e-6)
    count = np.bincount(bins.ravel(), there.ravel(), 18)
    sums = [np.bincount(bins.ravel(), (own[..., c] * there).ravel(), 18) for c in range(3)]
    means = np.stack(sums, axis=1) / np.maximum(count, 1e-9)[:, None]
    return np.asarray(means[bins], np.float32)


def _levels(values: Array | Plane) -> NDArray[np.uint8]:
    return np.asarray(values.round().clip(0, 255), np.uint8)
