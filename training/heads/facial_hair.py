"""Lashes, brows and beards, grown on the mean head and hung on its mesh."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.heads import regions
from training.heads.appearance import Appearance
from training.heads.atlas import smooth_curve
from training.heads.facekit import Part
from training.heads.head_mesh import HeadMesh
from training.heads.noise import space_noise
from training.heads.seeds import generator
from training.heads.strands import RootedStrands, StrandLooks, tapered

LASH_ROWS, LASH_COLUMNS, LASH_STRIPS = 6, 19, 6
"""FaceKit's lash cards: 6 strips an eye (3 upper, 3 lower), each a grid."""
LASHES_PER_STRIP = 26
LOWER_PER_STRIP = 7
LOWER_LASH = 0.3
"""Length of lower lashes against upper ones."""
BROW_POINTS = (list(range(17, 22)), list(range(26, 21, -1)))
"""Landmarks of a brow from its tail to its head: right, left."""
HAIR_POINTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How many hairs, and how thick, for a picture of some size."""

    brow: int
    beard: int
    width: float
    """Half width of a brow hair, units."""


def grow_lashes(mesh: HeadMesh, looks: Appearance, amount: Amount) -> RootedStrands:
    """Lashes along FaceKit's cards, which follow the lids."""
    draw = generator(looks.seed, "lashes")
    corners, weights, widths = [], [], []
    for part in (Part.LEFT_LASHES, Part.RIGHT_LASHES):
        for strip, grid in enumerate(_lash_grids(mesh, part)):
            is_upper = strip < LASH_STRIPS // 2
            for _ in range(LASHES_PER_STRIP if is_upper else LOWER_PER_STRIP):
                column = draw.uniform(0.3, LASH_COLUMNS - 1.3)
                length = looks.eyes.lash_length * draw.uniform(0.6, 1.0)
                length *= 1.0 if is_upper else LOWER_LASH
                points = _lash(grid, column, draw.normal(0, 0.5), length)
                corners.append(points[0])
                weights.append(points[1])
                widths.append(amount.width * (1.2 if is_upper else 0.35))
    count = len(corners)
    width = np.array(widths, np.float32)[:, None] * tapered(count, HAIR_POINTS, 1.0, 0.1)
    return RootedStrands(
        corners=np.array(corners, np.int32),
        weights=np.array(weights, np.float32),
        offsets=np.zeros((count, HAIR_POINTS, 3), np.float32),
        looks=StrandLooks(
            width=width,
            tint=draw.random(count).astype(np.float32) * 0.4,
            depth=np.full((count, HAIR_POINTS), 0.5, np.float32),
        ),
    )


def grow_brows(mesh: HeadMesh, looks: Appearance, amount: Amount) -> RootedStrands:
    """Hairs that rise at the head of the brow and lie flat towards its tail."""
    draw = generator(looks.seed, "brows")
    landmarks = mesh.neutral[mesh.facekit.landmarks68]
    roots, ways = [], []
    for points in BROW_POINTS:
        curve = smooth_curve(landmarks[points], closed=False, steps=24)
        outwards = np.sign(curve[0, 0])
        count = int(amount.brow * looks.hair.brow_thickness)
        t = 1 - draw.beta(1.15, 1.25, count)  # 0 tail, 1 head
        base = curve[(t * (len(curve) - 1)).astype(int)]
        fullness = np.minimum(1, 0.22 + 1.5 * t) * (1 - 0.35 * np.clip((t - 0.85) / 0.15, 0, 1))
        spread = 0.19 * looks.hair.brow_thickness * fullness
        root = base + np.stack([0 * t, draw.normal(0, 1, count) * spread, 0 * t], 1)
        root[:, 1] += looks.hair.brow_lift - 0.05
        angle = np.radians(6 + 58 * t**2.5 + draw.normal(0, 8, count))
        # Hairs above the middle of the brow lean down to it, those below lean up.
        angle -= np.radians(26) * np.clip((root[:, 1] - base[:, 1]) / 0.3, -1, 1) * (t < 0.8)
        length = draw.uniform(0.55, 0.95, count) * (0.6 + 0.5 * np.sin(np.pi * np.clip(t, 0, 1)))
        way = np.stack([outwards * np.cos(angle), np.sin(angle), 0 * angle], 1) * length[:, None]
        roots.append(root)
        ways.append(way)
    return _on_skin(
        mesh, np.concatenate(roots), np.concatenate(ways), draw, amount.width, lift=0.05, droop=0.25
    )


