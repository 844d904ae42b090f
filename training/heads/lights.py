"""Lighting: one key light with a shadow, one fill light, and soft light from six sides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.heads.seeds import generator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """Colours are linear RGB; directions are unit vectors towards the light."""

    key_direction: NDArray[np.float64]
    key_colour: NDArray[np.float64]
    fill_direction: NDArray[np.float64]
    fill_colour: NDArray[np.float64]
    ambient: NDArray[np.float64]
    """(6, 3): from +x, -x, +y, -y, +z, -z."""
    shadow: float
    """How dark the key light's shadow is, 0..1."""


def sample_light(seed: int) -> Light:
    """Draw a room: colour temperatures, a window or lamp, sometimes a coloured fill."""
    draw = generator(seed, "light")
    key = direction(float(np.clip(draw.normal(0, 42), -85, 85)), float(_elevation(draw)))
    key_strength, ambient_strength = draw.uniform(0.5, 2.6), draw.uniform(0.25, 1.0)
    ambient = ambient_strength * _white(draw, 0.10) * np.exp(draw.normal(0, 0.28, (6, 1)))
    ambient *= np.exp(draw.normal(0, 0.07, (6, 3)))
    ambient[2] *= 1.35  # ceilings are bright, floors dark
    ambient[3] *= 0.55
    fill_strength = draw.uniform(0, 0.6) if draw.random() < 0.7 else 0.0
    neutral = np.exp(draw.normal(0, 0.15, 3))
    tinted = 1.5 * draw.random(3)
    fill_colour = neutral if draw.random() < 0.85 else tinted
    azimuth = -np.sign(key[0] or 1) * draw.uniform(30, 100)
    facing = max(0.35, float(key[2]))
    exposure = 0.95 / (0.95 * ambient_strength + 0.55 * key_strength * facing + 0.3 * fill_strength)
    exposure *= np.exp(draw.normal(0, 0.18))
    return Light(
        key_direction=key,
        key_colour=key_strength * exposure * _white(draw, 0.14),
        fill_direction=direction(azimuth, 6.0),
        fill_colour=fill_strength * exposure * fill_colour,
        ambient=ambient * exposure,
        shadow=float(draw.uniform(0.55, 1.0)),
    )


def direction(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    """Give the unit vector to a light; azimuth 0 is the camera's side, 90 the subject's left."""
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    level = np.cos(elevation)
    return np.array([np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level])


def _elevation(draw: np.random.Generator) -> float:
    return float(np.clip(draw.normal(28, 18), -15, 70))


def _white(draw: np.random.Generator, spread: float) -> NDArray[np.float64]:
    """A white between candle light and blue sky."""
    warmth = float(np.clip(draw.normal(0, 1), -2.5, 2.5))
    return np.array([1 + spread * warmth, 1.0, 1 - 1.2 * spread * warmth])
