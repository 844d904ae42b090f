"""Soft polygons and blending in small boxes of a picture."""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.warp.grid import Box

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Something painted over a box of the picture."""

    box: Box
    colours: NDArray[np.float32] | NDArray[np.uint8]
    """(h, w, 3) in 0..255."""
    mask: NDArray[np.float32]
    """(h, w, 1) in 0..1."""

    def paint(self, output: Pixels) -> None:
        """Blend it into the picture, in place."""
        left, top, right, bottom = self.box
        blend_into(output[top:bottom, left:right], self.colours, self.mask)


def polygon_mask(
    polygon: Array, size: tuple[int, int], *, blur_px: float = 0.0
) -> tuple[NDArray[np.float32] | None, Box]:
    """The polygon (N, 2) px with soft edges, in the smallest box of a picture of `size` (H, W).

    Returns (h, w, 1) in 0..1 and the box; None where the polygon lies outside or is too thin.
    """
    margin = 1 + int(np.ceil(2.0 * blur_px))
    left, top = (max(floor(v) - margin, 0) for v in polygon.min(axis=0).tolist())
    right, bottom = (ceil(v) + margin + 1 for v in polygon.max(axis=0).tolist())
    right, bottom = min(right, size[1]), min(bottom, size[0])
    box = left, top, right, bottom
    if right - left < 3 or bottom - top < 3:
        return None, box
    mask = np.zeros((bottom - top, right - left), np.uint8)
    corners = np.round((polygon - (left, top)) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    if blur_px > 0.0:
        cv2.GaussianBlur(mask, (0, 0), blur_px, dst=mask)
    return (mask.astype(np.float32) * np.float32(1.0 / 255.0))[..., None], box


def blend_into(
    output: Pixels, colours: NDArray[np.uint8] | NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    """Blend in place: output * (1 - mask) + colours * mask; mask is (h, w, 1) in 0..1."""
    change = cv2.subtract(colours, output, dtype=cv2.CV_32F)
    change = cv2.multiply(change, cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB), dst=change)
    cv2.add(output, change, dst=output, dtype=cv2.CV_8U)  # rounds to the nearest and clips


def blend_rgba(canvas: NDArray[np.float32], layer: NDArray[np.float32]) -> None:
    """Blend a layer (h, w, 4) in place into a canvas (h, w, 3); its opacity is in 0..1."""
    opacity = cv2.cvtColor(cv2.extractChannel(layer, 3), cv2.COLOR_GRAY2RGB)
    change = cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB)
    change = cv2.subtract(change, canvas, dst=change)
    cv2.add(canvas, cv2.multiply(change, opacity, dst=change), dst=canvas)
