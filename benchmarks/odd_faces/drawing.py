"""A cartoon, a doll, a cat, a dog and a painting, drawn by a few shapes: nobody's but ours.

Each comes with the places of its eight points, which only who drew it knows for certain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.by_hand import Points
from engine.frame import Pixels

SIDE = 640
"""Of a picture, px."""

_FINER = 2
"""Drawn at this many times its size, then averaged."""

Colour = tuple[int, int, int]
At = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OddFace:
    """A drawn face."""

    picture: Pixels
    points: Points
    """Name -> x, y px, as `engine.faces.by_hand` names them."""


@dataclass(slots=True)
class _Canvas:
    """Shapes in units of half the picture's side, from its middle; y points down."""

    pixels: Pixels = field(
        default_factory=lambda: np.zeros((SIDE * _FINER, SIDE * _FINER, 3), np.uint8)
    )

    def place(self, at: At) -> tuple[int, int]:
        half = SIDE * _FINER / 2.0
        return round(half + at[0] * half), round(half + at[1] * half)

    def length(self, of: float) -> int:
        return max(round(of * SIDE * _FINER / 2.0), 1)

    def fill(self, colour: Colour) -> None:
        self.pixels[:] = colour

    def ellipse(
        self, at: At, axes: At, colour: Colour, *, turned: float = 0.0, line: float | None = None
    ) -> None:
        size = self.length(axes[0]), self.length(axes[1])
        thick = -1 if line is None else self.length(line)
        cv2.ellipse(self.pixels, self.place(at), size, turned, 0, 360, colour, thick, cv2.LINE_AA)

    def arc(self, at: At, axes: At, span: tuple[float, float], colour: Colour, line: float) -> None:
        size = self.length(axes[0]), self.length(axes[1])
        cv2.ellipse(
            self.pixels, self.place(at), size, 0, *span, colour, self.length(line), cv2.LINE_AA
        )

    def polygon(self, corners: list[At], colour: Colour) -> None:
        cv2.fillPoly(self.pixels, [np.array([self.place(c) for c in corners])], colour, cv2.LINE_AA)

    def line(self, start: At, end: At, colour: Colour, line: float) -> None:
        cv2.line(
            self.pixels, self.place(start), self.place(end), colour, self.length(line), cv2.LINE_AA
        )

    def done(self) -> Pixels:
        return np.asarray(
            cv2.resize(self.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8
        )


def cartoon() -> OddFace:
    """Flat colours, ink, and eyes taller than a human's."""
    c, ink = _Canvas(), (40, 28, 30)
    c.fill((150, 200, 220))
    c.ellipse((0, -0.1), (0.56, 0.66), (200, 110, 40))
    for side in (-1, 1):
        c.ellipse((side * 0.47, 0.08), (0.09, 0.13), (245, 205, 170))
        c.ellipse((side * 0.47, 0.08), (0.09, 0.13), ink, line=0.012)
    c.ellipse((0, 0.06), (0.46, 0.56), (245, 205, 170))
    c.ellipse((0, 0.06), (0.46, 0.56), ink, line=0.014)
    c.polygon([(-0.46, -0.1), (-0.3, -0.6), (0.3, -0.6), (0.46, -0.1), (0.1, -0.38), (-0.2, -0.3)],
              (200, 110, 40))  # fmt: skip
    for side in (-1, 1):
        c.ellipse((side * 0.18, -0.02), (0.115, 0.15), (255, 255, 255))
        c.ellipse((side * 0.18, -0.02), (0.115, 0.15), ink, line=0.014)
        c.ellipse((side * 0.17, 0.0), (0.05, 0.07), (70, 120, 60))
        c.ellipse((side * 0.17, 0.0), (0.028, 0.045), ink)
        c.ellipse((side * 0.17 + 0.015, -0.03), (0.014, 0.018), (255, 255, 255))
        c.arc((side * 0.18, -0.2), (0.12, 0.05), (200, 340), ink, 0.024)
    c.arc((0, 0.12), (0.04, 0.06), (-40, 120), ink, 0.012)
    c.arc((0, 0.25), (0.17, 0.1), (20, 160), ink, 0.016)
    return _with_points(c.done(), eyes=(0.065, 0.295, -0.02), mouth=(0.16, 0.29, 0.35), chin=0.62)


def doll() -> OddFace:
    """Smooth as plastic, with large glossy eyes and a small painted mouth."""
    c, skin = _Canvas(), (246, 214, 200)
    c.fill((214, 196, 206))
    c.ellipse((0, -0.08), (0.6, 0.72), (92, 52, 40))
    c.ellipse((0, 0.06), (0.43, 0.54), skin)
    c.ellipse((0, -0.33), (0.32, 0.16), (92, 52, 40))
    fringe = [(-0.44, 0.0), (-0.36, -0.45), (0.36, -0.45), (0.44, 0.0), (0.3, -0.26), (-0.3, -0.26)]
    c.polygon(fringe, (92, 52, 40))
    c.pixels[:] = _shaded(c.pixels, (0.0, 0.0), 0.62)
    for side in (-1, 1):
        c.ellipse((side * 0.25, 0.24), (0.09, 0.06), (244, 178, 172))
        c.ellipse((side * 0.17, 0.02), (0.1, 0.078), (60, 34, 30))
        c.ellipse((side * 0.17, 0.03), (0.092, 0.068), (250, 250, 252))
        c.ellipse((side * 0.17, 0.03), (0.055, 0.062), (60, 130, 190))
        c.ellipse((side * 0.17, 0.03), (0.028, 0.034), (12, 14, 22))
        c.ellipse((side * 0.17 + 0.022, 0.005), (0.014, 0.014), (255, 255, 255))
        for lash in range(5):
            x = side * (0.11 + 0.035 * lash)
            c.line((x, -0.035 + 0.008 * lash), (x + side * 0.02, -0.085 + 0.014 * lash),
                   (50, 28, 26), 0.008)  # fmt: skip
        c.arc((side * 0.17, -0.11), (0.1, 0.035), (200, 340), (120, 74, 58), 0.014)
    soft = cv2.GaussianBlur(c.pixels, (0, 0), 3.0)
    c.pixels[:] = soft
    c.ellipse((0, 0.2), (0.03, 0.016), (226, 176, 160))
    c.ellipse((-0.04, 0.335), (0.05, 0.022), (204, 62, 84))
    c.ellipse((0.04, 0.335), (0.05, 0.022), (204, 62, 84))
    c.ellipse((0, 0.362), (0.07, 0.026), (214, 80, 98))
    c.line((-0.085, 0.346), (0.085, 0.346), (130, 30, 52), 0.007)
    return _with_points(c.done(), eyes=(0.075, 0.265, 0.03), mouth=(0.088, 0.346, 0.346), chin=0.6)


def cat() -> OddFace:
    """Fur, slit pupils, a muzzle."""
    c, fur, light = _Canvas(), (206, 140, 70), (244, 226, 202)
    c.fill((110, 130, 100))
    for side in (-1, 1):
        c.polygon([(side * 0.56, -0.72), (side * 0.5, -0.1), (side * 0.12, -0.42)], fur)
        c.polygon([(side * 0.5, -0.6), (side * 0.45, -0.26), (side * 0.24, -0.42)], (226, 164, 150))
    c.ellipse((0, 0.05), (0.58, 0.5), fur)
    for stripe in (-0.12, 0.0, 0.12):
        c.line((stripe, -0.42), (stripe * 0.8, -0.2), (140, 84, 40), 0.03)
    for side in (-1, 1):
        c.ellipse((side * 0.24, -0.02), (0.125, 0.085), (40, 26, 20), turned=-side * 12.0)
        c.ellipse((side * 0.24, -0.02), (0.112, 0.073), (176, 196, 84), turned=-side * 12.0)
        c.ellipse((side * 0.24, -0.02), (0.024, 0.07), (10, 12, 10))
        c.ellipse((side * 0.24 + 0.03, -0.045), (0.014, 0.014), (255, 255, 255))
        c.ellipse((side * 0.12, 0.3), (0.15, 0.12), light)
    c.ellipse((0, 0.42), (0.16, 0.1), light)
    c.polygon([(-0.055, 0.17), (0.055, 0.17), (0.0, 0.23)], (214, 120, 118))
    c.line((0, 0.23), (0, 0.3), (80, 44, 40), 0.01)
    for side in (-1, 1):
        c.arc((side * 0.085, 0.285), (0.085, 0.06), (20, 160), (80, 44, 40), 0.012)
        for whisker in (-0.03, 0.02, 0.07):
            c.line((side * 0.2, 0.28 + whisker), (side * 0.62, 0.22 + 2.2 * whisker),
                   (250, 246, 240), 0.006)  # fmt: skip
    c.pixels[:] = _furry(c.pixels)
    return _with_points(c.done(), eyes=(0.125, 0.36, -0.02), mouth=(0.165, 0.31, 0.335), chin=0.52)


def dog() -> OddFace:
    """Fur, hanging ears, and a muzzle as long as a dog's."""
    c, fur, dark, light = _Canvas(), (150, 104, 66), (84, 54, 36), (232, 214, 190)
    c.fill((180, 196, 206))
    c.ellipse((0, -0.08), (0.46, 0.5), fur)
    c.ellipse((0, 0.26), (0.28, 0.34), light)
    c.ellipse((0, -0.3), (0.09, 0.26), light)
    for side in (-1, 1):
        c.ellipse((side * 0.47, 0.0), (0.15, 0.42), dark, turned=-side * 10.0)
        c.ellipse((side * 0.19, -0.12), (0.085, 0.08), (30, 20, 16))
        c.ellipse((side * 0.19, -0.115), (0.06, 0.06), (92, 56, 28))
        c.ellipse((side * 0.19, -0.115), (0.034, 0.034), (10, 8, 8))
        c.ellipse((side * 0.19 + 0.022, -0.14), (0.014, 0.014), (255, 255, 255))
    c.ellipse((0, 0.12), (0.12, 0.085), (28, 24, 26))
    c.ellipse((-0.03, 0.09), (0.035, 0.018), (120, 116, 120))
    c.line((0, 0.2), (0, 0.31), (60, 40, 34), 0.014)
    for side in (-1, 1):
        c.arc((side * 0.11, 0.29), (0.11, 0.09), (15, 165), (60, 40, 34), 0.016)
    c.pixels[:] = _furry(c.pixels)
    return _with_points(c.done(), eyes=(0.11, 0.27, -0.11), mouth=(0.21, 0.32, 0.36), chin=0.58)


def painted(picture: Pixels, points: Points) -> OddFace:
    """A picture whose face is known, in strokes of oil on canvas under varnish."""
    scale = SIDE / max(picture.shape[:2])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for _ in range(4):
        small = cv2.bilateralFilter(small, 9, 30.0, 5.0)
    strokes = _along(np.asarray(small, np.uint8))
    rng = np.random.default_rng(11)
    weave = cv2.GaussianBlur(rng.normal(size=strokes.shape[:2]), (0, 0), 0.7) * 5.0
    varnish = strokes.astype(np.float64) * (1.0, 0.93, 0.76) + weave[..., None]
    moved = {name: (x * scale, y * scale) for name, (x, y) in points.items()}
    return OddFace(picture=np.clip(varnish, 0, 255).astype(np.uint8), points=moved)


DRAWN: Mapping[str, Callable[[], OddFace]] = {
    "cartoon": cartoon,
    "doll": doll,
    "cat": cat,
    "dog": dog,
}


def _with_points(
    picture: Pixels, *, eyes: tuple[float, float, float], mouth: tuple[float, float, float],
    chin: float,
) -> OddFace:  # fmt: skip
    """A face that is the same on both sides.

    Args:
        picture: as drawn.
        eyes: inner and outer corner aside of the middle, and their height; units of the canvas.
        mouth: corners aside and their height, and the height of the middle of the lips.
        chin: its height.
    """
    (inner, outer, line), (corner, at, lips) = eyes, mouth
    units = {
        "right_eye_outer": (-outer, line), "right_eye_inner": (-inner, line),
        "left_eye_inner": (inner, line), "left_eye_outer": (outer, line),
        "mouth_right": (-corner, at), "mouth_left": (corner, at),
        "lips": (0.0, lips), "chin": (0.0, chin),
    }  # fmt: skip
    half = SIDE / 2.0
    places = {name: (half + x * half, half + y * half) for name, (x, y) in units.items()}
    return OddFace(picture=picture, points=places)


def _shaded(pixels: Pixels, light: At, reach: float) -> Pixels:
    """A ball's shade over everything, from `light` outwards."""
    side = len(pixels)
    rows, columns = np.indices((side, side)) / (side / 2.0) - 1.0
    away = np.hypot(columns - light[0] + 0.12, rows - light[1] + 0.15) / (reach * 1.6)
    lit = pixels * (1.06 - 0.35 * np.clip(away, 0.0, 1.2) ** 2)[..., None]
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _furry(pixels: Pixels) -> Pixels:
    """Hairs that run away from the nose, drawn by moving pixels and by light."""
    side = len(pixels)
    rng = np.random.default_rng(7)
    rows, columns = np.indices((side, side), np.float32)
    across, down = columns - side / 2.0, rows - 0.58 * side
    away = np.hypot(across, down) + 1.0
    hairs = rng.normal(size=(side, side)).astype(np.float32)
    # A hair is as far as one noise is seen from along its way.
    drawn = np.zeros_like(hairs)
    for step in range(12):
        x, y = columns - across / away * step, rows - down / away * step
        drawn += cv2.remap(hairs, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    drawn /= drawn.std()
    x, y = columns + 3.0 * drawn * across / away, rows + 3.0 * drawn * down / away
    ruffled = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(ruffled * (1.0 + 0.07 * drawn[..., None]), 0, 255).astype(np.uint8)


def _along(picture: Pixels) -> Pixels:
    """Strokes along the picture's edges: noise and colours smeared where they run."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 3.0)
    grey = np.asarray(grey, np.float32)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx, xy, yy = (cv2.GaussianBlur(v, (0, 0), 5.0) for v in (gx * gx, gx * gy, gy * gy))
    angle = (0.5 * np.arctan2(2.0 * xy, xx - yy) + np.pi / 2.0).astype(np.float32)
    rows, columns = np.indices(grey.shape, np.float32)
    noise = np.random.default_rng(9).normal(0.0, 16.0, grey.shape).astype(np.float32)
    source = np.dstack([picture.astype(np.float32), cv2.GaussianBlur(noise, (0, 0), 1.2)])
    smeared = np.zeros_like(source)
    reach: NDArray[np.int64] = np.arange(-6, 7)
    for step in reach.tolist():
        x, y = columns + step * np.cos(angle), rows + step * np.sin(angle)
        smeared += cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    smeared /= len(reach)
    return np.clip(smeared[..., :3] + 2.5 * smeared[..., 3:], 0, 255).astype(np.uint8)
