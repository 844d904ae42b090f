"""The lids and irises of eyes whose corners a person has put: found in the picture by colour.

A drawn eye is often taller than a human's, and its iris larger or a slit. Corners alone say nothing
of that: the lids would close half of it, and a part of the iris would stay where it is.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.by_hand import on_thin_plate
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS, OVAL, Eye

_ACROSS, _BESIDE, _TALL = 80, 20, 96
"""Pixels of what is looked at: between the corners, beside each, and above and below their line."""

_BELOW, _ASIDE, _LEVEL = 0.85, 8, 30
"""Where skin is: from that share of the way down on, and the outermost pixels beside the corners,
as far above and below their line. What is unlike all three may be the eye."""

_SMOOTH = 2.0
"""Px of the blur under fur, strokes and grain."""

_LEAST_UNLIKE = 14.0
"""Distance from the skin's colour, in Lab of 8 bits, below which all is skin."""

_HAIR = 9
"""Px: what is thinner is a lash or a line beside the eye."""

_SPAN, _LEAST_TALL, _MOST_TALL = 0.7, 0.25, 1.6
"""Of an eye, in the distance of its corners: what it fills of their line, and its height."""

_DRAWN, _ALIKE, _ROUND = 0.6, 1.25, 0.92
"""Height from which on an eye is no human's (up to 0.45 of its width); how much taller one of a
pair may be; and the share of an ellipse that an eye without its brow fills: of drawn pairs at least
0.96, of 25 photographs, paintings, clips and rendered heads at most 0.88."""

_TALLER = 1.25
"""Over the opening by the corners: less is a human's eye, whose lids the tracker knows better."""

_CHEEKS = (111, 117, 118, 119, 120, 121, 340, 346, 347, 348, 349, 350)
_NOSE = (168, 6, 197, 195, 2, 98, 327)
_STAYS = np.array([*OVAL, *OUTER_LIPS, *INNER_LIPS, *_CHEEKS, *_NOSE])
"""Landmarks that no lid takes along; brows that lay within a tall eye go up before its lid."""

_PALE, _LEAST_IRIS = 24.0, 0.05
"""How far in Lab an iris is from the white, and which share of the eye it is at least."""

_IRIS = 0.95
"""Radius of an iris that fills its eye, over half of the eye's height."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """One eye as cut out, its corners on a level line."""

    to_picture: Array
    """(2, 3) from px of the cut to px."""
    inside: Mask
    """(2 * _TALL, _ACROSS + 2 * _BESIDE): where the eye is."""
    lab: NDArray[np.float32]

    @property
    def tall(self) -> float:
        """Its height over the distance of its corners."""
        return float(np.ptp(np.flatnonzero(self.inside.any(axis=1)))) / _ACROSS

    @property
    def roundness(self) -> float:
        """Its area over that of the ellipse it would fit into; 1 for a round eye."""
        rows, columns = np.nonzero(self.inside)
        ellipse = np.pi / 4.0 * (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        return float(len(rows) / ellipse)

    @property
    def scale(self) -> float:
        """Px for each of the cut's."""
        return float(np.hypot(*self.to_picture[:, 0]))


def with_drawn_eyes(face: Face, picture: Pixels) -> Face:
    """The face with the lids and irises of eyes that are taller than its landmarks say.

    Eyes that are a human's, or not told from what is around them, stay as they are. What is
    around them, brows and all, goes along on a thin plate.
    """
    landmarks = face.landmarks.astype(np.float64)
    lids = landmarks[:, :2].copy()
    found = [_find_eye(landmarks, eye, picture) for eye in EYES]
    if not _are_a_pair(found):
        return face
    irises = {}
    for eye, seen in zip(EYES, found, strict=True):
        if seen is not None and _is_taller(landmarks, eye, seen):
            irises[eye.iris] = _iris(seen)
            _fit_lids(lids, eye, seen)
    if not irises:
        return face
    knots = np.unique(np.concatenate([_STAYS, *(eye.contour for eye in EYES)]))
    landmarks[:, :2] = on_thin_plate(landmarks[knots, :2], lids[knots], landmarks[:, :2])
    for first, (middle, radius) in irises.items():
        rim = landmarks[first + 1 : first + 5, :2] - landmarks[first, :2]
        rim /= np.maximum(np.linalg.norm(rim, axis=1, keepdims=True), 1e-6)
        landmarks[first, :2] = middle
        landmarks[first + 1 : first + 5, :2] = middle + radius * rim
    return Face(landmarks=landmarks.astype(np.float32), confidence=face.confidence)


def _are_a_pair(found: list[_Seen | None]) -> bool:
    """Both are seen, round, and as tall as each other: one alone may be an eye with its brow."""
    seen = [each for each in found if each is not None]
    if len(seen) < len(found):
        return False
    heights = [each.tall for each in seen]
    return (
        max(heights) < _ALIKE * min(heights)
        and min(heights) > _DRAWN
        and min(each.roundness for each in seen) > _ROUND
    )


def _is_taller(landmarks: Array, eye: Eye, seen: _Seen) -> bool:
    opening = landmarks[eye.upper, :2] - landmarks[eye.lower, :2]
    by_corners = float(np.linalg.norm(opening, axis=1).max())
    return seen.tall * _ACROSS * seen.scale > _TALLER * by_corners


