"""What is behind the person: walls, rooms, gardens, lights; painted, never photographed."""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from training.heads.appearance import sample_colour
from training.heads.noise import plane_noise
from training.heads.seeds import generator

Picture: TypeAlias = NDArray[np.float32]
"""(S, S, 3), display RGB in 0..1."""


def paint_backdrop(seed: int, size_px: int) -> Picture:
    """Paint one; the same seed gives the same scene."""
    draw = generator(seed, "backdrop")
    kinds: tuple[Callable[[np.random.Generator, int], Picture], ...] = (
        _wall, _wall, _room, _room, _garden, _lights, _clouds, _shapes,
    )  # fmt: skip
    picture = kinds[int(draw.integers(len(kinds)))](draw, size_px)
    grain = draw.normal(0, 0.005, (size_px, size_px, 1)).astype(np.float32)
    return np.asarray(np.clip(picture + grain, 0, 1), np.float32)


def _coordinates(size_px: int) -> tuple[Picture, Picture]:
    """Give x to the right and y down, 0..1."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    return x, y


def _muted(draw: np.random.Generator, low: float, high: float) -> NDArray[np.float32]:
    """A colour as walls have it."""
    value, tint = draw.uniform(low, high), draw.normal(0, 0.05, 3)
    return np.asarray(np.clip(value * (1 + tint), 0, 1), np.float32)


def _blurred(picture: Picture, sigma_256: float) -> Picture:
    sigma = sigma_256 * len(picture) / 256
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _wall(draw: np.random.Generator, size_px: int) -> Picture:
    """A wall lit from one side, or a studio's backdrop that falls off to its edges."""
    x, y = _coordinates(size_px)
    bright, dark = _muted(draw, 0.35, 0.9), _muted(draw, 0.1, 0.6)
    angle = draw.uniform(0, 2 * np.pi)
    side = np.clip(0.5 + 0.7 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)), 0, 1)
    middle = draw.uniform(0.3, 0.7), draw.uniform(0.25, 0.6)
    round_ = np.clip(np.hypot(x - middle[0], y - middle[1]) * draw.uniform(0.9, 1.6), 0, 1)
    share = (side if draw.random() < 0.5 else round_)[..., None]
    plaster = plane_noise(draw, (size_px, size_px), size_px / 12, 4)[..., None]
    picture = (bright * (1 - share) + dark * share) * (1 + 0.02 * plaster)
    return np.asarray(picture, np.float32)


def _room(draw: np.random.Generator, size_px: int) -> Picture:
    """A wall with a window, shelves of books, pictures, a lamp and a plant; out of focus."""
    picture = np.ones((size_px, size_px, 3), np.float32) * _muted(draw, 0.2, 0.8)
    x, _ = _coordinates(size_px)
    picture *= (0.75 + 0.5 * np.clip(x if draw.random() < 0.5 else 1 - x, 0, 1))[..., None]
    if draw.random() < 0.75:
        _shelves(picture, draw, size_px)
    for _ in range(int(draw.integers(0, 4))):
        left, top = draw.uniform(-0.1, 0.9), draw.uniform(-0.05, 0.6)
        width, height = draw.uniform(0.08, 0.3, 2)
        _box(picture, left, top, width, height, _muted(draw, 0.05, 0.9))
        inner = _muted(draw, 0.3, 0.95)
        _box(picture, left + 0.015, top + 0.015, width - 0.03, height - 0.03, inner)
    if draw.random() < 0.5:
        _window(picture, draw)
    if draw.random() < 0.4:
        _plant(picture, draw, size_px)
    if draw.random() < 0.4:
        place = draw.uniform(0, 1), draw.uniform(0.05, 0.5)
        _glow(picture, place, draw.uniform(0.1, 0.35), (1.0, 0.82, 0.55), 0.7)
    return _blurred(picture, float(draw.choice([1.0, 2.0, 3.5, 6.0])))


def _box(
    picture: Picture, left: float, top: float, width: float, height: float, colour: Picture
) -> None:
    size = len(picture)
    first = int(left * size), int(top * size)
    last = int((left + width) * size), int((top + height) * size)
    cv2.rectangle(picture, first, last, colour.tolist(), -1)


def _shelves(picture: Picture, draw: np.random.Generator, size_px: int) -> None:
    left, width = draw.uniform(-0.2, 0.7), draw.uniform(0.25, 0.8)
    wood = _muted(draw, 0.15, 0.6) * np.array([1.1, 1.0, 0.85], np.float32)
    pitch = draw.uniform(0.14, 0.26)
    for row in range(8):
        top = row * pitch - 0.1
        _box(picture, left, top, width, pitch, wood * 0.5)
        place = left + 0.01
        while place < left + width - 0.03:
            book = draw.uniform(0.012, 0.04)
            height = pitch * draw.uniform(0.55, 0.85)
            if draw.random() < 0.85:
                colour = np.asarray(sample_colour(draw), np.float32)
                _box(picture, place, top + pitch - height, book, height, colour)
            place += book + 0.002
        _box(picture, left, top + pitch - 0.012, width, 0.02, wood)


