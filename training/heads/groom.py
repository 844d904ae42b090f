"""Grows head hair on the mean head: roots on the scalp, then strands step by step along a comb.

Every strand has a layer: outer layers keep farther from the skull, so hair has body.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.heads import regions
from training.heads.appearance import Appearance
from training.heads.body_maps import AXIS_Z, SKULL_CENTRE, BodyMaps
from training.heads.facekit import Part
from training.heads.fitting import carried
from training.heads.hair_styles import Comb, Style, style_of
from training.heads.head_mesh import HeadMesh, neck_weights, smoothstep
from training.heads.seeds import generator
from training.heads.strands import StrandLooks, tapered

CROWN = np.array([0.0, 13.5, -5.5], np.float32)
"""The whorl that short hair is combed away from."""
TIE = np.array([0.0, 6.5, -10.5], np.float32)
"""Where an updo is tied."""
LEAST_LOCKS = 260
SMOOTHINGS = 3

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groom:
    """Hair of a person, on the mean head."""

    points: Field
    """(S, K, 3)"""
    head_weights: Field
    """(S, K): share of the head's rotation; long hair rests on the shoulders."""
    looks: StrandLooks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Roots:
    places: Field
    normals: Field
    lengths: Field
    layers: Field
    fringe: Field
    in_front: NDArray[np.bool_]
    has_short_fringe: bool


def grow(
    mesh: HeadMesh, maps: BodyMaps, looks: Appearance, strands: int, steps: int, width: float
) -> Groom | None:
    """Groom a head; None for a bald one. `width` is a strand's half width in units."""
    style = style_of(looks.hair, is_male=looks.is_male)
    if style is None:
        return None
    draw = generator(looks.seed, "hair")
    roots = _plant(mesh, style, looks, draw, strands)
    points = _comb_out(maps, style, looks.hair.part, roots, draw, steps)
    guides = _guides(roots, draw)
    points = _clumped(points, guides, style, draw)
    points = _curled(points, roots, guides, style, draw)
    if style.comb == "tail":
        points, roots = _with_bun(points, roots, draw)
    depth = _depth(maps, points, style, roots.layers)
    if style.comb == "part":
        bare = np.exp(-(((roots.places[:, 0] - looks.hair.part) / 1.3) ** 2))
        depth = np.maximum(depth, 0.75 * bare[:, None].astype(np.float32))
    count = len(points)
    widths = tapered(count, steps, width, 0.25) * draw.uniform(0.6, 1.3, (count, 1))
    return Groom(
        points=points,
        head_weights=_head_weights(points),
        looks=StrandLooks(
            width=widths.astype(np.float32),
            tint=draw.random(count).astype(np.float32),
            depth=depth,
        ),
    )


def fitted(groom: Groom, mesh: HeadMesh, head: Field) -> Groom:
    """Move the strands from the mean head onto a person's resting head (V, 3)."""
    strands, steps = groom.points.shape[:2]
    coarse = groom.points[:, ::2]  # every other point: the shift changes slowly along a strand
    shift = carried(mesh, coarse.reshape(-1, 3), head).reshape(strands, -1, 3) - coarse
    place = np.linspace(0, shift.shape[1] - 1, steps)
    low = np.minimum(place.astype(int), shift.shape[1] - 2)
    part = (place - low)[None, :, None]
    moved = groom.points + shift[:, low] * (1 - part) + shift[:, low + 1] * part
    return replace(groom, points=np.asarray(moved, np.float32))


