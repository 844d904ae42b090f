"""Smooth random fields, in a texture and in space."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

LATTICE = 24


def plane_noise(
    draw: np.random.Generator,
    shape: tuple[int, int],
    cell_px: float,
    octaves: int = 3,
    gain: float = 0.5,
) -> NDArray[np.float32]:
    """Value noise (H, W) with features of `cell_px`; each octave halves them. About unit size."""
    height, width = shape
    total, amplitude = np.zeros(shape, np.float32), 1.0
    for octave in range(octaves):
        rows = int(np.clip(height / cell_px * 2**octave, 2, height))
        columns = int(np.clip(width / cell_px * 2**octave, 2, width))
        lattice = draw.normal(0, 1, (rows, columns)).astype(np.float32)
        total += amplitude * cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC)
        amplitude *= gain
    return total


def space_noise(
    draw: np.random.Generator,
    points: NDArray[np.float32],
    cell: float,
    octaves: int = 3,
    gain: float = 0.5,
) -> NDArray[np.float32]:
    """Value noise at points (..., 3) with features of `cell` units: no seams on a surface."""
    total, amplitude = np.zeros(points.shape[:-1], np.float32), 1.0
    for octave in range(octaves):
        lattice = draw.normal(0, 1, (LATTICE,) * 3).astype(np.float32)
        place = points / cell * 2**octave + draw.uniform(0, LATTICE, 3)
        value = map_coordinates(lattice, np.moveaxis(place, -1, 0), order=1, mode="grid-wrap")
        total += np.float32(amplitude) * value.astype(np.float32)
        amplitude *= gain
    return total


def tiling_noise(
    draw: np.random.Generator, size: int, sigma_x: float, sigma_y: float
) -> NDArray[np.float32]:
    """Blurred white noise (size, size) that repeats without a seam: mean 0, deviation 1."""
    white = np.tile(draw.normal(0, 1, (size, size)).astype(np.float32), (3, 3))
    blurred = cv2.GaussianBlur(white, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y)
    middle = blurred[size : 2 * size, size : 2 * size]
    return np.asarray((middle - middle.mean()) / middle.std(), np.float32)
