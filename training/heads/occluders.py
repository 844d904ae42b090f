"""Things in front of a head or on it: microphone, hand, headphones, hat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.heads.appearance import Colour, sample_colour, skin_tone
from training.heads.body_maps import SKULL_CENTRE, BodyMaps
from training.heads.fitting import carried
from training.heads.head_mesh import HeadMesh
from training.heads.seeds import generator
from training.heads.solids import Solid, ball, joined, sheet, tube

SHARE = 0.12
"""Share of scenes in which something is in the way."""
FINGERS = 4

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thing:
    """A solid of one colour."""

    solid: Solid
    colour: Colour
    """Display RGB."""
    gloss: float
    is_worn: bool
    """Worn things turn with the head; others stay with the torso."""


def make_occluder(seed: int, mesh: HeadMesh, maps: BodyMaps, head: Field) -> tuple[Thing, ...]:
    """Draw what is in the way of this head (V, 3), most often nothing."""
    draw = generator(seed, "occluder")
    if draw.random() > SHARE:
        return ()
    kind = int(draw.integers(4))
    if kind == 0:
        return _microphone(draw)
    if kind == 1:
        return _hand(draw)
    if kind == 2:
        return _headphones(draw, mesh, maps, head)
    return _hat(draw, mesh, maps, head)


def _microphone(draw: np.random.Generator) -> tuple[Thing, ...]:
    top = np.array([draw.uniform(-4, 4), draw.uniform(-10, -6.5), draw.uniform(16, 19)])
    lean = np.array([draw.uniform(-0.4, 0.4), -1.0, draw.uniform(-0.1, 0.3)])
    handle = top + np.linspace(1.0, 14, 8)[:, None] * lean
    radius = draw.uniform(1.2, 1.7)
    grey = draw.uniform(0.15, 0.5)
    return (
        Thing(
            solid=ball(top, (radius, 1.15 * radius, radius)),
            colour=(grey, grey, grey),
            gloss=0.4,
            is_worn=False,
        ),
        Thing(
            solid=tube(handle, 0.6 * radius, closed=False),
            colour=(0.06, 0.06, 0.07),
            gloss=0.3,
            is_worn=False,
        ),
    )


def _hand(draw: np.random.Generator) -> tuple[Thing, ...]:
    """A loosely closed hand at the chin or the cheek."""
    side = 1.0 if draw.random() < 0.5 else -1.0
    palm = np.array([side * draw.uniform(2, 7), draw.uniform(-13, -8), draw.uniform(11, 13.5)])
    parts = [ball(palm, (2.6, 3.2, 1.5))]
    reach = draw.uniform(3.0, 5.0)
    for finger in range(FINGERS):
        spread = (finger - 1.5) * 1.15
        root = palm + np.array([spread, 2.2, 0.3])
        knuckle = root + np.array([0.15 * spread, reach * 0.55, 0.9])
        tip = knuckle + np.array([0.05 * spread - 0.3 * side, reach * 0.5, -0.8])
        path = np.concatenate([_line(root, knuckle), _line(knuckle, tip)[1:]])
        parts += [tube(path, 0.62, closed=False), ball(tip, (0.62, 0.62, 0.62), 8)]
    wrist = palm + np.linspace(1.5, 16, 8)[:, None] * np.array([side * 0.35, -1, -0.15])
    parts.append(tube(wrist, 2.0, closed=False))
    tone = skin_tone(float(draw.random()))
    return (Thing(solid=joined(parts), colour=tone, gloss=0.06, is_worn=False),)


def _line(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(start + np.linspace(0, 1, 5)[:, None] * (end - start))


def _headphones(
    draw: np.random.Generator, mesh: HeadMesh, maps: BodyMaps, head: Field
) -> tuple[Thing, ...]:
    angle = np.linspace(-1.62, 1.62, 28)
    way = np.stack([np.sin(angle), np.cos(angle), np.full(28, -0.06)], axis=1).astype(np.float32)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    radius = maps.skull_radius(way) + 1.3 + 0.6 * np.abs(np.sin(angle))
    band = carried(mesh, (SKULL_CENTRE + way * radius[:, None]).astype(np.float32), head)
    colour = sample_colour(draw)
    cups = [ball(band[k].astype(np.float64), (1.2, 2.8, 2.4)) for k in (0, -1)]
    return (
        Thing(
            solid=tube(band.astype(np.float64), 0.55, closed=False),
            colour=colour,
            gloss=0.3,
            is_worn=True,
        ),
        Thing(solid=joined(cups), colour=(0.05, 0.05, 0.06), gloss=0.15, is_worn=True),
    )


def _hat(
    draw: np.random.Generator, mesh: HeadMesh, maps: BodyMaps, head: Field
) -> tuple[Thing, ...]:
    """A knitted cap, sometimes with a peak."""
    up = np.array([0, 1, -0.30]) / np.hypot(1, 0.30)
    front = np.array([0, 0.30, 1]) / np.hypot(1, 0.30)
    polar = np.linspace(0.02, draw.uniform(1.30, 1.45), 22)
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    p, a = np.meshgrid(polar, around, indexing="ij")
    way = np.cos(p)[..., None] * up + np.sin(p)[..., None] * (
        np.cos(a)[..., None] * front + np.sin(a)[..., None] * np.array([1.0, 0, 0])
    )
    fold = np.where(polar > polar[-1] - 0.25, 0.35, 0.0)
    clearance = draw.uniform(1.6, 2.2) + fold[:, None] + 0.04 * np.cos(24 * a)
    radius = maps.skull_radius(way.reshape(-1, 3).astype(np.float32)).reshape(p.shape) + clearance
    dome = (SKULL_CENTRE + way * radius[..., None]).astype(np.float32)
    shape = dome.shape
    dome = carried(mesh, dome.reshape(-1, 3), head).reshape(shape)
    colour = sample_colour(draw)
    normals = way / np.linalg.norm(way, axis=2, keepdims=True)
    hat = Thing(solid=sheet(dome, normals), colour=colour, gloss=0.02, is_worn=True)
    if draw.random() < 0.5:
        return (hat,)
    rim = dome[-1].astype(np.float64)
    middle = rim[np.argmax(rim[:, 2])] - np.array([0, 0.3, 1.5])
    peak = ball(middle + np.array([0, 0, 2.2]), (6.0, 0.35, 4.6))
    return hat, Thing(solid=peak, colour=colour, gloss=0.05, is_worn=True)
