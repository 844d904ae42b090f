"""The skin that a portrait hardly shows: its rim, and the far cheek of a three-quarter view.

It is made once from what is seen. The colours of the skin beside it go on, as the light has them
there. What is finer is mirrored where the other half shows it; elsewhere the grain goes on, too.
Hair that hangs before a cheek stays: there nothing is filled in.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.rig.landmarks import MOUTH_RIGHT
from engine.rig.paint.smooth import Plane, blurred, resized, spread, stepped
from engine.rig.paint.unwrapped import Unwrapped

_HIDDEN, _SEEN = 0.25, 0.6
"""Cosine between skin and view: up to the first nothing of the portrait's own is kept. Next to hair
a cheek is darker than skin, and between it and the fill that would be an arc."""

_MIRROR_FROM, _MIRRORED = 0.3, 0.55
"""The same on the other half, to be mirrored."""

_NO_HAIR = 0.55, 0.75
"""What is seen so well on that half is a brow, if it is no skin, and mirrored as well."""

_GROWS = (0.8, 0.7, 0.6, 0.5, 0.4)
"""Cosines down to which skin is looked for in turn, from the middle outwards: shade passes slowly
from one to the next, hair begins at an edge."""

_LIGHTNESS = np.array([0.7, 1.0, 1.0], np.float32)
"""How far a difference counts, in Lab: shade is skin, too."""

_LIKE, _OTHER = 12.0, 22.0
"""Distance in Lab from the skin beside it up to which something is skin, and from which on it is
something else."""
_FIRST = 16.0, 30.0
"""The same from the middle of all that is seen straight on: to begin with, hair must be told."""

_SMALL_PX_PER_CM = 7.0
"""Skin's colours are smooth: they are found in a picture of this scale."""

_SOFT_CM, _SKIN_CM, _FINER_CM = 0.15, 0.8, 0.6
"""Blur of the picture, of skin's colour by which others are told, and of what goes on of it."""

_ALONG_ROWS = 3.0
"""So many times farther it goes on to the side than up and down: a beard goes on as a beard."""

_GRAIN_CM, _GRAIN = 0.15, 1.2
"""What is finer than the first is grain, but for what is stronger than so many times the usual: a
brow, a wrinkle."""

_LAST_SEEN, _REPEATS_CM = 0.45, 1.6
"""Grain is taken from where the cosine is that, so far inwards; then it runs back and forth."""

_HANGS, _FALLS = (0.4, 0.65), (0.0, 0.4)
"""Cosines between which hair is looked for that hangs before the cheek, and where it goes on below
that."""
_SOME, _MUCH = 0.2, 0.45
"""Share of those strips which is covered: up to the first none hangs there."""
_STRAND_CM, _FADES = 0.8, 0.9
"""Over so much of its length that is averaged; and what is left of it from one row to the next
where it isn't seen."""

_LEAST_CM = 0.2
"""Width of those strips that counts as one."""

_ASIDE_CM, _SEAM_CM = (2.6, 3.6), 0.25
"""Along the skin from the face's middle: nose and mouth lie within the first. And from its outline:
over that the fill passes over to what lies beneath."""


def hidden_skin(face: Unwrapped) -> NDArray[np.uint8]:
    """(H, W, 4), RGB and opacity, in the places of the unwrapped face."""
    skin, is_other, seed = _skin(face)
    filled = skin + _grain(face, seed)
    seen_mirrored = (face.seen * face.covered)[:, ::-1]
    is_hair = is_other[:, ::-1] * (1.0 - stepped(*_NO_HAIR, seen_mirrored))
    is_bare = stepped(_MIRROR_FROM, _MIRRORED, seen_mirrored) * (1.0 - is_hair)
    share = blurred(np.asarray(is_bare, np.float32), _SOFT_CM * face.px_per_cm)
    filled += (skin + (face.own - skin)[:, ::-1] - filled) * share[..., None]
    hidden = 1.0 - stepped(_HIDDEN, _SEEN, face.seen)
    covered = is_other * (1.0 - stepped(_SEEN, _SEEN + 0.1, face.seen))
    opacity = np.maximum(hidden, covered) * (1.0 - _hangs(face, is_other)) * _beside(face)
    rgba = np.dstack([filled, opacity * 255.0])
    return np.asarray(np.clip(rgba + 0.5, 0.0, 255.0), np.uint8)


def _skin(face: Unwrapped) -> tuple[Plane, Plane, Plane]:
    """Its colour everywhere; how far each place shows something else; and where it is surely skin.

    (H, W, 3), (H, W), (H, W).
    """
    rows, columns = size = face.covered.shape
    shrinks = min(_SMALL_PX_PER_CM / face.px_per_cm, 1.0)
    small = max(round(rows * shrinks), 4), max(round(columns * shrinks), 4)
    px_per_cm = face.px_per_cm * shrinks
    own = resized(face.own.astype(np.float32), small, to_smaller=True)
    seen = resized(face.seen * face.covered, small, to_smaller=True)
    soft = blurred(own, _SOFT_CM * px_per_cm)
    lab = _lab(soft)
    skin = np.broadcast_to(np.median(lab[seen >= min(_GROWS[0], seen.max())], axis=0), lab.shape)
    is_other = _unlike(lab, skin, _FIRST)
    for least in _GROWS:
        seed = stepped(least - 0.1, least + 0.1, seen) * (1.0 - is_other)
        seed = np.minimum(seed, blurred(seed, _SOFT_CM * px_per_cm))
        skin = _lab(blurred(spread(soft, seed), _SKIN_CM * px_per_cm))
        is_other = _unlike(lab, skin, (_LIKE, _OTHER))
    seed = stepped(_GROWS[-1] - 0.1, _GROWS[-1] + 0.1, seen) * (1.0 - is_other)
    narrow = small[0], max(round(small[1] / _ALONG_ROWS), 4)
    seed_there = resized(seed, narrow, to_smaller=True)
    known = resized(soft * seed[..., None], narrow, to_smaller=True)
    known /= np.maximum(seed_there, np.float32(1e-6))[..., None]
    finer = _FINER_CM * px_per_cm
    colours = blurred(spread(known, seed_there), finer / _ALONG_ROWS, along=finer)
    large, other, sure = (
        resized(plane, size, to_smaller=False) for plane in (colours, is_other, seed)
    )
    return large, other, sure


