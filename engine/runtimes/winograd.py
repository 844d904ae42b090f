"""3 x 3 convolutions by Winograd's minimal filtering, in OpenVINO's own operations.

A CPU spends a DPE frame in 3 x 3 convolutions that already run near its arithmetic peak, so only
fewer multiplications make it faster. Along one axis, m outputs of a 3-tap filter need m + 2
products instead of 3m once input and filter are transformed (Winograd 1980; Lavin and Gray 2016):

    y = A ((G g) * (B d))        d: m + 2 inputs, g: 3 taps, y: m outputs

G g is computed here, once. B d is depthwise convolutions of stride m, one per product, the products
are 1 x 1 convolutions, and A is sums of whole maps; the pointwise operations that follow the
convolution are done before the m x m phases of the result are interleaved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

POINTS = {2: (1.0,), 4: (0.625, 1.5)}
"""Per tile: interpolation at 0, plus and minus these, and infinity. The usual 1 and 2 of a tile of
4 give twice the rounding error (1.3e-6 against 2.7e-6 of the output's deviation, both axes)."""


@dataclass(frozen=True, slots=True)
class Transform:
    """The matrices of one axis for tiles of `tile` outputs; tile 1 means no transform."""

    tile: int

    @property
    def points(self) -> list[float]:
        """The finite interpolation points."""
        return [0.0, *(sign * p for p in POINTS[self.tile] for sign in (1.0, -1.0))]

    @property
    def of_input(self) -> list[NDArray[np.float64]]:
        """B, one row of tile + 2 taps per product: polynomials with all roots but their own."""
        points = self.points
        rows = [np.poly([q for q in points if q != p])[::-1] for p in points]
        rows.append(np.poly(points)[::-1])
        return [np.pad(row, (0, self.tile + 2 - len(row))) for row in rows]

    @property
    def of_filter(self) -> NDArray[np.float64]:
        """G, (tile + 2, 3)."""
        points = self.points
        scales = [np.prod([p - q for q in points if q != p]) for p in points]
        rows = [[p**k / scale for k in range(3)] for p, scale in zip(points, scales, strict=True)]
        return np.array([*rows, [0.0, 0.0, 1.0]])

    def outputs(self, products: Sequence[ov.Output]) -> list[ov.Output]:
        """A: the tile's outputs, by sums and differences of the products at opposite points."""
        first, *middle, last = products
        pairs = [
            (p, op.add(plus, minus).output(0), op.subtract(plus, minus).output(0))
            for p, plus, minus in zip(POINTS[self.tile], middle[::2], middle[1::2], strict=True)
        ]
        results = []
        for power in range(self.tile):
            terms = [scaled(odd if power % 2 else even, p**power) for p, even, odd in pairs]
            terms += [first] if power == 0 else []
            terms += [last] if power == self.tile - 1 else []
            total = terms[0]
            for term in terms[1:]:
                total = op.add(total, term).output(0)
            results.append(total)
        return results


def scaled(x: ov.Output, factor: float) -> ov.Output:
    """The map times a constant, or itself."""
    return x if factor == 1.0 else op.multiply(x, constant(factor)).output(0)


def constant(values: object) -> ov.Node:
    """A float32 constant."""
    return op.constant(np.asarray(values, np.float32))


def transform_input(x: ov.Output, tile: int, axis: int) -> list[ov.Output]:
    """(1, C, h, w) with a border of one zero -> per product (1, C, ...), `axis` shorter by tile."""
    return [depthwise(x, taps, tile, axis) for taps in Transform(tile).of_input]


def depthwise(x: ov.Output, taps: NDArray[np.float64], tile: int, axis: int) -> ov.Output:
    """One row of B along one axis (0: down, 1: across), without its outer and alternate zeros."""
    used = np.flatnonzero(np.abs(taps) > 1e-12)
    step = 2 if all(b - a == 2 for a, b in pairwise(used)) else 1
    values = taps[used[0] : used[-1] + 1 : step]
    # Tap k of tile t reads pixel t * tile + k - 1: only the outermost taps leave the picture.
    before, after = int(used[0] == 0), int(used[-1] == tile + 1)
    channels = x.get_shape()[1]
    shape = (channels, 1, 1, len(values), 1) if axis == 0 else (channels, 1, 1, 1, len(values))
    weight = np.broadcast_to(values.reshape(shape[1:]), shape)

    def along(value: int, across: int) -> list[int]:
        return [value, across] if axis == 0 else [across, value]

    return op.group_convolution(
        x, constant(weight), along(tile, 1), along(before, 0), along(after, 0), along(step, 1)
    ).output(0)


def convolve(
    x: ov.Output,
    weight: NDArray[np.float32],
    tiles: tuple[int, int],
    pointwise: Callable[[ov.Output], ov.Output],
) -> ov.Output:
    """A 3 x 3 convolution of stride 1 with a border of one zero, then `pointwise`.

    x: (1, C, h, w) with h and w multiples of their tiles; weight: (outputs, C, 3, 3).
    """
    down, across = tiles
    rows = along_axis(x, weight.astype(np.float64), down, 0)
    phases: list[list[ov.Output]] = []  # [row][column] of a tile
    columns: list[list[ov.Output]] = []  # [product along h][phase along w]
    for row, row_weight in rows:
        products = [
            op.convolution(part, constant(part_weight), [1, 1], *border(tiles), [1, 1]).output(0)
            for part, part_weight in along_axis(row, row_weight, across, 1)
        ]
        columns.append(Transform(across).outputs(products) if across > 1 else products)
    for phase in range(across):
        column = [products[phase] for products in columns]
        phases.append(Transform(down).outputs(column) if down > 1 else column)
    return interleave([[pointwise(phases[j][i]) for j in range(across)] for i in range(down)])


def along_axis(
    x: ov.Output, weight: NDArray[np.float64], tile: int, axis: int
) -> list[tuple[ov.Output, NDArray[np.float64]]]:
    """The inputs of the products along one axis, each with its filter."""
    if tile == 1:
        return [(x, weight)]
    transformed = np.tensordot(Transform(tile).of_filter, weight, axes=(1, 2 + axis))
    filters = [np.expand_dims(part, 2 + axis) for part in transformed]
    return list(zip(transform_input(x, tile, axis), filters, strict=True))


def border(tiles: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Padding of the products: an axis without transform still has its three taps."""
    sides = [1 if tile == 1 else 0 for tile in tiles]
    return sides, sides


def interleave(phases: list[list[ov.Output]]) -> ov.Output:
    """[row][column] maps (1, C, h, w) -> (1, C, rows * h, columns * w), channels kept innermost."""
    rows, columns = len(phases), len(phases[0])
    if rows == columns:
        cells = [cell for row in phases for cell in row]
        return op.depth_to_space(op.concat(cells, 1), "blocks_first", rows).output(0)
    _, channels, height, width = phases[0][0].get_shape()
    to_nhwc, to_nchw = op.constant([0, 2, 3, 1]), op.constant([0, 3, 1, 2])
    lines = []
    for row in phases:
        cells = [op.unsqueeze(op.transpose(cell, to_nhwc), op.constant([3])) for cell in row]
        line = op.concat(cells, 3) if columns > 1 else cells[0]  # (1, h, w, columns, C)
        shape = op.constant([1, height, 1, width * columns, channels])
        lines.append(op.reshape(line, shape, special_zero=False))
    picture = op.concat(lines, 2) if rows > 1 else lines[0]  # (1, h, rows, w * columns, C)
    shape = op.constant([1, height * rows, width * columns, channels])
    return op.transpose(op.reshape(picture, shape, special_zero=False), to_nchw).output(0)
