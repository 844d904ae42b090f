"""The inside of a mouth, drawn once: rows of teeth in their gums, and the tongue before the throat.

Drawn without colour, so that each portrait gives them its own light (`light.py`): how much light a
place returns, and of what it is made.
"""

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

_ARCH_HALF_WIDTH_MM, _ARCH_DEPTH_MM = 29.0, 44.0
"""The dental arch as an ellipse seen from above: teeth to the side are foreshortened."""

_LOWER_HEIGHT, _LOWER_RISE, _LOWER_LIGHT = 0.85, 0.5, 0.86
"""Lower teeth beside upper ones: they stand behind them, and the lip shades them."""

_GUMS_REACH_MM = 14.0
"""How far gums go beyond the edge of the middle teeth."""

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
    height, width = int((_GUMS_REACH_MM + 3.0) * PER_MM) * k, int(60.0 * PER_MM) * k
    middle, edge = width / 2.0, _GUMS_REACH_MM * scale
    maps = {name: np.zeros((height, width), np.float32) for name in ("light", "kind", "age")}
    opacity = _gums(maps["light"], middle, edge, scale, tall)
    whole_mm, along_mm = sum(widths_mm), 0.0
    for index, tooth_mm in enumerate(widths_mm):
        inner, outer = _seen_from_front(along_mm), _seen_from_front(along_mm + tooth_mm)
        turned = (along_mm + tooth_mm / 2.0) / whole_mm
        along_mm += tooth_mm
        shade = light * (1.0 - 0.82 * turned**1.35)
        age = 0.5 if index == 2 else 0.25 * turned
        for side in (-1.0, 1.0):
            # No two halves are alike: a fifth of a millimetre, a hundredth of the light.
            odd = 0.2 * np.sin(7.0 * index + 2.0 * side)
            left, right = sorted((middle + side * inner * scale, middle + side * outer * scale))
            _tooth(
                maps,
                opacity,
                span=(left, right),
                edge=edge - (_RISE_MM[index] * rise - odd) * scale,
                tall=(_HEIGHT_MM[index] + odd) * tall * scale,
                shade=shade * (1.0 + 0.05 * odd),
                age=age,
                pointed=0.35 if index == 2 else 0.0,
            )
    size = (width // k, height // k)
    small = _smaller(opacity, size)
    light, kind, age = (
        _smaller(maps[name] * opacity, size) / np.maximum(small, np.float32(1e-3))
        for name in ("light", "kind", "age")
    )
    return Drawing(
        light=light,
        kind=kind,
        age=age,
        opacity=small,
        anchor=((size[0] - 1) / 2.0, edge / k - 0.5),
    )


def _smaller(values: Map, size: tuple[int, int]) -> Map:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _seen_from_front(along_mm: float) -> float:
    """Arc length along the arch from its middle -> distance from the middle as seen, mm."""
    angle = np.linspace(0.0, np.pi / 2.0, 400)
    x, z = _ARCH_HALF_WIDTH_MM * np.sin(angle), _ARCH_DEPTH_MM * np.cos(angle)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return float(np.interp(along_mm, arc, x))


def _tooth(
    maps: dict[str, Map],
    opacity: Map,
    *,
    span: tuple[float, float],
    edge: float,
    tall: float,
    shade: float,
    age: float,
    pointed: float,
) -> None:
    """One tooth, from neck (v = 0) to biting edge (v = 1); px of the drawing."""
    x0, x1 = int(span[0]), int(span[1]) + 1
    y0, y1 = int(edge - tall), int(edge) + 1
    middle, half = (span[0] + span[1]) / 2.0, (span[1] - span[0]) / 2.0
    u: Array = ((np.arange(x0, x1) + 0.5 - middle) / half)[None, :]
    v: Array = ((np.arange(y0, y1) + 0.5 - (edge - tall)) / tall)[:, None]
    # Narrower at the neck, which is an arc; corners of the edge are round.
    across: Array = 1.0 - np.abs(u) / (1.0 - 0.10 * (1.0 - v) ** 2)
    neck: Array = v - 0.14 * u**2
    corner: Array = 1.0 - v - (0.03 + pointed * 0.3) * np.abs(u) ** 1.5 - 0.16 * np.abs(u) ** 7
    inside = [
        smoothstep(0.0, 0.05, across),
        smoothstep(0.0, 0.05, neck),
        smoothstep(0.0, 0.03, corner),
    ]
    cover = (inside[0] * inside[1] * inside[2]).astype(np.float32)
    # As round as a barrel, dark where it meets its neighbour, thin at the edge.
    barrel = 1.0 - 0.07 * u**2 - 0.16 * np.abs(u) ** 8
    along = 0.86 + 0.14 * smoothstep(0.0, 0.45, v) - 0.10 * smoothstep(0.75, 1.0, v)
    found = {
        "light": shade * barrel * along,
        "kind": np.ones_like(cover),
        "age": np.clip(age + 0.75 * (1.0 - smoothstep(0.0, 0.6, v)) + 0.0 * u, 0.0, 1.0),
    }
    for name, values in found.items():
        region = maps[name][y0:y1, x0:x1]
        region += (values.astype(np.float32) - region) * cover
    part = opacity[y0:y1, x0:x1]
    np.maximum(part, cover, out=part)


def _gums(light: Map, middle: float, edge: float, scale: float, tall: float) -> Map:
    """Lights them and returns their opacity; between the teeth they are a shade of dark."""
    rows, columns = (np.arange(length, dtype=np.float64) for length in light.shape)
    aside = np.abs(columns - middle) / (_ARCH_HALF_WIDTH_MM * scale)
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
    lit = (0.50 + 0.50 * round_back) * (1.0 - 0.30 * u**2) * furrow
    throat = 0.55 + 0.45 * smoothstep(0.0, 0.8, v) + 0.0 * u
    light = throat + (lit - throat) * tongue
    return light.astype(np.float32), tongue.astype(np.float32)
