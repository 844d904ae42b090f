"""The bands of skin that hold the brows, cut out of the neutral frame and looked for in another.

Bands are laid out in the canonical frame, along the brow and across it, so that the head's own
movement is gone.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.frame import Pixels
from engine.geometry import Array, Similarity, smoothstep
from engine.rig.driver.reading import Reading
from engine.rig.landmarks import EYES

Plane: TypeAlias = NDArray[np.float32]

_PX_PER_CM = 10.0
"""Of the bands. A face of 100 px has 6 px a cm."""

_UP_CM, _DOWN_CM = 1.5, 0.8
"""How far a brow is looked for."""

_HALF_CM = 0.7
"""Half the height of what is compared: the brow, and skin above and below."""

_DOWN = np.array([[1.0], [-1.0]])
"""y points up in a placement and down in a picture."""

PARTS = 0.15, 0.45, 0.78
"""Along a brow from its inner end: the middles of its three parts."""

_HALF = round(_HALF_CM * _PX_PER_CM)
_ROWS = np.arange(round(_UP_CM * _PX_PER_CM) + _HALF, -round(_DOWN_CM * _PX_PER_CM) - _HALF - 1, -1)
"""Of a band, in steps above the brow's own line."""

_PART_CM = 0.65
"""Half the width of a part."""

_ALONG_CM, _FINE_CM = 0.3, 0.08
"""Blurs of the band along the brow, so that strands of hair before it count little, and across."""

_ABOVE_LID_CM = 0.3
"""From the upper lid on: below that, lashes are as dark as a brow."""

_FAINT, _CLEAR = 4.0, 9.0
"""Contrast of a brow, levels: up to the first it is too faint to be followed. Grey brows and those
behind thin glasses have 5 to 12."""

BROWS = (
    ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276)),
    ((107, 66, 105, 63, 70), (55, 65, 52, 53, 46)),
)
"""Left and right brow: upper and lower edge, each from the inner end to the outer one."""

SHIFTS = np.arange(-round(_DOWN_CM * _PX_PER_CM), round(_UP_CM * _PX_PER_CM) + 1) / _PX_PER_CM
"""(S,) cm upwards."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bands:
    """Both brows in the neutral frame, side by side: all parts of the left, then of the right."""

    places: Array
    """(3, rows, columns) cm: x, y and z of the bands' points, from above to below."""
    lids: NDArray[np.int64]
    """The landmarks of both upper lids, with the eyes' corners."""
    brows: tuple[slice, slice]
    """The columns of each brow."""
    columns: tuple[slice, ...]
    """Of each part."""
    likeness: tuple[Plane, ...]
    """What each part looks like."""
    trust: Array
    """(parts,) 0..1: by their brow's contrast."""
    at_rest: Array
    """(parts,) cm: what is read of the neutral frame itself, a part of a step."""
    points: NDArray[np.int64]
    """(parts, 2) the landmarks of both edges whose mean is the part's height."""


def cut_bands(neutral: Reading, picture: Pixels) -> Bands:
    """The brows of the neutral frame."""
    surface = _surface(neutral.points)
    cuts = [_cut(neutral, surface, upper, lower) for upper, lower in BROWS]
    widths = [cut.places.shape[2] for cut in cuts]
    brows = slice(0, widths[0]), slice(widths[0], sum(widths))
    columns = tuple(
        slice(brow.start + start, brow.start + start + round(2 * _PART_CM * _PX_PER_CM))
        for brow, cut in zip(brows, cuts, strict=True)
        for start in cut.starts
    )
    places = np.concatenate([cut.places for cut in cuts], axis=2)
    seen = _seen(picture, neutral.placement, places, brows)
    middle = seen[np.flatnonzero(_ROWS == _HALF)[0] : np.flatnonzero(_ROWS == -_HALF)[0] + 1]
    likeness = tuple(np.ascontiguousarray(middle[:, part]) for part in columns)
    contrasts = np.array([part.std() for part in likeness]).reshape(len(brows), -1).mean(axis=1)
    bands = Bands(
        places=places,
        lids=np.concatenate([[eye.outer, *eye.upper, eye.inner] for eye in EYES]),
        brows=brows,
        columns=columns,
        likeness=likeness,
        trust=np.repeat(smoothstep(_FAINT, _CLEAR, contrasts), len(PARTS)),
        at_rest=np.zeros(len(columns)),
        points=np.concatenate([cut.points for cut in cuts]),
    )
    rest = np.full(len(columns), int(np.abs(SHIFTS).argmin()))
    return replace(bands, at_rest=between(alike_at(bands, neutral, picture), rest))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cut:
    """One brow's share of `Bands`."""

    places: Array
    starts: list[int]
    """The first column of each part."""
    points: NDArray[np.int64]


