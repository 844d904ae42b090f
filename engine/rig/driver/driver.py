"""Reads the motion of a driving stream: every frame against the driver's own neutral face."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import PIVOT_CM, rigid_weights, to_picture
from engine.faces.face import Face
from engine.faces.roi import as_pixels, scale_of_view
from engine.frame import Pixels
from engine.geometry import (
    Array,
    Similarity,
    fit_similarity,
    rotation_from_vector,
    smoothstep,
    vector_from_rotation,
)
from engine.model import Neutral
from engine.rig.driver.brow_check import BrowCheck
from engine.rig.driver.camera import Camera
from engine.rig.driver.face_check import FaceCheck
from engine.rig.driver.head_check import HeadCheck
from engine.rig.driver.neutral import NeutralChoice
from engine.rig.driver.reading import Reading, read_face
from engine.rig.driver.steadier import Steadier
from engine.rig.landmarks import LIDS
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.motion.nods import NOSE_CM, farther, missing

CLOSED, AS_READ = 0.40, 0.66
"""Of the neutral opening: below the first an eye counts as closed (closed ones are read as 0.1 to
0.6 on rendered heads, as 0.05 to 0.5 in clips), above the second the opening is taken as it is
read. More of either, and narrowed eyes close."""

_LIPS_TOUCH, _LIPS_APART = 0.015, 0.05
"""Inner lip gap over mouth width: below the first the lips touch, above the second they don't."""

_WIDEST = 1.6
"""Limit of an eye's opening over its neutral opening: beyond it the reading is an error."""

_LEAST_PX = 16
"""Sides of the part of a picture that shows a face, at least: beyond its edge nothing is known."""

_STEADY_S = 0.12
"""Memory of what pictures say of the head's movement: that may waver from frame to frame."""

_STILL = (
    33, 133, 263, 362,
    127, 356, 234, 454, 162, 389, 21, 251,
    6, 168, 197, 195, 5, 122, 351, 196, 419, 193, 417, 3, 248,
)  # fmt: skip
"""Corners of the eyes, temples and bridge of the nose: of the points by which faces are laid over
the canonical one, those that a smile or an open mouth moves least."""

_OTHERS = 0.3
"""Weight of the rest of those points."""


class RigDriver:
    """The reader of one driving stream."""

    def __init__(self, *, shows_mouth: bool = False) -> None:
        self._neutral = NeutralChoice()
        self._shows_mouth = shows_mouth
        self._face_check: FaceCheck | None = None
        self._head_check: HeadCheck | None = None
        self._brow_check: BrowCheck | None = None
        self._checked_against: Reading | None = None
        self._face_share = self._rim_share = 1.0
        self._steadier = Steadier()
        self._camera = Camera()
        self._seen_ns = 0
        self._last = still_motion()
        self._size: tuple[int, int] | None = None
        self._shot: int | None = None

    @property
    def neutral(self) -> Neutral:
        """Where the neutral face comes from."""
        return self._neutral.origin

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> RigMotion:
        """The motion of this frame relative to the neutral face chosen so far.

        A face that has no face's shape says nothing: the motion stays, and so does the neutral one.
        """
        if face.shot != self._shot:
            self._begin_shot(face.shot)
        shown = picture, face
        picture, face = self._as_first(picture, face)
        if face.is_plausible:
            picture, face = self._camera.standing(picture, face, captured_ns)
        reading = read_face(face, picture) if face.is_plausible else None
        if reading is None or not reading.is_sound:
            return self._last
        neutral = self._neutral.consider(reading, captured_ns)
        self._remember_neutral()
        keep = self._keep(captured_ns)
        moved = self._check_face(rigid_movement(neutral, reading), picture, keep)
        rim_share = self._check_head(moved, neutral, picture, keep)
        if self._brow_check is not None:
            reading = self._brow_check.corrected(reading, picture)
        motion = difference(neutral, reading, moved, rim_share)
        motion = self._steadier(motion, captured_ns)
        motion = replace(motion, nod=missing(motion.rotation))
        self._last = replace(motion, mouth=_cut(*shown)) if self._shows_mouth else motion
        return self._last

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Take this frame as neutral and keep it until another is asked for."""
        picture, face = self._as_first(picture, face)
        if face.is_plausible:
            picture, face = self._camera.standing(picture, face, None)
        if face.is_plausible and (reading := read_face(face)).is_sound:
            self._neutral.fix(reading)
            # At once: a long clip has many drivers, each with a whole picture otherwise.
            self._remember(reading, picture)

    def recalibrate(self) -> None:
        """Take the next frame as neutral and keep it until another is asked for."""
        self._neutral.fix_next()

    def _begin_shot(self, shot: int) -> None:
        """Go on with the same person after a cut: the neutral face stays, its place is another."""
        if self._shot is not None:
            self._neutral.place_next()
            self._steadier.restart()
            self._camera.restart()
            self._size = None
        self._shot = shot

    def _as_first(self, picture: Pixels, face: Face) -> tuple[Pixels, Face]:
        """As if the view had the size that it had first: a view that is scaled is no movement."""
        size = picture.shape[:2]
        self._size = self._size or size
        scale = scale_of_view(size, self._size)
        if size == self._size or scale is None:
            return picture, face
        scaled = as_pixels(cv2.resize(picture, self._size[::-1]))
        return scaled, face.moved(scale, ((scale - 1.0) / 2.0, (scale - 1.0) / 2.0))

    def _remember_neutral(self) -> None:
        """Take over another neutral frame; one whose picture is gone cannot be compared with."""
        chosen = self._neutral.chosen
        if chosen is self._checked_against:
            return
        if chosen.picture is not None:
            self._remember(chosen, chosen.picture)
        else:
            self._face_check = self._head_check = self._brow_check = None
            self._checked_against = None

    def _remember(self, neutral: Reading, picture: Pixels) -> None:
        """What the driver's neutral frame looks like."""
        self._face_check = FaceCheck(neutral, picture)
        self._head_check = HeadCheck(neutral, picture)
        self._brow_check = BrowCheck(neutral, picture)
        self._checked_against = neutral

    def _keep(self, now_ns: int) -> float:
        """0..1: how much of what the last frames said of the head's movement still counts."""
        elapsed_s = abs(now_ns - self._seen_ns) / 1e9
        keep = float(np.exp(-elapsed_s / _STEADY_S)) if self._seen_ns else 0.0
        self._seen_ns = now_ns
        return keep

    def _check_face(self, moved: Similarity, picture: Pixels, keep: float) -> Similarity:
        """The movement that the face's own skin shows; it is believed at once, denied slowly."""
        if self._face_check is None:
            return moved
        share = self._face_check.confirmed(moved, picture)
        self._face_share = max(share, self._face_share * keep + share * (1.0 - keep))
        return self._face_check.part_of(moved, self._face_share)

    def _check_head(
        self, moved: Similarity, neutral: Reading, picture: Pixels, keep: float
    ) -> float:
        """The share of the head's movement that its rim shows, steadied over time."""
        if self._head_check is None:
            return 1.0
        moved = nodded(moved, neutral)
        share = self._head_check.trusted_share(moved, picture)
        steadied = self._rim_share * keep + share * (1.0 - keep)
        self._rim_share = max(steadied, self._head_check.least_share(moved))
        return self._rim_share


