"""The inside of a mouth, drawn once: rows of teeth in their gums, and the tongue before the throat.

Drawn without colour, so that each portrait gives them its own light (`light.py`): how much light a
place returns, and of what it is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, smoothstep

Map = NDArray[np.float32]

PER_MM = 3.2
"""Pixels of the drawings a millimetre."""

_TOOTH_MM = (8.6, 6.7, 7.7, 7.0, 6.8, 10.0, 9.5)
"""Mesiodistal widths of upper teeth from the middle outwards (Wheeler's averages)."""
_LOWER_TOOTH_MM = (5.3, 5.7, 6.8, 7.0, 7.1, 11.0, 10.5)
_HEIGHT_MM = (10.4, 9.1, 10.2, 8.6, 7.6, 7.0, 6.5)
_RISE_MM = (0.0, 0.8, 0.25, 1.0, 1.7, 2.3, 2.8)
"""Of each tooth's edge above the first's: seen from the front, the row is an arch."""

ARCH_HALF_WIDTH_MM, ARCH_DEPTH_MM = 29.0, 44.0
"""The dental arch as an ellipse seen from above: teeth to the side are foreshortened."""

_LOWER_HEIGHT, _LOWER_RISE, _LOWER_LIGHT = 0.85, 0.5, 0.86
"""Lower teeth beside upper ones: they stand behind them, and the lip shades them."""

GUMS_REACH_MM = 14.0
"""How far gums go beyond the edge of the middle teeth."""

_CANINE, _CANINE_AGE, _CANINE_POINT = 2, 0.35, 0.35
"""Which tooth it is; yellower than the others, and pointed."""

_LEAST_LIGHT = 0.45
"""Of what lights the middle teeth, on the last: in a wide smile they were black corners."""

_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """Something to be lit; maps are (h, w) in 0..1 unless said otherwise."""

    light: Map
    """What it returns of the light that falls on it."""
    kind: Map
    """0 flesh, 1 enamel."""
    age: Map
    """How much darker and yellower than its kind: towards the neck of a tooth, canines."""
    opacity: Map
    anchor: tuple[float, float]
    """Column and row: the middle of the biting edge."""

    def lit(self, flesh: Array, enamel: Array) -> NDArray[np.float32]:
        """(h, w, 4): RGB of these two materials in 0..255, and opacity."""
        kind, light = self.kind[..., None], self.light[..., None]
        white = enamel * (1.0 - self.age[..., None] * _NECK)
        colours = (flesh + (white - flesh) * kind) * light
        return np.dstack([colours, self.opacity]).astype(np.float32)


_NECK = np.array([0.06, 0.11, 0.20])
"""What the neck of a tooth lacks of an edge's colour."""


@cache
def upper_teeth() -> Drawing:
    """Hanging down from the gums."""
    return _row(_TOOTH_MM, tall=1.0, rise=1.0, light=1.0)


@cache
def lower_teeth() -> Drawing:
    """Standing up."""
    row = _row(_LOWER_TOOTH_MM, tall=_LOWER_HEIGHT, rise=_LOWER_RISE, light=_LOWER_LIGHT)
    column, edge = row.anchor
    return Drawing(
        light=row.light[::-1],
        kind=row.kind[::-1],
        age=row.age[::-1],
        opacity=row.opacity[::-1],
        anchor=(column, row.light.shape[0] - 1.0 - edge),
    )


def _row(widths_mm: tuple[float, ...], *, tall: float, rise: float, light: float) -> Drawing:
    k = _OVERSAMPLING
    scale = PER_MM * k
    height, width = int((GUMS_REACH_MM + 3.0) * PER_MM) * k, int(60.0 * PER_MM) * k
    middle, edge = width / 2.0, GUMS_REACH_MM * scale
    lit = np.zeros((height, width), np.float32)
    opacity = _gums(lit, middle, edge, scale, tall)
    kind, age = np.zeros_like(lit), np.zeros_like(lit)
    for tooth in _teeth(widths_mm, tall=tall, rise=rise, light=light):
        for side in (-1.0, 1.0):
            drawn = tooth.drawn(side, middle, edge, scale)
            for onto, values in ((lit, drawn.light), (kind, 1.0), (age, drawn.age)):
                region = onto[drawn.place]
                region += (values - region) * drawn.cover
            np.maximum(opacity[drawn.place], drawn.cover, out=opacity[drawn.place])
    size = (width // k, height // k)
    small = _smaller(opacity, size)
    some = np.maximum(small, np.float32(1e-3))
    return Drawing(
        light=np.asarray(_smaller(lit * opacity, size) / some, np.float32),
        kind=np.asarray(_smaller(kind * opacity, size) / some, np.float32),
        age=np.asarray(_smaller(age * opacity, size) / some, np.float32),
        opacity=small,
        anchor=((size[0] - 1) / 2.0, edge / k - 0.5),
    )


def _teeth(
    widths_mm: tuple[float, ...], *, tall: float, rise: float, light: float
) -> Iterator["_Tooth"]:
    """One half of a row, from the middle outwards."""
    along_mm = 0.0
    for index, width_mm in enumerate(widths_mm):
        turned = (along_mm + width_mm / 2.0) / sum(widths_mm)
        yield _Tooth(
            span_mm=(_seen_from_front(along_mm), _seen_from_front(along_mm + width_mm)),
            rise_mm=_RISE_MM[index] * rise,
            tall_mm=_HEIGHT_MM[index] * tall,
            light=light * max(1.0 - 0.82 * turned**1.35, _LEAST_LIGHT),
            age=_CANINE_AGE if index == _CANINE else 0.25 * turned,
            pointed=_CANINE_POINT if index == _CANINE else 0.0,
            odd_mm=0.2 * float(np.sin(7.0 * index)),
        )
        along_mm += width_mm


def _smaller(values: Map, size: tuple[int, int]) -> Map:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _seen_from_front(along_mm: float) -> float:
    """Arc length along the arch from its middle -> distance from the middle as seen, mm."""
    angle = np.linspace(0.0, np.pi / 2.0, 400)
    x, z = ARCH_HALF_WIDTH_MM * np.sin(angle), ARCH_DEPTH_MM * np.cos(angle)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return float(np.interp(along_mm, arc, x))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tooth:
    span_mm: tuple[float, float]
    """Its sides from the middle of the row, as seen from the front."""
    rise_mm: float
    tall_mm: float
    light: float
    age: float
    pointed: float
    odd_mm: float
    """No two halves of a row are alike: one is longer by this, the other shorter."""

    def drawn(self, side: float, middle: float, edge: float, scale: float) -> "_DrawnTooth":
        """On the side -1 or 1 of a row whose biting edge is there; px of the drawing."""
        left, right = sorted(middle + side * aside * scale for aside in self.span_mm)
        bottom = edge - (self.rise_mm - side * self.odd_mm) * scale
        tall = (self.tall_mm + side * self.odd_mm) * scale
        rows = slice(int(bottom - tall), int(bottom) + 1)
        columns = slice(int(left), int(right) + 1)
        half = (right - left) / 2.0
        u: Array = (
            np.arange(columns.start, columns.stop, dtype=np.float64) + (0.5 - (left + right) / 2.0)
        ) / half
        v: Array = (
            np.arange(rows.start, rows.stop, dtype=np.float64) + (0.5 - bottom + tall)
        ) / tall
        return _draw(u, v[:, None], self, (rows, columns))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DrawnTooth:
    place: tuple[slice, slice]
    light: Map
    age: Map
    cover: Map


def _draw(u: Array, v: Array, tooth: _Tooth, place: tuple[slice, slice]) -> _DrawnTooth:
    """From side to side (u = -1 to 1, (w,)) and from neck to biting edge (v = 0 to 1, (h, 1))."""
    aside = np.abs(u)
    # Narrower at the neck, which is an arc; the corners of the edge are round.
    across = 1.0 - aside / (1.0 - 0.10 * (1.0 - v) ** 2)
    neck = v - 0.14 * aside**2
    corner = 1.0 - v - (0.03 + 0.3 * tooth.pointed) * aside**1.5 - 0.16 * aside**7
    cover = (
        smoothstep(0.0, 0.05, across) * smoothstep(0.0, 0.05, neck) * smoothstep(0.0, 0.03, corner)
    )
    # As round as a barrel, dark where it meets its neighbour, thin at the edge.
    barrel = 1.0 - 0.07 * aside**2 - 0.16 * aside**8
    along = 0.86 + 0.14 * smoothstep(0.0, 0.45, v) - 0.10 * smoothstep(0.75, 1.0, v)
    age = np.clip(tooth.age + 0.75 * (1.0 - smoothstep(0.0, 0.6, v)), 0.0, 1.0)
    return _DrawnTooth(
        place=place,
        light=np.asarray(tooth.light * barrel * along, np.float32),
        age=np.asarray(age, np.float32),
        cover=np.asarray(cover, np.float32),
    )


def _gums(light: Map, middle: float, edge: float, scale: float, tall: float) -> Map:
    """Lights them and returns their opacity; between the teeth they are a shade of dark."""
    rows, columns = (np.arange(length, dtype=np.float64) for length in light.shape)
    aside = np.abs(columns - middle) / (ARCH_HALF_WIDTH_MM * scale)
    turned = np.clip(aside, 0.0, 1.0)
    line = edge - (3.2 + 1.5 * turned**2) * scale
    high = smoothstep(0.0, 1.0, (line[None, :] - rows[:, None]) / (tall * 7.0 * scale))
    light[:] = (0.5 + 0.35 * high) * (1.0 - 0.8 * turned[None, :] ** 2)
    cover = smoothstep(0.0, 1.2 * scale, line[None, :] - rows[:, None])
    return np.asarray(cover * (1.0 - smoothstep(0.93, 1.0, aside))[None, :], np.float32)


FLOOR_COLUMNS, FLOOR_ROWS = 96, 64
"""Of `floor`."""

FLOOR_WIDTH = 1.2
"""What `floor` is wide, in mouth widths."""


@cache
def floor() -> tuple[Map, Map]:
    """The tongue before the throat, from the upper lip (row 0) to the lower (the last row).

    Returns light in 0..1 and how much of it is tongue, (FLOOR_ROWS, FLOOR_COLUMNS).
    """
    u = np.linspace(-1.0, 1.0, FLOOR_COLUMNS)[None, :]
    v = np.linspace(0.0, 1.0, FLOOR_ROWS)[:, None]
    top = 0.28 + 0.42 * np.abs(u) ** 2.2
    tongue = smoothstep(0.0, 0.34, v - top) * (1.0 - smoothstep(0.55, 0.85, np.abs(u)))
    round_back = smoothstep(0.0, 0.5, v - top) * (1.0 - 0.45 * smoothstep(0.8, 1.05, v))
    furrow = 1.0 - 0.07 * np.exp(-((u / 0.10) ** 2)) * smoothstep(0.1, 0.4, v - top)
    lit = (0.50 + 0.38 * round_back) * (1.0 - 0.30 * u**2) * furrow
    throat = (0.72 + 0.28 * smoothstep(0.0, 0.8, v)) * (1.0 - 0.35 * u**2)
    light = throat + (lit - throat) * tongue
    return light.astype(np.float32), tongue.astype(np.float32)
