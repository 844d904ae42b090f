"""A person made ready to be drawn, still without the GPU: shape, skin, hair, glasses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.heads import facial_hair, groom, skin, wrinkles
from training.heads.appearance import Appearance
from training.heads.atlas import Atlas
from training.heads.body_maps import BodyMaps
from training.heads.glasses import Glasses, make_glasses
from training.heads.groom import Groom
from training.heads.head_mesh import HeadMesh
from training.heads.identity import Identity
from training.heads.quality import Quality
from training.heads.skin import SkinTextures
from training.heads.strands import RootedStrands


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Person:
    """One identity with one appearance."""

    identity: Identity
    looks: Appearance
    skin: SkinTextures
    wrinkles: NDArray[np.uint8]
    """(S, 2 S, 4)"""
    lashes: RootedStrands
    brows: RootedStrands
    beard: RootedStrands | None
    hair: Groom | None
    """On the person's own head."""
    glasses: Glasses | None


def make_person(
    mesh: HeadMesh,
    atlas: Atlas,
    maps: BodyMaps,
    identity: Identity,
    looks: Appearance,
    quality: Quality,
) -> Person:
    """Paint and groom; takes most of a second."""
    grown = groom.grow(
        mesh, maps, looks, quality.hair_strands, quality.hair_points, quality.hair_width
    )
    if grown is not None:
        grown = groom.fitted(grown, mesh, identity.vertices)
    glasses = make_glasses(mesh, identity.vertices, looks.seed) if looks.wears_glasses else None
    return Person(
        identity=identity,
        looks=looks,
        skin=skin.paint(atlas, looks, quality.texture_px),
        wrinkles=wrinkles.paint(atlas.places, looks.seed),
        lashes=facial_hair.grow_lashes(mesh, looks, quality.facial),
        brows=facial_hair.grow_brows(mesh, looks, quality.facial),
        beard=facial_hair.grow_beard(mesh, looks, quality.facial),
        hair=grown,
        glasses=glasses,
    )