def _cut(picture: Pixels, face: Face) -> tuple[Pixels, Face]:
    """A copy of the face alone: a motion that is kept must not keep a whole picture."""
    low = np.clip(np.floor(face.landmarks[:, :2].min(axis=0)).astype(int), 0, None)
    high = np.ceil(face.landmarks[:, :2].max(axis=0)).astype(int) + 1
    part = picture[low[1] : high[1], low[0] : high[0]]
    if min(part.shape[:2]) < _LEAST_PX:
        return picture, face
    return part.copy(), face.moved(1.0, (-float(low[0]), -float(low[1])))


def rigid_movement(neutral: Reading, reading: Reading) -> Similarity:
    """How the head moved from one frame to another, in px, y up.

    Found against the driver's neutral face, not against the canonical one, so that what makes a
    face differ from the canonical face cancels out.
    """
    points, weights = _still_points()
    return fit_similarity(neutral.landmarks[points], reading.landmarks[points], weights)


def nodded(moved: Similarity, neutral: Reading) -> Similarity:
    """A movement as `rigid_movement` gives it, with what trackers lack of its nod."""
    turn = vector_from_rotation(moved.rotation)
    nod = missing(turn)
    if nod == 0.0:
        return moved
    rotation = rotation_from_vector(farther(turn, nod))
    nose = neutral.placement.apply(NOSE_CM[None])[0]
    stays = moved.apply(nose[None])[0]
    return Similarity(
        scale=moved.scale, rotation=rotation, translation=stays - moved.scale * rotation @ nose
    )


@cache
def _still_points() -> tuple[NDArray[np.int64], Array]:
    """(N,) landmarks that an expression hardly moves, and how far each is trusted."""
    points = np.flatnonzero(rigid_weights() == 1.0)
    return points, np.where(np.isin(points, _STILL), 1.0, _OTHERS)


def difference(
    neutral: Reading, reading: Reading, moved: Similarity | None = None, rim_share: float = 1.0
) -> RigMotion:
    """The motion from the neutral face to this one.

    `moved` is the head's own movement (worked out where it is None), `rim_share` the share of it
    that its rim goes along with; what else the landmarks do is expression.
    """
    pivot = neutral.placement.apply(PIVOT_CM[None])[0]
    moved = moved or rigid_movement(neutral, reading)
    points = neutral.placement.invert(moved.invert(reading.landmarks))
    offsets = points - neutral.points
    offsets[LIDS] = 0.0
    shift = to_picture(moved.apply(pivot[None]) - pivot)[0, :2]
    contact = 1.0 - smoothstep(_LIPS_TOUCH, _LIPS_APART, np.asarray(reading.lip_gap))
    return RigMotion(
        offsets=offsets,
        aperture=apertures(reading.openings / np.maximum(neutral.openings, 0.02)),
        lip_contact=float(contact),
        rotation=vector_from_rotation(moved.rotation),
        shift=shift / neutral.placement.scale,
        log_scale=float(np.log(moved.scale)),
        rim_share=rim_share,
    )


def apertures(ratio: Array) -> Array:
    """Opening over neutral opening as read -> as shown: closed means closed."""
    near_closed = AS_READ * (ratio - CLOSED) / (AS_READ - CLOSED)
    return np.clip(np.where(ratio < AS_READ, near_closed, ratio), 0.0, _WIDEST)
