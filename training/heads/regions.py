"""Where things are on the mean head: smooth masks (0..1) of points in generic coordinates.

The mean head spans x -9..9, chin at y -8.5, brows at y 5.5, crown at y 14.5, nose tip at z 13.
"""

import numpy as np
from numpy.typing import NDArray

from training.heads.head_mesh import smoothstep

Field = NDArray[np.float32]

HAIRLINE_AZIMUTH_DEG = (0, 25, 45, 58, 68, 78, 88, 100, 120, 150, 180)
HAIRLINE_HEIGHT = (9.5, 9.7, 8.9, 7.2, 4.4, 1.0, 3.6, 3.2, -1.5, -4.6, -5.2)
"""Height of the hairline round the head, from the forehead over temple, sideburn and ear to the
nape."""
RECESSION = (0.0, 0.8, 1.2, 0.6, 0, 0, 0, 0, 0, 0, 0)
"""Where a receding hairline goes up."""


def blob(points: Field, centre: tuple[float, float, float], radius: float) -> Field:
    """A soft ball around a place and its mirror image."""
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    squared = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
    return np.asarray(np.exp(-squared / radius**2), np.float32)


def hairline(points: Field, recession: float) -> Field:
    """Height of the natural hairline at each point's azimuth."""
    azimuth = np.degrees(np.abs(np.arctan2(points[..., 0], points[..., 2] + 1.0)))
    heights = np.add(HAIRLINE_HEIGHT, np.multiply(RECESSION, recession))
    return np.asarray(np.interp(azimuth, HAIRLINE_AZIMUTH_DEG, heights), np.float32)


def ears(points: Field) -> NDArray[np.bool_]:
    """The ears, which grow no hair."""
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    return np.asarray((x > 7.15) & (y > -3) & (y < 5.6) & (z < 2.4) & (z > -4.2))


def scalp(points: Field, recession: float, ragged: Field | float = 0.0) -> Field:
    """Where head hair grows; `ragged` is noise added to the hairline."""
    above = points[..., 1] - hairline(points, recession) - ragged
    return np.asarray(smoothstep(-0.5, 0.45, above) * ~ears(points), np.float32)


def beard(points: Field, kind: str, ragged: Field | float = 0.0) -> Field:
    """Where a beard grows: "full", "stubble", "goatee" or "mustache"."""
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    noise = ragged
    jaw = smoothstep(-1.2, -3.6, y + noise - 0.25 * np.maximum(0, x - 3.5))
    jaw = jaw * smoothstep(-9.2, -6.6, y + 0.12 * z + noise)
    cheek = smoothstep(4.6, 6.2, x + noise) * smoothstep(3.5, 1.0, y) * smoothstep(0.0, 2.0, z)
    lip = smoothstep(-1.1, -1.7, y + 0.4 * noise) * smoothstep(-3.6, -2.9, y)
    lip = lip * smoothstep(2.9, 1.5, x + 0.5 * np.maximum(0, -2.6 - y)) * (z > 7)
    if kind == "mustache":
        return np.asarray(lip, np.float32)
    if kind == "goatee":
        return np.asarray(np.clip(lip + jaw * smoothstep(3.6, 2.6, x + noise), 0, 1), np.float32)
    full = jaw * (0.75 + 0.25 * smoothstep(6.5, 4.0, x))
    full = full + 0.8 * cheek * smoothstep(-6, -1, y) + 0.9 * lip
    return np.asarray(np.clip(full, 0, 1) * smoothstep(-0.5, 0.8, z) * ~ears(points), np.float32)


def brow_arch(points: Field, low: float, high: float) -> Field:
    """The forehead between two heights."""
    y, z = points[..., 1], points[..., 2]
    return np.asarray(
        smoothstep(low, low + 0.8, y) * smoothstep(high, high - 1.5, y) * (z > 3), np.float32
    )
