"""Paints a person's skin into the atlas: colour, density of the beard, relief and gloss."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.heads import regions
from training.heads.appearance import Appearance
from training.heads.atlas import Atlas, filled, stroked
from training.heads.head_mesh import smoothstep
from training.heads.noise import plane_noise, space_noise
from training.heads.seeds import generator

OUTER_LIPS = list(range(48, 60))
EYES = (list(range(36, 42)), list(range(42, 48)))
BROWS = (list(range(17, 22)), list(range(22, 27)))
PAINTED_SCALP = {"bald": 0.0, "buzz": 0.93, "crop": 0.95}
"""How much of the scalp under the hair has the hair's colour; other styles hide it fully."""
REDNESS = np.array([1.12, 0.80, 0.76], np.float32)

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkinTextures:
    """Textures of height S and width 2 S."""

    colour: NDArray[np.uint8]
    """(S, 2 S, 4): square root of the linear albedo; alpha is the density of the beard."""
    relief: NDArray[np.uint8]
    """(S, 2 S, 2): height (128 level) and gloss."""


def linear(colour: tuple[float, float, float]) -> Field:
    """Display RGB to linear RGB."""
    return np.asarray(np.power(colour, 2.2), np.float32)


def paint(atlas: Atlas, looks: Appearance, size: int) -> SkinTextures:
    """Paint at texture height `size`; broad fields are made at the atlas' own size."""
    draw = generator(looks.seed, "skin")
    albedo = atlas.resized(_complexion(atlas.places, looks, draw), size)
    shape = (size, 2 * size)
    albedo *= np.exp(0.03 * plane_noise(draw, shape, size / 170, 2))[..., None]
    albedo *= 1 - _spots(draw, looks.skin.freckles, size)[..., None] * (0.55, 0.75, 0.8)
    lips = _lips(atlas, draw, looks, albedo, size)
    hair = linear(looks.hair.colour)
    strands = plane_noise(draw, shape, size / 230, 2)
    _stain(albedo, hair, strands, atlas.resized(_scalp_density(atlas.places, looks, draw), size))
    beard = atlas.resized(_beard_density(atlas.places, looks, draw), size)
    beard *= 1 - np.clip(1.8 * cv2.GaussianBlur(lips, (0, 0), size / 170), 0, 1)
    dots = plane_noise(draw, shape, size / 460, 1) if looks.hair.beard == "stubble" else strands
    _shade_beard(albedo, beard, dots, looks, hair)
    _shade_brows(albedo, atlas, looks, size)
    _line_lids(albedo, atlas, looks, size)
    height = 0.45 * plane_noise(draw, shape, size / 330, 1) + 0.3 * plane_noise(
        draw, shape, size / 100, 1
    )
    height *= 1 - 0.8 * lips
    grown = beard if looks.hair.beard in ("full", "goatee", "mustache") else 0 * beard
    colour = np.dstack([np.sqrt(np.clip(albedo, 0, 1)), np.clip(grown, 0, 1)])
    gloss = atlas.resized(_gloss(atlas.places), size) + 0.5 * lips
    relief = np.dstack([height * 32 / 255 + 128 / 255, np.clip(gloss, 0, 1)])
    return SkinTextures(colour=_bytes(colour), relief=_bytes(relief))


def _bytes(texture: Field) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.clip(texture * 255 + 0.5, 0, 255).astype(np.uint8))