def _fit_lids(points: Array, eye: Eye, seen: _Seen) -> None:
    """Put the lids of (478, 2) points where the eye ends, in place."""
    back = np.asarray(cv2.invertAffineTransform(seen.to_picture))
    columns = points[eye.upper] @ back[0, :2] + back[0, 2]
    for lid, rows in zip((eye.upper, eye.lower), _edges(seen.inside, columns), strict=True):
        points[lid] = np.column_stack([columns, rows, np.ones(len(rows))]) @ seen.to_picture.T


def _find_eye(landmarks: Array, eye: Eye, picture: Pixels) -> _Seen | None:
    """The eye between its corners; None where it is not told from the skin."""
    first, last = sorted(landmarks[[eye.outer, eye.inner], :2].tolist())
    along = (np.array(last) - first) / _ACROSS
    down = np.array([-along[1], along[0]])
    corner = np.array(first) - _BESIDE * along - _TALL * down
    to_picture = np.column_stack([along, down, corner])
    size = _ACROSS + 2 * _BESIDE, 2 * _TALL
    cut = cv2.warpAffine(
        picture,
        to_picture,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cut = cv2.GaussianBlur(cut, (0, 0), _SMOOTH)
    lab = np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2LAB), np.float32)
    unlike = np.min([np.linalg.norm(lab - skin, axis=2) for skin in _skins(lab)], axis=0)
    inside = _filled(unlike)
    if inside is None:
        return None
    rows = np.flatnonzero(inside.any(axis=1))
    seen = _Seen(to_picture=to_picture, inside=inside, lab=lab)
    spans = inside[_TALL, _BESIDE:-_BESIDE].mean()
    is_cut = rows[0] == 0 or rows[-1] == len(inside) - 1
    if is_cut or spans < _SPAN or not _LEAST_TALL <= seen.tall <= _MOST_TALL:
        return None
    return seen


def _skins(lab: NDArray[np.float32]) -> list[Array]:
    """Colours of the skin below the eye, and on both sides of it."""
    level = slice(_TALL - _LEVEL, _TALL + _LEVEL)
    parts = (
        lab[_TALL + round(_BELOW * _TALL) :, _BESIDE:-_BESIDE],
        lab[level, :_ASIDE],
        lab[level, -_ASIDE:],
    )
    return [np.asarray(np.median(part.reshape(-1, 3), axis=0)) for part in parts]


def _filled(unlike: NDArray[np.float32]) -> Mask | None:
    """What is unlike the skin and holds the middle of the corners' line, without holes."""
    levels = np.clip(unlike, 0.0, 100.0).astype(np.uint8)
    split, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = np.where(unlike > max(0.35 * split, _LEAST_UNLIKE), np.uint8(255), np.uint8(0))
    hair = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_HAIR, _HAIR))
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = np.asarray(cv2.drawContours(mask, outlines, -1, 255, -1))
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, hair))
    _, labels = cv2.connectedComponents(mask)
    amid = labels[_TALL, _BESIDE + _ACROSS // 4 : _BESIDE + 3 * _ACROSS // 4]
    amid = amid[amid > 0]
    return None if len(amid) == 0 else np.asarray(labels == np.bincount(amid).argmax())


def _edges(inside: Mask, columns: Array) -> tuple[Array, Array]:
    """First and last row of the eye at columns (N,)."""
    rows = np.arange(len(inside))[:, None]
    first = np.where(inside, rows, len(inside)).min(axis=0).astype(np.float64)
    last = np.where(inside, rows, -1).max(axis=0).astype(np.float64)
    there = np.flatnonzero(inside.any(axis=0))
    return np.interp(columns, there, first[there]), np.interp(columns, there, last[there] + 1.0)


def _iris(seen: _Seen) -> tuple[Array, float]:
    """Its middle (2,) and radius, px: what is darker than a white, else all of the eye."""
    middle, radius = _iris_in(seen.lab, seen.inside)
    return seen.to_picture @ np.array([*middle, 1.0]), radius * seen.scale


def _iris_in(lab: NDArray[np.float32], inside: Mask) -> tuple[Array, float]:
    """The same in the cut."""
    inner = np.asarray(cv2.erode(inside.astype(np.uint8), np.ones((_HAIR, _HAIR), np.uint8))) > 0
    rows, columns = np.nonzero(inside)
    whole = (
        np.array([columns.mean(), rows.mean()]),
        _IRIS * float(min(np.ptp(rows), np.ptp(columns))) / 2.0,
    )
    if not inner.any():
        return whole
    light = lab[..., 0]
    white = np.median(lab[inner & (light >= np.percentile(light[inner], 75))], axis=0)
    disc = _free_of_rim(inner & (np.linalg.norm(lab - white, axis=2) > _PALE), inner)
    rows, columns = np.nonzero(disc)
    if len(rows) < _LEAST_IRIS * inner.sum():
        return whole
    across, down = float(np.ptp(columns)), float(np.ptp(rows))
    if across < 0.5 * down:  # a slit: it is the pupil of an iris that fills the eye
        return whole
    return np.array([columns.mean(), rows.mean()]), min(max(across, down) / 2.0 + 1.0, whole[1])


def _free_of_rim(coloured: Mask, inner: Mask) -> Mask:
    """The largest part of it that does not touch the eye's rim."""
    around = cv2.dilate((~inner).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    _, labels = cv2.connectedComponents(coloured.astype(np.uint8))
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    areas[np.unique(labels[around])] = 0
    return np.asarray(labels == areas.argmax()) & bool(areas.max() > 0)
