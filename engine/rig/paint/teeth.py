"""A generic inside of a mouth, drawn once: upper and lower teeth, gums and tongue.

Textures are in mouth widths: `PER_WIDTH` pixels are the distance between the corners of the lips.
Each is (h, w, 4) float32: RGB 0..255 under white light, and opacity 0..1, not premultiplied.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.float32]

PER_WIDTH = 160
"""Texture pixels a mouth width (about 50 mm)."""

_TOOTH_MM = (8.4, 6.6, 7.6, 7.0, 6.8, 10.0, 9.5)
"""Mesiodistal widths of upper teeth from the middle outwards (Wheeler's averages)."""
_LOWER_TOOTH_MM = (5.3, 5.7, 6.8, 7.0, 7.1, 11.0, 10.5)
_HEIGHT_MM = (10.2, 9.0, 10.0, 8.5, 7.5, 7.0, 6.5)

_ARCH_HALF_WIDTH_MM, _ARCH_DEPTH_MM = 30.0, 42.0
"""The dental arch as an ellipse seen from the front: teeth to the side are foreshortened."""

_MM = PER_WIDTH / 50.0
_ENAMEL = np.array([226.0, 216.0, 202.0])
_GUM = np.array([150.0, 78.0, 76.0])
_TONGUE = np.array([188.0, 98.0, 96.0])
_OVERSAMPLING = 4


@cache
def upper_teeth() -> Texture:
    """Row 0 lies in the gums; `EDGE_ROW` is the biting edge of the front teeth."""
    return _teeth_row(_TOOTH_MM, upper=True)


@cache
def lower_teeth() -> Texture:
    """The biting edge lies at row `_height - EDGE_ROW`, gums below."""
    return _teeth_row(_LOWER_TOOTH_MM, upper=False)[::-1].copy()


EDGE_ROW = int(13 * _MM)
"""Of `upper_teeth`: from the top row to the biting edge."""


def _teeth_row(widths_mm: tuple[float, ...], *, upper: bool) -> Texture:
    """Teeth hanging down from gums, edges at EDGE_ROW."""
    k = _OVERSAMPLING
    height, width = int(16 * _MM) * k, int(64 * _MM) * k
    scale = _MM * k
    colours = np.zeros((height, width, 3), np.float32)
    colours[:] = _GUM * 0.8
    opacity = np.zeros((height, width), np.float32)
    middle, edge = width / 2.0, EDGE_ROW * k
    along_mm = 0.0
    for index, tooth_mm in enumerate(widths_mm):
        inner, outer = _seen_from_front(along_mm), _seen_from_front(along_mm + tooth_mm)
        along_mm += tooth_mm
        tall = _HEIGHT_MM[index] * (1.0 if upper else 0.85)
        rise = (0.0, 0.7, 0.1, 0.6, 1.0, 1.2, 1.3)[index] * (1.0 if upper else 0.3)
        shade = 1.0 - 0.7 * ((along_mm - tooth_mm / 2.0) / sum(widths_mm)) ** 1.3
        for side in (-1.0, 1.0):
            left, right = sorted((middle + side * inner * scale, middle + side * outer * scale))
            _tooth(colours, opacity, left, right, edge - rise * scale, tall * scale, shade)
    _gums(colours, opacity, edge, scale)
    size = (width // k, height // k)
    premultiplied = cv2.resize(colours * opacity[..., None], size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(opacity, size, interpolation=cv2.INTER_AREA)
    rgb = premultiplied / np.maximum(small, 1e-3)[..., None]
    return np.dstack([rgb, small]).astype(np.float32)


def _seen_from_front(along_mm: float) -> float:
    """Arc length along the arch from its middle -> distance from the middle as seen, mm."""
    angle = np.linspace(0.0, np.pi / 2.0, 400)
    x, z = _ARCH_HALF_WIDTH_MM * np.sin(angle), _ARCH_DEPTH_MM * np.cos(angle)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return float(np.interp(along_mm, arc, x))


def _tooth(
    colours: NDArray[np.float32],
    opacity: NDArray[np.float32],
    left: float,
    right: float,
    edge: float,
    tall: float,
    shade: float,
) -> None:
    """One tooth: rounded at its biting edge, touching its neighbours, shaded where they touch."""
    x0, x1 = int(left), int(right) + 1
    y0, y1 = int(edge - tall), int(edge) + 1
    x = np.linspace(-1.0, 1.0, x1 - x0)[None, :]
    y = np.linspace(0.0, 1.0, y1 - y0)[:, None]
    corner = np.clip((y - 0.80) / 0.20, 0.0, 1.0) ** 2 * np.abs(x) ** 3
    cover = np.clip((0.55 - corner) * 6.0, 0.0, 1.0)
    seam = 1.0 - 0.16 * np.abs(x) ** 8 * (0.4 + 0.6 * y)
    light = shade * seam * (0.93 + 0.07 * (1.0 - x**2)) * (0.72 + 0.28 * y**0.6)
    tint = _ENAMEL - (1.0 - y[..., None]) * np.array([4.0, 14.0, 24.0])
    region = colours[y0:y1, x0:x1]
    region += (tint * light[..., None] - region) * cover[..., None]
    part = opacity[y0:y1, x0:x1]
    np.maximum(part, cover, out=part)


def _gums(
    colours: NDArray[np.float32], opacity: NDArray[np.float32], edge: float, scale: float
) -> None:
    """Pink above the necks of the teeth, scalloped by what the teeth leave free."""
    height, width = opacity.shape
    x = np.arange(width)
    reach = _ARCH_HALF_WIDTH_MM * 0.97 * scale
    line = edge - (7.2 + 1.2 * np.cos((x - width / 2) / reach * 2.2)) * scale
    rows = np.arange(height)[:, None]
    gum = np.clip((line - rows) / (0.8 * scale), 0, 1) * (np.abs(x - width / 2) < reach)
    shade = 1.0 - 0.5 * (np.abs(x - width / 2) / reach).clip(0, 1)
    free = gum * (1.0 - opacity * (rows > line))
    colours += (_GUM * shade[None, :, None] - colours) * free[..., None]
    np.maximum(opacity, gum.astype(np.float32), out=opacity)


@cache
def tongue() -> Texture:
    """Seen from the front: a rounded back with a faint furrow; row 0 is its top."""
    height, width = int(34 * _MM), int(42 * _MM)
    x = np.linspace(-1.0, 1.0, width)[None, :]
    y = np.linspace(0.0, 1.0, height)[:, None]
    top = 0.06 + 0.35 * np.abs(x) ** 2.5
    cover = np.clip((y - top) * 5.0, 0.0, 1.0) * np.clip((1.0 - np.abs(x)) * 6.0, 0.0, 1.0)
    furrow = 1.0 - 0.13 * np.exp(-((x / 0.07) ** 2))
    light = (0.62 + 0.38 * np.exp(-(((y - top) - 0.30) ** 2) / 0.16)) * (1 - 0.35 * x**2) * furrow
    return np.dstack([_TONGUE * light[..., None], cover]).astype(np.float32)