def _complexion(places: Field, looks: Appearance, draw: np.random.Generator) -> Field:
    """Tone with mottling, redness, eye sockets and eye shadow: linear (S, 2 S, 3)."""
    skin = looks.skin
    dark = 1 - float(np.clip(np.mean(skin.tone) / 0.72, 0, 1))
    broad = space_noise(draw, places, 4.0, 3)[..., None]
    fine = space_noise(draw, places, 0.9, 3, 0.6)[..., None]
    mottling = 0.05 * broad * np.array([0.8, 1.0, 1.1]) + 0.03 * fine * np.array([0.6, 1.0, 1.1])
    albedo = linear(skin.tone) * np.exp(mottling)
    blush = skin.blush * (
        0.9 * regions.blob(places, (4.6, 0.4, 8.6), 2.3)
        + 0.7 * regions.blob(places, (0, 0.6, 12.6), 1.5)
        + 0.35 * regions.blob(places, (0, -6.4, 10.5), 1.6)
        + 0.5 * regions.blob(places, (8, 2.5, 0), 3)
        + 0.25 * regions.blob(places, (0, 9.5, 9), 3)
    )
    blush = (np.clip(blush, 0, 1) * (1.15 - 0.7 * dark))[..., None]
    albedo *= 1 - blush + blush * REDNESS
    sockets = 0.22 * regions.blob(places, (3.1, 3.7, 9.2), 1.7)
    sockets = sockets + 0.18 * regions.blob(places, (2.6, 2.2, 9.4), 1.1)
    albedo *= 1 - (sockets * (0.4 + 0.8 * skin.age))[..., None] * np.array([0.45, 0.55, 0.5])
    if skin.makeup > 0:
        shadow = _eye_shadow(places)[..., None] * skin.makeup * 0.6
        tint = np.array([0.25, 0.16, 0.14]) * draw.uniform(0.4, 1.6, 3) * np.mean(skin.tone) * 2
        albedo = albedo * (1 - shadow) + shadow * np.clip(tint, 0, 1)
    return np.asarray(albedo, np.float32)


def _eye_shadow(places: Field) -> Field:
    x, y, z = np.abs(places[..., 0]), places[..., 1], places[..., 2]
    ring = np.abs(np.hypot((x - 3.15) / 1.7, (y - 4.05) / 0.95) - 0.8)
    return np.asarray(smoothstep(0.9, 0, ring * 1.6) * (y > 3.3) * (z > 7), np.float32)


def _gloss(places: Field) -> Field:
    """Forehead, nose and chin shine more than cheeks."""
    shine = 0.35 + 0.3 * regions.blob(places, (0, 8.0, 10.5), 3.2)
    shine = shine + 0.45 * regions.blob(places, (0, 1.2, 12.3), 1.8)
    shine = shine + 0.2 * regions.blob(places, (0, -6.6, 10.5), 1.6)
    return np.asarray(shine + 0.15 * regions.blob(places, (4.2, 1.6, 9.2), 1.6), np.float32)


def _spots(draw: np.random.Generator, freckles: float, size: int) -> Field:
    """Freckles across nose and cheeks, and a few moles."""
    spots = np.zeros((size, 2 * size), np.float32)
    count, scale = int(freckles * 500), size / 512
    for k in range(count + int(draw.integers(0, 6))):
        if k < count:
            place = draw.normal(0.5, 0.16), draw.normal(0.57, 0.09)
            radius, strength = draw.uniform(0.5, 1.1), draw.uniform(0.1, 0.45)
        else:
            place = draw.uniform(0.15, 0.85), draw.uniform(0.1, 0.9)
            radius, strength = draw.uniform(0.7, 1.3), draw.uniform(0.3, 0.7)
        middle = int(place[0] * size * 16), int(place[1] * size * 16)
        cv2.circle(spots, middle, int(radius * scale * 16), strength, -1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(spots, (0, 0), 0.6 * scale), np.float32)


def _lips(
    atlas: Atlas, draw: np.random.Generator, looks: Appearance, albedo: Field, size: int
) -> Field:
    """Colour the lips in `albedo`; return their mask (S, 2 S)."""
    shape = (size, 2 * size)
    mask = filled(shape, atlas.curve(OUTER_LIPS, closed=True, size=size))
    softness = 2.4 if looks.skin.makeup < 0.1 else 1.4
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), softness * size / 512), np.float32)
    lines = plane_noise(draw, (8, 2 * size), size / 190, 2)[:1]  # upright creases
    colour = linear(looks.skin.lip_colour) * np.clip(1 + 0.06 * lines, 0.8, 1.1)[..., None]
    share = (mask * min(1.0, 0.35 + 0.65 * looks.skin.lip_strength))[..., None]
    albedo *= 1 - share
    albedo += share * colour
    return mask