def _unlike(one: Plane, other: NDArray[np.float32], limits: tuple[float, float]) -> Plane:
    """(H, W): how far two of (H, W, 3) in Lab differ; 0 up to the first of the limits."""
    apart = np.linalg.norm((one - other) * _LIGHTNESS, axis=2)
    return stepped(*limits, apart)


def _grain(face: Unwrapped, seed: Plane) -> Plane:
    """(H, W, 3): what is fine of the skin where it is last seen, run back and forth from there."""
    rows, columns = face.seen.shape
    fine = face.own.astype(np.float32)
    fine -= blurred(fine, _GRAIN_CM * face.px_per_cm)
    strong = blurred(np.abs(fine).mean(axis=2), _SOFT_CM * face.px_per_cm)
    is_sure = seed > 0.5
    most = _GRAIN * float(np.median(strong[is_sure])) if is_sure.any() else 0.0
    fine *= (seed * (1.0 - stepped(most, 2.0 * most + 1.0, strong)))[..., None]
    across = np.arange(columns, dtype=np.float32)
    period = np.float32(_REPEATS_CM * face.px_per_cm)
    x = np.tile(across, (rows, 1))
    for side in (-1, 1):
        edge = _last_seen(face, side)[:, None]
        beyond = np.maximum((across - edge) * side, 0.0)
        folded = period - np.abs(np.mod(beyond, 2.0 * period) - period)
        x = np.where(beyond > 0.0, edge - side * folded, x)
    y = np.repeat(np.arange(rows, dtype=np.float32)[:, None], columns, axis=1)
    return np.asarray(cv2.remap(fine, x.astype(np.float32), y, cv2.INTER_LINEAR), np.float32)


def _last_seen(face: Unwrapped, side: int) -> Plane:
    """(H,): the outermost column of each row that is well seen, towards a side."""
    is_seen = (face.seen > _LAST_SEEN) & face.covered
    columns = is_seen.shape[1]
    first = np.argmax(is_seen[:, ::-side], axis=1)
    last = columns - 1 - first if side > 0 else first
    found = np.where(is_seen.any(axis=1), last, columns // 2).astype(np.float32)
    return blurred(found[:, None], _STRAND_CM * face.px_per_cm)[:, 0]


def _hangs(face: Unwrapped, is_other: Plane) -> Plane:
    """(H, W): how far hair covers the cheek there already where it is well seen.

    What hangs comes from above, however like skin it is there, and falls as far as it is seen.
    """
    places = np.arange(face.seen.shape[1]) - (face.seen.shape[1] - 1) / 2
    hangs = np.zeros_like(is_other)
    for is_side in (places < 0.0, places >= 0.0):
        share, falls = (
            stepped(_SOME, _MUCH, _covered_share(face, is_other, is_side, band))
            for band in (_HANGS, _FALLS)
        )
        mouth = int(face.places[MOUTH_RIGHT, 1])
        share[:mouth] = np.maximum.accumulate(share[mouth - 1 :: -1])[::-1]
        for row in range(1, len(share)):
            share[row] = max(share[row], share[row - 1] * min(falls[row] + _FADES, 1.0))
        hangs += share[:, None] * is_side
    return hangs


def _covered_share(
    face: Unwrapped, is_other: Plane, is_side: NDArray[np.bool_], band: tuple[float, float]
) -> Plane:
    """(H,): of each row's skin that is seen so well, what is covered."""
    low, high = band
    here = (face.seen > low) & (face.seen < high) & face.covered & is_side
    part, whole = (
        blurred(each.sum(axis=1, dtype=np.float32)[:, None], _STRAND_CM * face.px_per_cm)[:, 0]
        for each in (here * is_other, here)
    )
    return np.asarray(part / np.maximum(whole, _LEAST_CM * face.px_per_cm), np.float32)


def _beside(face: Unwrapped) -> Plane:
    """(H, W): 1 on cheeks and temples, 0 at the face's outline and on nose and mouth."""
    padded = cv2.copyMakeBorder(face.covered.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    away = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    inside = stepped(0.0, _SEAM_CM * face.px_per_cm, np.asarray(away - 1.0, np.float32))
    columns = face.seen.shape[1]
    aside = np.abs(np.arange(columns, dtype=np.float32) - (columns - 1) / 2) / face.px_per_cm
    return inside * stepped(*_ASIDE_CM, aside.astype(np.float32))


def _lab(colours: Plane) -> Plane:
    scaled = np.clip(colours, 0.0, 255.0) / np.float32(255.0)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32)