def _cut(neutral: Reading, surface: Array, upper: tuple[int, ...], lower: tuple[int, ...]) -> _Cut:
    """One brow of the neutral frame, between its edges."""
    line = (neutral.points[list(upper), :2] + neutral.points[list(lower), :2]) / 2.0
    inner, outer = line[0, 0], line[-1, 0]
    middles = inner + np.array(PARTS) * (outer - inner)
    order = np.argsort(line[:, 0])
    low, high = middles.min() - _PART_CM, middles.max() + _PART_CM
    x = np.arange(low, high, 1.0 / _PX_PER_CM)
    height = np.interp(x, line[order, 0], line[order, 1])
    y = height + _ROWS[:, None] / _PX_PER_CM
    across = np.broadcast_to(x, y.shape)
    nearest = [int(np.abs(line[:, 0] - at).argmin()) for at in middles]
    return _Cut(
        places=np.stack([across, y, _depth(surface, across, y)]),
        starts=np.round((middles - _PART_CM - low) * _PX_PER_CM).astype(int).tolist(),
        points=np.array([(upper[k], lower[k]) for k in nearest]),
    )


def alike_at(bands: Bands, reading: Reading, picture: Pixels) -> Array:
    """(parts, S): correlation of each part with what lies at each shift."""
    seen = _seen(picture, reading.placement, bands.places, bands.brows)
    seen *= _above_lid(bands, reading.points)
    found = [
        cv2.matchTemplate(seen[:, columns], part, cv2.TM_CCOEFF_NORMED)[::-1, 0]
        for columns, part in zip(bands.columns, bands.likeness, strict=True)
    ]
    return np.stack(found).astype(np.float64)


def _surface(points: Array) -> Array:
    """(5,): the upper face's depth as a polynomial, of its landmarks (478, 3)."""
    face = points[:468][load_basis().canonical[:468, 1] > 0.5]
    return np.asarray(np.linalg.lstsq(_terms(face[:, 0], face[:, 1]), face[:, 2], rcond=None)[0])


def _depth(surface: Array, x: Array, y: Array) -> Array:
    return np.asarray(_terms(x, y) @ surface)


def _terms(x: Array, y: Array) -> Array:
    return np.stack([np.ones_like(x), x**2, x**4, y, y**2], axis=-1)


def _seen(picture: Pixels, placement: Similarity, places: Array, brows: tuple[slice, ...]) -> Plane:
    """The picture at places (3, rows, columns), as what lies across it: (rows, columns)."""
    # As `to_picture(placement.apply(...))` has them, but along long rows.
    to_px = placement.scale * placement.rotation[:2] * _DOWN
    flat = to_px @ places.reshape(3, -1) + placement.translation[:2, None] * _DOWN
    x, y = flat.astype(np.float32).reshape(2, *places.shape[1:])
    (left, right), (top, bottom) = (
        _span(values, size) for values, size in ((x, picture.shape[1]), (y, picture.shape[0]))
    )
    grey = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    finer = placement.scale / _PX_PER_CM
    if finer > 1.5:
        grey = cv2.blur(grey, (round(finer), round(finer)))  # remap does not average
    x -= np.float32(left)
    y -= np.float32(top)
    found = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = found.astype(np.float32)
    for brow in brows:  # each for itself: what is side by side here is apart on the face
        found[:, brow] = cv2.GaussianBlur(
            np.ascontiguousarray(found[:, brow]),
            (0, 0),
            sigmaX=_ALONG_CM * _PX_PER_CM,
            sigmaY=_FINE_CM * _PX_PER_CM,
        )
    found -= found.mean(axis=0)
    return np.asarray(found, np.float32)


def _span(values: Plane, size: int) -> tuple[int, int]:
    """The first pixel that values lie among, and that beyond the last, with a rim."""
    first = min(max(int(values.min()) - 2, 0), size - 1)
    return first, min(max(int(values.max()) + 4, first + 1), size)


def _above_lid(bands: Bands, points: Array) -> NDArray[np.bool_]:
    """(rows, columns): what lies above the upper lid."""
    lids = points[bands.lids]
    x, y, _ = lids[np.argsort(lids[:, 0])].T  # one line for both: no column lies between the eyes
    edge = np.interp(bands.places[0, 0], x, y) + _ABOVE_LID_CM
    return np.asarray(bands.places[1] > edge)


def between(alike: Array, best: NDArray[np.int64]) -> Array:
    """(N,) cm: the shifts to parts of a step, by a parabola through what lies beside them.

    `alike` is (N, S), `best` (N,).
    """
    at = np.minimum(np.maximum(best, 1), len(SHIFTS) - 2)
    rows = np.arange(len(best))
    before, there, after = alike[rows, at - 1], alike[rows, at], alike[rows, at + 1]
    curve = np.minimum(before - 2.0 * there + after, -1e-6)
    part = np.minimum(np.maximum(0.5 * (before - after) / curve, -0.5), 0.5)
    return np.asarray(SHIFTS[best] + np.where(at == best, part, 0.0) / _PX_PER_CM)