def _scalp_density(places: Field, looks: Appearance, draw: np.random.Generator) -> Field:
    ragged = 0.35 * space_noise(draw, places, 1.2, 2)
    density = regions.scalp(places, looks.hair.recession, ragged)
    if looks.hair.style == "bald":
        has_rim = draw.random() < 0.6
        height = places[..., 1] + 0.25 * places[..., 2]
        density = density * smoothstep(9.5, 4.5, height) * (0.6 * has_rim + 0.08)
        return np.asarray(density, np.float32)
    return np.asarray(density * PAINTED_SCALP.get(looks.hair.style, 0.97), np.float32)


def _stain(albedo: Field, hair: Field, strands: Field, density: Field) -> None:
    """Colour the scalp like the hair that covers it."""
    share = np.clip(density * (0.85 + 0.15 * np.clip(strands, -1, 1)), 0, 1)[..., None]
    albedo *= 1 - share
    albedo += share * hair * np.clip(0.75 + 0.3 * strands[..., None], 0.3, 1.6)


def _beard_density(places: Field, looks: Appearance, draw: np.random.Generator) -> Field:
    if looks.hair.beard == "none":
        return np.zeros(places.shape[:2], np.float32)
    ragged = 0.35 * space_noise(draw, places, 1.3, 2)
    return regions.beard(places, looks.hair.beard, ragged)


def _shade_beard(
    albedo: Field, beard: Field, strands: Field, looks: Appearance, hair: Field
) -> None:
    """Darken the skin under a beard; stubble is nothing but this."""
    is_stubble = looks.hair.beard == "stubble"
    share = beard * (0.45 if is_stubble else 0.7) * np.clip(0.75 + 0.3 * strands, 0, 1.2)
    share = np.clip(share, 0, 1)[..., None]
    limit = linear(looks.skin.tone) * (0.55 if is_stubble else 0.9)
    albedo *= 1 - share
    albedo += share * np.minimum(hair * np.array([0.95, 0.85, 0.8]), limit)


def _shade_brows(albedo: Field, atlas: Atlas, looks: Appearance, size: int) -> None:
    """A soft shade under the hairs of the brows, so that they do not float."""
    shape = (size, 2 * size)
    shade = np.zeros(shape, np.float32)
    for points in BROWS:
        curve = atlas.curve(points, closed=False, size=size)
        width = max(1, int(9 * looks.hair.brow_thickness * size / 512))
        shade += stroked(shape, curve, width, closed=False)
    soft = cv2.GaussianBlur(shade, (0, 0), 3.0 * size / 512) * 0.35 * looks.hair.brow_strength
    tint = np.minimum(linear(looks.hair.colour), linear(looks.skin.tone) * 0.5)
    share = np.clip(soft, 0, 1)[..., None]
    albedo *= 1 - share
    albedo += share * tint


def _line_lids(albedo: Field, atlas: Atlas, looks: Appearance, size: int) -> None:
    """The dark rim where the lashes grow, and the eye liner."""
    strength = 0.22 + 0.6 * looks.skin.makeup + 0.15 * (not looks.is_male)
    for points in EYES:
        curve = atlas.curve(points, closed=True, size=size)
        rim = stroked((size, 2 * size), curve, max(1, 3 * size // 512), closed=True)
        soft = cv2.GaussianBlur(rim, (0, 0), 1.2 * size / 512)
        albedo *= 1 - 0.75 * np.clip(soft * strength, 0, 1)[..., None]
