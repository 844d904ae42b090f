"""The appearance bank of one portrait: shared by its streams, each of which has its own memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.appearances import Appearance, Part
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.bank.bounded import bounded
from engine.rig.bank.entries import Entry, make_entry
from engine.rig.bank.features import Seen, crookedness, feature, log_gap, seen_at, seen_in
from engine.rig.bank.open_mouth import find_open_mouth, teeth_of
from engine.rig.bank.pasting import find_layer
from engine.rig.bank.places import MOUTH, PLACES, Place
from engine.rig.bank.retrieval import Recalled, Trust, recall
from engine.rig.driver.reading import eye_openings
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.paint.blend import Layer
from engine.rig.warp.target import HeadMotion, PortraitFace, head_motion, target_landmarks

_TRUST: dict[Part, Trust] = {
    "mouth": Trust(on=1.25, off=1.6, rest=(0.05, 0.2)),
    "lids": Trust(on=0.35, off=0.45, rest=(0.4, 0.65)),
    "upper_face": Trust(on=0.5, off=0.7, rest=(0.05, 0.3)),
}

_STRETCHED = 0.12, 0.24
"""Logarithm of the stretch between which filmed teeth give way to teeth that only move."""

_TORN = 0.2, 0.4
"""The same where there are none, and filmed teeth give way to what the rig draws."""

_BENT_CM, _BENDS = 0.2, 5.0
"""By how much one corner of the lips may be higher than in what is shown; and what each centimetre
beyond counts: a crooked mouth that is bent straight is torn at its corner."""

_TOOTHED = 0.1
"""Share of the opening from which on teeth are what one sees of it."""

_HALF_CLOSED = 0.3
"""Opening over the portrait's own from which lids are kept without their eyeball."""

Memory = tuple[Recalled | None, ...]
"""What each of `PLACES` shows; None where there are no appearances, or nothing was shown yet."""

NOTHING: Memory = (None,) * len(PLACES)
"""Where every stream begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shelf:
    """The appearances of one place."""

    place: Place
    entries: tuple[Entry, ...]
    features: Array
    """(N, D)"""
    own: Array
    """(D,) of the portrait's own face."""
    columns: slice
    """Of a part's feature, those that say something of this place."""
    log_gaps: Array
    """(N,) between the lips."""
    crooked: Array
    """(N,) cm: by how much the left corner of the lips is higher."""
    toothed: Array
    """(N,) 0..1: whether teeth are seen."""


class Bank:
    """What a person's filmed frames add to one portrait."""

    def __init__(
        self, appearances: Sequence[Appearance], portrait: Pixels, face: PortraitFace
    ) -> None:
        """Bring all to the portrait's light, once."""
        self._face = face
        appearances = bounded(appearances)
        openings = eye_openings(face.pose.points)
        still = _at_rest(face)
        self.open_mouth = find_open_mouth(appearances, portrait, face)
        """The portrait's picture and landmarks as if its mouth were open, where that is known."""
        self._shelves = tuple(
            _shelf(place, index - 1, appearances, portrait, face, openings, still)
            for index, place in enumerate(PLACES)
        )

    def recall(self, memory: Memory, motion: RigMotion, head: HeadMotion, target: Array) -> Memory:
        """What a stream shows next, after what it showed last."""
        seen = seen_at(self._face, motion, head, target)
        found = tuple(
            None if shelf is None else _recalled(shelf, before, seen)
            for shelf, before in zip(self._shelves, memory, strict=True)
        )
        return found if self.open_mouth is not None else _without_stretched(found)

    def find_layer(
        self, place: Place, memory: Memory, target: Array, size: tuple[int, int]
    ) -> Layer | None:
        """What is pasted at one of `PLACES`."""
        index = PLACES.index(place)
        shelf, recalled = self._shelves[index], memory[index]
        if shelf is None or recalled is None:
            return None
        return find_layer(place, shelf.entries, recalled.shown, recalled.share, target, size)


def share_of(place: Place, memory: Memory) -> float:
    """0..1: how far appearances cover a place."""
    recalled = memory[PLACES.index(place)]
    return 0.0 if recalled is None else recalled.share


def stretched(memory: Memory) -> float:
    """0..1: how far what is shown between the lips is stretched beyond what teeth may be."""
    recalled = memory[PLACES.index(MOUTH)]
    if recalled is None:
        return 0.0
    return float(smoothstep(*_STRETCHED, np.asarray(recalled.stretch)))


def _without_stretched(memory: Memory) -> Memory:
    """Where no teeth could be laid between stretched lips, the rig's own mouth shows."""
    mouth = memory[-1]
    if mouth is None:
        return memory
    torn = float(smoothstep(*_TORN, np.asarray(mouth.stretch)))
    return *memory[:-1], replace(mouth, share=mouth.share * (1.0 - torn))


def _shelf(
    place: Place,
    eye: int,
    appearances: Sequence[Appearance],
    portrait: Pixels,
    face: PortraitFace,
    openings: Array,
    still: Seen,
) -> _Shelf | None:
    columns = slice(eye, eye + 1) if place.part == "lids" else slice(None)
    own = [appearance for appearance in appearances if appearance.part == place.part]
    if not own:
        return None
    seen = [
        seen_in(Face(landmarks=appearance.landmarks, confidence=1.0), openings)
        for appearance in own
    ]
    entries = tuple(
        make_entry(place, appearance, portrait, face.landmarks, hides_eyes=_opens(place, eye, one))
        for appearance, one in zip(own, seen, strict=True)
    )
    return _Shelf(
        place=place,
        entries=entries,
        features=np.array([feature(place.part, one)[columns] for one in seen]),
        own=feature(place.part, still)[columns],
        columns=columns,
        log_gaps=np.array([log_gap(one) for one in seen]),
        crooked=np.array([crookedness(one) for one in seen]),
        toothed=np.array([min(sum(teeth_of(one)) / _TOOTHED, 1.0) for one in own]),
    )


def _at_rest(face: PortraitFace) -> Seen:
    """The portrait's own face as a motion that asks for nothing leaves it."""
    motion = still_motion()
    head = head_motion(face, motion)
    return seen_at(face, motion, head, target_landmarks(face, motion, head))


def _opens(place: Place, eye: int, seen: Seen) -> bool:
    """Whether an appearance has eyeballs that look elsewhere than asked."""
    if place.part == "mouth":
        return False
    return place.part == "upper_face" or bool(seen.apertures[eye] > _HALF_CLOSED)


def _recalled(shelf: _Shelf, before: Recalled | None, seen: Seen) -> Recalled | None:
    """What a place shows next; at rest it forgets, since nothing is seen of it."""
    trust = _TRUST[shelf.place.part]
    asked = feature(shelf.place.part, seen)[shelf.columns]
    own_distance = float(np.linalg.norm(shelf.own - asked))
    if own_distance <= trust.rest[0]:
        return None
    distances = np.linalg.norm(shelf.features - asked, axis=1)
    if shelf.place == MOUTH:
        distances += np.maximum(np.abs(shelf.crooked - crookedness(seen)) - _BENT_CM, 0.0) * _BENDS
    found = recall(before, distances, own_distance, trust)
    if shelf.place != MOUTH or not found.share:
        return found
    wider = np.maximum(log_gap(seen) - shelf.log_gaps, 0.0)
    return replace(found, stretch=float(found.shown @ (wider * shelf.toothed)))
