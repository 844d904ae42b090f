"""Wrinkles that come and go with the expression: four height fields and what drives them."""

import numpy as np
from numpy.typing import NDArray

from training.heads import atlas
from training.heads.head_mesh import smoothstep
from training.heads.noise import space_noise
from training.heads.seeds import generator

KINDS = 4
"""Forehead, frown, eye corners, cheek folds: the channels of the map."""

FOREHEAD_LINES = ((6.4, 0.9), (7.2, 1.0), (8.0, 0.8), (8.8, 0.5))
"""Height at the middle and depth of each line."""
CROWS_FEET_DEG = (38.0, 16.0, -6.0, -28.0)
CHEEK_FOLD = ((1.75, 0.2), (2.1, -0.6), (2.7, -1.7), (3.05, -2.9), (3.15, -3.9), (3.0, -4.7))
"""From the wing of the nose past the corner of the mouth: x, y."""

DRIVERS: tuple[dict[str, float], ...] = (
    {"browInnerUp": 0.8, "browOuterUp": 0.8},
    {"browDown": 1.0, "noseSneer": 0.4},
    {"cheekSquint": 0.9, "eyeSquint": 0.7, "mouthSmile": 0.5, "cheekRaiser": 0.5},
    {"mouthSmile": 0.9, "noseSneer": 0.7, "mouthUpperUp": 0.5, "mouthStretch": 0.4},
)
"""What deepens each kind; the strongest driver counts in full, the others by a third."""
AT_REST = (0.25, 0.2, 0.3, 0.35)
"""Depth at rest of an old face; it scales with age."""


def paint(places: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """Paint the depth (S, 2 S, 4), 0 flat to 255 deepest, of each kind at weight 1."""
    draw = generator(seed, "wrinkles")
    x, y, z = np.abs(places[..., 0]), places[..., 1], places[..., 2]
    ragged = 0.12 * space_noise(draw, places, 1.6, 2)
    fields = [
        _forehead(draw, x, y + ragged),
        _frown(draw, x + 0.5 * ragged, y),
        _eye_corners(draw, x, y + 0.5 * ragged),
        _cheek_folds(draw, x + 0.7 * ragged, y),
    ]
    depth = np.stack([field * (z > 4) for field in fields], axis=-1)
    return np.asarray(np.clip(depth, 0, 1) * 255 + 0.5, np.uint8)


def weights(
    names: tuple[str, ...], facekit_weights: NDArray[np.float32], age: float
) -> NDArray[np.float32]:
    """Depth (2, 4) of each kind on the left and on the right."""
    value = dict(zip(names, facekit_weights.tolist(), strict=True))
    result = np.zeros((2, KINDS), np.float32)
    for row, side in enumerate(("_L", "_R")):
        for kind, drivers in enumerate(DRIVERS):
            pulls = sorted((gain * value[name + side] for name, gain in drivers.items()))
            drawn = pulls[-1] + sum(pulls[:-1]) / 3
            result[row, kind] = min(1.0, drawn * (0.55 + 0.45 * age) + AT_REST[kind] * age)
    return result


def _groove(distance: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)


def _forehead(
    draw: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    total = np.zeros_like(x)
    for height, depth in FOREHEAD_LINES:
        bend, shift = draw.normal(0.35, 0.15), draw.normal(0, 0.12)
        line = height + shift + bend * np.exp(-((x / 2.5) ** 2)) - 0.035 * x**2
        reach = draw.uniform(3.5, 5.5)
        total += depth * _groove(y - line, 0.13) * smoothstep(reach, reach - 2.0, x)
    return total


def _frown(
    draw: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    lean = draw.uniform(0.05, 0.2)
    upright = _groove(x - 0.65 - lean * (y - 5.0), 0.13)
    upright *= smoothstep(4.2, 4.9, y) * smoothstep(6.9, 6.0, y)
    across = _groove(y - 4.1 + 0.1 * x**2, 0.14) * smoothstep(1.3, 0.7, x)
    return np.asarray(upright + 0.7 * across, np.float32)


def _eye_corners(
    draw: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    along_x, along_y = x - 4.45, y - 3.35
    distance = np.hypot(along_x, along_y)
    angle = np.degrees(np.arctan2(along_y, along_x))
    total = np.zeros_like(x)
    for middle in CROWS_FEET_DEG:
        offset = np.radians(angle - middle - draw.normal(0, 4)) * distance
        total += draw.uniform(0.6, 1.0) * _groove(offset, 0.09)
    return np.asarray(total * smoothstep(0.3, 0.7, distance) * smoothstep(2.1, 1.2, distance))


def _cheek_folds(
    draw: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    points = np.array(CHEEK_FOLD, np.float32) + draw.normal(0, 0.08, (len(CHEEK_FOLD), 2))
    curve = atlas.smooth_curve(points.astype(np.float32), closed=False)
    nearest = np.full(x.shape, np.inf, np.float32)
    for px, py in curve:
        nearest = np.minimum(nearest, (x - px) ** 2 + (y - py) ** 2)
    fade = smoothstep(0.6, -0.3, y) * smoothstep(-5.2, -3.8, y)
    return np.asarray(_groove(np.sqrt(nearest), 0.26) * fade, np.float32)