def _plant(
    mesh: HeadMesh, style: Style, looks: Appearance, draw: np.random.Generator, strands: int
) -> _Roots:
    """Choose roots on the scalp, even by area, thinner at the hairline."""
    corners = mesh.vertex_of[mesh.triangles_of(Part.FACE, Part.HEAD)]
    middle = mesh.neutral[corners].mean(axis=1)
    corners = corners[middle[:, 1] > -6]
    a, b, c = (mesh.neutral[corners[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = draw.choice(len(corners), 6 * strands, p=area / area.sum())
    weights = draw.dirichlet((1, 1, 1), len(chosen)).astype(np.float32)
    places = np.einsum("nc,ncx->nx", weights, mesh.neutral[corners[chosen]])
    vertex_normals = mesh.normals(mesh.neutral)
    normals = np.einsum("nc,ncx->nx", weights, vertex_normals[corners[chosen]])
    recession = looks.hair.recession
    density = smoothstep(-0.15, 0.75, places[:, 1] - regions.hairline(places, recession))
    kept = np.flatnonzero((density > draw.random(len(places))) & ~regions.ears(places))[:strands]
    places, normals = places[kept].astype(np.float32), normals[kept].astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    fringe = _fringe_share(places, recession)
    azimuth = np.degrees(np.arctan2(np.abs(places[:, 0]), places[:, 2] + 1.0))
    return _Roots(
        places=places,
        normals=normals,
        lengths=_lengths(places, fringe, style, draw, recession, looks.hair.part),
        layers=draw.uniform(0.05, 1.0, len(places)).astype(np.float32),
        fringe=fringe,
        in_front=azimuth + draw.normal(0, 9, len(places)) < 97,
        has_short_fringe=style.fringe_comb is not None,
    )


def _fringe_share(places: Field, recession: float) -> Field:
    """1 at the front hairline, 0 some units behind it."""
    above = places[:, 1] - regions.hairline(places, recession)
    middle = smoothstep(6.8, 4.6, np.abs(places[:, 0])) * (places[:, 2] > 2)
    return np.asarray(smoothstep(4.2, 1.2, above) * middle, np.float32)


def _lengths(
    places: Field,
    fringe: Field,
    style: Style,
    draw: np.random.Generator,
    recession: float,
    part: float,
) -> Field:
    top = smoothstep(6.5, 10.5, places[:, 1])
    back = smoothstep(-1.0, -6.0, places[:, 2])
    low = style.sides * (1 - back) + style.back * back
    length = low * (1 - top) + style.top * top
    length = length * (1 - fringe) + style.fringe * fringe
    if style.sides < 3:  # a barber's fade towards the edge
        above = places[:, 1] - regions.hairline(places, recession)
        length = length * (0.35 + 0.65 * np.maximum(smoothstep(0, 3.5, above), fringe))
    if style.comb == "swept":  # what falls over the far side is cut
        length = length * (1 - 0.5 * smoothstep(1.0, 5.5, -np.sign(part or 1.0) * places[:, 0]))
    return np.asarray(length * draw.uniform(0.78, 1.08, len(places)), np.float32)


def _comb_direction(comb: Comb, part: float, places: Field, roots: _Roots) -> Field:
    """Where the comb pulls at each place (S, 3), not yet along the skin."""
    side = np.sign(roots.places[:, 0] - part)
    x = places[:, 0]
    zero = np.zeros(len(places))
    if comb == "forward":
        away = places - CROWN
        pull = np.stack([0.6 * away[:, 0], 0.4 * away[:, 1], away[:, 2] * 0.5 + 4], 1)
    elif comb == "part":
        # Over the skull to the side, hair above the forehead also backwards; then straight down.
        falling = smoothstep(10.0, 5.5, places[:, 1])
        backwards = 0.15 + 0.85 * roots.fringe
        inwards = 0.35 * smoothstep(6.5, 9.5, np.abs(x)) * np.sign(x)
        pull = np.stack(
            [
                side * (1 - falling) - inwards,
                0.3 * roots.fringe - 0.35 - 2.5 * falling,
                -backwards * (1 - 0.75 * falling),
            ],
            axis=1,
        )
    elif comb == "swept":
        way = -np.sign(part or 1.0)
        over = smoothstep(7.5, 10.0, roots.places[:, 1])
        down = smoothstep(2.0, 7.5, way * x)  # past the other side of the skull
        pull = np.stack(
            [way * over * (1 - down), -0.6 * (1 - over) - 1.4 * down, 0.35 * over - 0.15], axis=1
        )
    elif comb == "back":
        pull = np.stack([0.05 * x, 0.25 - 0.04 * np.abs(x), zero - 1], 1)
    elif comb == "tail":
        pull = TIE - places
    else:
        pull = places - SKULL_CENTRE
    return np.asarray(pull / (np.linalg.norm(pull, axis=1, keepdims=True) + 1e-6), np.float32)


def _comb_out(
    maps: BodyMaps,
    style: Style,
    part: float,
    roots: _Roots,
    draw: np.random.Generator,
    steps: int,
) -> Field:
    """Let the strands grow: (S, steps, 3)."""
    count = len(roots.places)
    segment = (roots.lengths / (steps - 1))[:, None]
    stray = draw.normal(0, 0.05, (count, 3)).astype(np.float32)
    first = _pull(style, part, roots.places, roots)
    first = first - np.einsum("sx,sx->s", first, roots.normals)[:, None] * roots.normals
    heading = _unit(roots.normals * style.lift + first * (1 - style.lift) + stray)
    points = [roots.places + 0.02 * roots.normals]
    for step in range(1, steps):
        t = step / (steps - 1)
        grown = np.minimum(1.0, roots.lengths * t / 5.0)[:, None]
        pull = _pull(style, part, points[-1], roots)
        weight = style.gravity * grown
        pull = _unit(pull * (1 - weight) + np.array([0, -1, 0], np.float32) * weight + stray)
        heading = _unit(heading * style.stiffness + pull * (1 - style.stiffness))
        reach = roots.layers * style.volume * float(smoothstep(0, 0.25, t))
        reach = reach * np.minimum(1, roots.lengths / 1.5) + 0.06
        moved = np.asarray(points[-1] + heading * segment, np.float32)
        if style.comb == "part":
            moved = _beside_the_face(moved, part, roots)
        moved = maps.pushed_out(moved, reach, roots.in_front)
        heading = _unit(moved - points[-1])
        points.append(points[-1] + heading * segment)
    return _smoothed(np.stack(points, axis=1))


def _smoothed(points: Field) -> Field:
    """Take the kinks out that pushing aside has made; root and tip stay."""
    points = points.astype(np.float32)
    for _ in range(SMOOTHINGS):
        points[:, 1:-1] = (points[:, :-2] + 2 * points[:, 1:-1] + points[:, 2:]) / 4
    return points


def _beside_the_face(places: Field, part: float, roots: _Roots) -> Field:
    """Keep parted hair out of the face: turn it about the upright axis to its side."""
    side = np.where(roots.places[:, 0] > part, 1.0, -1.0)
    x, z = places[:, 0] * side, places[:, 2] - AXIS_Z
    azimuth = np.arctan2(x, z)
    is_long = roots.fringe < 0.35 if roots.has_short_fringe else np.ones(len(x), bool)
    least = np.radians(46 + 12 * roots.layers) * smoothstep(10.5, 5.0, places[:, 1]) * is_long
    turned = np.maximum(azimuth, least)
    distance = np.hypot(x, z)
    result = places.copy()
    result[:, 0] = side * distance * np.sin(turned)
    result[:, 2] = AXIS_Z + distance * np.cos(turned)
    return result


def _pull(style: Style, part: float, places: Field, roots: _Roots) -> Field:
    pull = _comb_direction(style.comb, part, places, roots)
    if style.fringe_comb is not None:
        fringe = _comb_direction(style.fringe_comb, part, places, roots)
        share = (roots.fringe > 0.35).astype(np.float32)[:, None]
        pull = pull * (1 - share) + fringe * share
    return pull


def _unit(vectors: Field) -> Field:
    length = np.sqrt(np.einsum("sx,sx->s", vectors, vectors))[:, None]
    return np.asarray(vectors / (length + 1e-6), np.float32)


def _guides(roots: _Roots, draw: np.random.Generator) -> NDArray[np.int64]:
    """For each strand the one (S,) that its lock follows."""
    count = len(roots.places)
    chosen = draw.choice(count, min(count, max(LEAST_LOCKS, count // 60)), replace=False)
    place = roots.places + draw.normal(0, 0.15, roots.places.shape)
    return np.asarray(chosen[cKDTree(roots.places[chosen]).query(place)[1]])


def _clumped(
    points: Field, guides: NDArray[np.int64], style: Style, draw: np.random.Generator
) -> Field:
    """Draw the tips of a lock together."""
    t = np.linspace(0, 1, points.shape[1])[None, :, None]
    gap = points[guides] - points
    # Strands that part ways (over the parting) must not be pulled back together.
    together = np.linalg.norm(gap[:, -1], axis=1) < 4.0
    share = style.clump * t**1.6 * draw.uniform(0.3, 1.0, (len(points), 1, 1))
    return np.asarray(points + gap * share * together[:, None, None], np.float32)


def _curled(
    points: Field,
    roots: _Roots,
    guides: NDArray[np.int64],
    style: Style,
    draw: np.random.Generator,
) -> Field:
    """Add waves or curls, in step within a lock."""
    if style.curl == 0:
        return points
    along = _unit((points[:, -1] - points[:, 0]).reshape(-1, 3))
    side = _unit(np.cross(along, roots.normals)[guides])
    other = np.cross(along, side)
    # Waves of long hair run through the whole head; curls belong to a lock.
    own = draw.uniform(0, 2 * np.pi, len(points))[guides]
    common = 0.8 * roots.places[:, 0] + 0.5 * roots.places[:, 2]
    phase = own if style.curl_turns > 3 else 0.35 * own + common
    phase = phase + draw.normal(0, 0.25, len(points))
    t = np.linspace(0, 1, points.shape[1])
    arc = roots.lengths[:, None] * t / 10 * style.curl_turns * 2 * np.pi + phase[:, None]
    radius = style.curl * smoothstep(0.05, 0.4, t)
    wave = np.sin(arc)[..., None] * side[:, None] + np.cos(arc)[..., None] * other[:, None] * 0.6
    return np.asarray(points + radius[None, :, None] * wave, np.float32)


def _with_bun(points: Field, roots: _Roots, draw: np.random.Generator) -> tuple[Field, _Roots]:
    """Turn the last strands into a bun at the tie; the others end there."""
    count, steps = points.shape[:2]
    wound = max(40, count // 5)
    radius = draw.uniform(2.2, 3.4)
    centre = TIE + np.array([0, 1.0, -0.55 * radius])
    start, pitch = draw.uniform(0, 2 * np.pi, wound), draw.uniform(-1.2, 1.2, wound)
    angle = start[:, None] + np.linspace(0, 2.6, steps)[None]
    level = pitch[:, None] + 0.25 * np.sin(2 * angle + start[:, None])
    shell = radius * draw.uniform(0.86, 1.03, wound)[:, None]
    bun = np.stack(
        [
            np.cos(angle) * np.cos(level) * shell,
            np.sin(angle) * np.cos(level) * shell,
            np.sin(level) * shell * 0.75,
        ],
        axis=2,
    )
    points = points.copy()
    points[-wound:] = centre + bun
    return points, roots


def _depth(maps: BodyMaps, points: Field, style: Style, layers: Field) -> Field:
    """How far out each point is in the hair's volume: 0 at the skin, 1 outside."""
    away = points.reshape(-1, 3) - SKULL_CENTRE
    distance = np.linalg.norm(away, axis=1)
    height = distance - maps.skull_radius(np.asarray(away / distance[:, None], np.float32))
    depth = smoothstep(0.0, 0.25 + 0.9 * style.volume, height)
    below = smoothstep(1.0, -3.0, points[..., 1].reshape(-1))
    hanging = np.repeat(0.3 + 0.7 * layers, points.shape[1])
    depth = depth * (1 - below) + below * hanging
    return np.asarray(depth.reshape(points.shape[:2]), np.float32)


def _head_weights(points: Field) -> Field:
    flat = points.reshape(-1, 3)
    hanging = smoothstep(-18, -3.0, flat[:, 1])
    weights = np.maximum(hanging, neck_weights(flat) * (flat[:, 2] > 0))
    return np.asarray(weights.reshape(points.shape[:2]), np.float32)