def _window(picture: Picture, draw: np.random.Generator) -> None:
    left, top = draw.uniform(-0.1, 0.8), draw.uniform(-0.2, 0.2)
    width, height = draw.uniform(0.25, 0.5), draw.uniform(0.4, 0.8)
    sky = np.array([0.85, 0.93, 1.0], np.float32) * draw.uniform(0.75, 1.0)
    _box(picture, left, top, width, height, sky)
    _box(picture, left, top + height * 0.6, width, height * 0.4, sky * _muted(draw, 0.5, 0.9))
    frame = _muted(draw, 0.5, 0.95)
    for share in (0.0, 0.5, 1.0):
        _box(picture, left + share * width - 0.01, top, 0.02, height, frame)
        _box(picture, left, top + share * height - 0.01, width, 0.02, frame)


def _plant(picture: Picture, draw: np.random.Generator, size_px: int) -> None:
    root = np.array([draw.uniform(0, 1), draw.uniform(0.7, 1.1)])
    for _ in range(int(draw.integers(12, 40))):
        green = np.array([0.12, 0.32, 0.10]) * draw.uniform(0.5, 1.9)
        angle = draw.uniform(-2.6, -0.5)
        reach = draw.uniform(0.05, 0.35)
        tip = root + reach * np.array([np.cos(angle), np.sin(angle)])
        centre = (int(tip[0] * size_px), int(tip[1] * size_px))
        axes = (int(0.06 * size_px), max(1, int(0.018 * size_px)))
        cv2.ellipse(picture, centre, axes, float(np.degrees(angle)), 0, 360, green.tolist(), -1)


def _glow(
    picture: Picture,
    place: tuple[float, float],
    radius: float,
    colour: tuple[float, float, float],
    strength: float,
) -> None:
    x, y = _coordinates(len(picture))
    light = np.exp(-(((x - place[0]) ** 2 + (y - place[1]) ** 2) / radius**2))
    picture += strength * light[..., None] * np.array(colour, np.float32)


def _garden(draw: np.random.Generator, size_px: int) -> Picture:
    """Sky over leaves in several depths, far from sharp."""
    _, y = _coordinates(size_px)
    top = np.array([0.45, 0.62, 0.88]) * draw.uniform(0.8, 1.1)
    low = np.array([0.85, 0.88, 0.90]) * draw.uniform(0.7, 1.0)
    picture = top * (1 - y[..., None]) + low * y[..., None]
    horizon = draw.uniform(-0.2, 0.6)
    for depth in range(4):
        cell = size_px / (4 * 2**depth)
        leaves = plane_noise(draw, (size_px, size_px), cell, 3)
        green = np.array([0.20, 0.34, 0.12]) * draw.uniform(0.35, 1.6) + draw.normal(0, 0.03, 3)
        share = 1 / (1 + np.exp(-6 * (leaves + 2.2 * (y - horizon) - 0.4 + 0.3 * depth)))
        picture = picture * (1 - share[..., None]) + np.clip(green, 0.01, 1) * share[..., None]
    picture = picture * (
        1 + 0.25 * plane_noise(draw, (size_px, size_px), size_px / 20, 2)[..., None]
    )
    return _blurred(np.clip(picture, 0, 1).astype(np.float32), float(draw.choice([1.0, 2.5, 5.0])))


def _lights(draw: np.random.Generator, size_px: int) -> Picture:
    """An evening street or stage: discs of light."""
    picture = np.ones((size_px, size_px, 3), np.float32) * _muted(draw, 0.03, 0.25)
    for _ in range(int(draw.integers(12, 45))):
        colour = np.clip(np.array([1.0, 0.8, 0.55]) + draw.normal(0, 0.25, 3), 0.05, 1.2)
        disc = np.zeros_like(picture)
        centre = tuple((draw.uniform(0, 1, 2) * size_px).astype(int).tolist())
        radius = int(draw.uniform(0.012, 0.06) * size_px) + 1
        cv2.circle(disc, centre, radius, colour.tolist(), -1, cv2.LINE_AA)
        picture += disc * draw.uniform(0.15, 0.7)
    return _blurred(picture, float(draw.uniform(0.8, 3.0)))


def _clouds(draw: np.random.Generator, size_px: int) -> Picture:
    """A painted cloth."""
    cell = size_px * draw.uniform(0.08, 0.5)
    texture = plane_noise(draw, (size_px, size_px), cell, 3)[..., None]
    tint = (0.6 + 0.4 * draw.normal(0, 1, 3)).astype(np.float32)
    return np.asarray(_muted(draw, 0.15, 0.75) + 0.08 * texture * tint, np.float32)


def _shapes(draw: np.random.Generator, size_px: int) -> Picture:
    """Posters, furniture, screens: anything with edges."""
    picture = np.ones((size_px, size_px, 3), np.float32) * np.array(sample_colour(draw), np.float32)
    for _ in range(int(draw.integers(4, 26))):
        left, top = draw.uniform(-0.2, 1.1, 2)
        width, height = draw.uniform(0.05, 0.6, 2)
        colour = np.asarray(sample_colour(draw), np.float32)
        if draw.random() < 0.7:
            _box(picture, left, top, width, height, colour)
        else:
            centre = int(left * size_px), int(top * size_px)
            axes = int(width * size_px / 2) + 1, int(height * size_px / 2) + 1
            cv2.ellipse(picture, centre, axes, draw.uniform(0, 180), 0, 360, colour.tolist(), -1)
    shade = plane_noise(draw, (size_px, size_px), size_px / 4, 2)[..., None]
    return _blurred(picture * (1 + 0.15 * shade), float(draw.choice([0.8, 2.5, 6.0, 12.0])))
