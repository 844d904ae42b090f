"""Pictures whose order and colours are told from the clip they come back in, and clips of them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.frame import Frame, Pixels
from stream.files.clip_writer import clip_writer

COLOURS = np.array(
    [
        *([255, 0, 0], [0, 255, 0], [0, 0, 255]),
        *([0, 0, 0], [30, 30, 30], [128, 128, 128], [220, 220, 220], [255, 255, 255]),
        *([200, 150, 120], [90, 60, 50]),
    ],
    np.uint8,
)
"""Primaries, greys, skin."""


def numbered(count: int, *, width: int = 64, height: int = 48) -> list[Pixels]:
    """Grey pictures, each 10 levels lighter than the one before."""
    return [np.full((height, width, 3), 20 + 10 * index, np.uint8) for index in range(count)]


def bars(height: int = 48) -> Pixels:
    """A bar of 32 pixels for each colour."""
    row = np.repeat(COLOURS, 32, axis=0)
    return np.ascontiguousarray(np.broadcast_to(row, (height, *row.shape)))


def bars_of(picture: Pixels) -> Pixels:
    """The colour in the middle of each bar."""
    return picture[picture.shape[0] // 2, 16::32]


def noise(count: int) -> list[Pixels]:
    random = np.random.default_rng(1)
    return [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(count)]


def frames_of(pictures: list[Pixels], rate: float = 30) -> Iterator[Frame]:
    for index, pixels in enumerate(pictures):
        yield Frame(pixels=pixels, captured_ns=round(index * 1e9 / rate))


def write(path: Path, pictures: list[Pixels], *, rate: Fraction | int = 30) -> Path:
    height, width = pictures[0].shape[:2]
    with clip_writer(path, width=width, height=height, rate=Fraction(rate)) as writer:
        for frame in frames_of(pictures, float(rate)):
            writer.write(frame)
        writer.finish()
    return path