def grow_beard(mesh: HeadMesh, looks: Appearance, amount: Amount) -> RootedStrands | None:
    """A beard's hairs; None for a face without one (stubble is only painted)."""
    kind = looks.hair.beard
    if kind not in ("full", "goatee", "mustache"):
        return None
    draw = generator(looks.seed, "beard")
    count = amount.beard // (1 if kind == "full" else 3)
    roots = _sample_surface(mesh, draw, 14 * amount.beard)
    ragged = 0.35 * space_noise(draw, roots, 1.3, 2)
    density = regions.beard(roots, kind, ragged)
    roots = roots[density > draw.random(len(roots))][:count]
    x, y = roots[:, 0], roots[:, 1]
    down = np.stack([0.35 * x / (np.abs(x) + 2), -1 + 0 * x, 0.25 + 0 * x], 1)
    above_lip = (y > -3.2) & (np.abs(x) < 3.2)
    down[above_lip, 0] = 0.8 * np.tanh(1.5 * x[above_lip])
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    length = 0.45 + 1.7 * looks.hair.beard_length * draw.uniform(0.5, 1.1, len(roots))
    length = length * np.where(above_lip, 0.55, 1.0)
    return _on_skin(
        mesh,
        roots,
        np.asarray(down * length[:, None], np.float32),
        draw,
        1.15 * amount.width,
        lift=0.28,
        droop=0.45,
    )


def _lash_grids(mesh: HeadMesh, part: Part) -> list[NDArray[np.int32]]:
    """Vertices (19, 6) of each strip, root first; upper strips first."""
    render = np.flatnonzero(mesh.parts[mesh.vertex_of] == part)
    uv = mesh.uv[render]
    band = LASH_ROWS * LASH_COLUMNS
    grids = []
    for start in range(0, len(render), band):
        strip = slice(start, start + band)
        order = np.lexsort((-uv[strip, 1], uv[strip, 0]))
        grid = mesh.vertex_of[render[strip][order]].reshape(LASH_COLUMNS, LASH_ROWS)
        z = mesh.neutral[grid][..., 2].mean(axis=0)
        grids.append(grid if z[0] < z[-1] else grid[:, ::-1])
    return grids


def _lash(
    grid: NDArray[np.int32], column: float, lean: float, length: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """One lash: corners and weights (K, 3) of its points, leaning over `lean` columns."""
    along = np.linspace(0, length * (LASH_ROWS - 1), HAIR_POINTS)
    across = np.clip(column + lean * np.linspace(0, 1, HAIR_POINTS), 0, LASH_COLUMNS - 1.001)
    c, r = across.astype(int), np.minimum(along.astype(int), LASH_ROWS - 2)
    u, v = across - c, along - r
    # Bilinear over three corners: exact on the lower triangle, near enough on the upper one.
    corners = np.stack([grid[c, r], grid[c + 1, r], grid[c, r + 1]], axis=1)
    return corners.astype(np.int32), np.stack([1 - u - v, u, v], axis=1).astype(np.float32)


def _sample_surface(mesh: HeadMesh, draw: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Random points (count, 3) on the face, even by area."""
    corners = mesh.neutral[mesh.vertex_of[mesh.triangles_of(Part.FACE)]]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    chosen = corners[draw.choice(len(corners), count, p=area / area.sum())]
    u, v = draw.random((2, count))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    weights = np.stack([1 - u - v, u, v], axis=1)
    return np.asarray(np.einsum("nc,ncx->nx", weights, chosen), np.float32)


def _on_skin(
    mesh: HeadMesh,
    roots: NDArray[np.float32],
    ways: NDArray[np.float32],
    draw: np.random.Generator,
    width: float,
    *,
    lift: float,
    droop: float,
) -> RootedStrands:
    """Hang hairs on the nearest vertices: root, then along `way`, lifted off the skin."""
    face = np.flatnonzero(mesh.parts == Part.FACE)
    distance, near = cKDTree(mesh.neutral[face]).query(roots, 3)
    share = 1 / (distance + 0.02)
    share /= share.sum(axis=1, keepdims=True)
    corners = face[near]
    surface = np.einsum("sc,scx->sx", share, mesh.neutral[corners])
    normal = np.einsum("sc,scx->sx", share, mesh.normals(mesh.neutral)[corners])
    # Keep the hair in the skin's plane, then let it stand off and bend back.
    along = ways - np.einsum("sx,sx->s", ways, normal)[:, None] * normal
    count, t = len(roots), np.linspace(0, 1, HAIR_POINTS)
    offsets = (roots - surface)[:, None] + t[None, :, None] * along[:, None]
    stand = lift * (t * (1 - droop * t)) * 1.6 + 0.02
    offsets = (
        offsets - np.einsum("sx,sx->s", roots - surface, normal)[:, None, None] * (normal[:, None])
    )
    offsets = offsets + stand[None, :, None] * normal[:, None]
    depth = np.broadcast_to(0.35 + 0.65 * t, (count, HAIR_POINTS))
    return RootedStrands(
        corners=np.repeat(corners[:, None], HAIR_POINTS, axis=1).astype(np.int32),
        weights=np.repeat(share[:, None], HAIR_POINTS, axis=1).astype(np.float32),
        offsets=offsets.astype(np.float32),
        looks=StrandLooks(
            width=(
                tapered(count, HAIR_POINTS, width, 0.1) * draw.uniform(0.7, 1.2, (count, 1))
            ).astype(np.float32),
            tint=draw.random(count).astype(np.float32),
            depth=depth.astype(np.float32),
        ),
    )
