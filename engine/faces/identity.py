"""Who is followed: one person of one shot, also over a loss, and who may take over.

A face belongs to the driver if it lies where the driver's was and is as large, within bounds that
grow with the time it was lost, and if it doesn't look like somebody else. A face that stood
elsewhere while the driver was seen (a poster, a second person) is never the driver. Another person
takes over only when the stream has come to rest, and hands it back when the driver returns. Where
the picture itself jumps (a cut, a camera that stalled), a new shot begins: all that was is past.
Only from a picture with the driver to the next: before a bare wall, anybody who enters is a jump.
A view that only comes at another size goes on; one of another aspect (a phone that was turned) is
a new shot.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import hypot, log

import cv2

from engine.easing import EASE_OUT_S, HOLD_S
from engine.faces.descriptor import (
    Descriptor,
    Descriptors,
    describe_face,
    describe_picture,
    likeness,
)
from engine.faces.face import Face
from engine.faces.mesh import MARGIN, square_of_mesh
from engine.faces.roi import Square, as_pixels, scale_of_view
from engine.frame import Pixels

TAKEOVER_S = HOLD_S + EASE_OUT_S
"""A driver lost for so long has been let go of: the portrait is at rest, and others may move it."""

PICTURE_NS = 33_000_000
"""Between two pictures whose time isn't told."""

_FASTEST, _FASTEST_GROWTH = 0.75, 0.25
"""Of a face's side, and of the logarithm of its size: no head goes farther in `_SOON_S`. The
quickest nod in ten clips makes 0.08 and 0.06 in a frame."""
_SOON_S = 0.1
_CUT_GROWTH = 0.12
"""The same for a size where the whole picture has jumped: it may have been enlarged a little."""
_STAYS = 0.15
"""Of a face's side: a face that so little moved didn't make the whole picture jump."""

_NEAR, _NEAR_PER_S, _NEAREST_FAR = 0.9, 1.0, 1.6
"""Distance in face sides within which a lost face may return: at once, more a second, at most."""
_ALIKE_SIZE, _ALIKE_SIZE_PER_S, _ALIKE_SIZE_MOST = 0.45, 0.2, 0.65
"""The same for the logarithm of its size over the former one."""

_COARSE = 0.3
"""Added to both for a detector's box, which is not as exact as the mesh."""

_BESIDE = 0.75
"""Two faces farther apart than this, in sides of the larger, don't overlap."""

_SAME_NEXT, _SAME_IN_WHOLE = 0.55, 0.3
"""Likeness of one face in two pictures in a row, and where the rest of the picture goes on. In ten
clips 0.73 was the least; at cuts from one person to another, 0.1 to 0.5."""
_SAME_AFTER_CUT = 0.75
"""After a cut to the same person. Of two people one in a hundred are so alike; half of the looks
of one person are, in one view."""
_SAME_AGAIN = 0.25
"""Of a face that was lost, and may have turned meanwhile."""
_SAME_RETURNED, _SAME_AFAR = 0.4, 0.65
"""Of a driver who returns while somebody else is followed: to his place, and to another one."""
_STOOD_THERE = 0.45
"""Of what lies at one place of two pictures: then nothing new has come there."""
_SURE_CUT, _CUT, _WHOLE = 0.2, 0.5, 0.6
"""Likeness of two whole pictures in a row: surely a cut, maybe one, and none. Cuts have under 0.4,
even to another framing of the same scene; a driver who moves fast has over 0.8, but before a bare
wall, which shows nothing else, one who leaves at a run may have 0.22."""


@dataclass(slots=True)
class _Known:
    """A person of this shot, as last seen."""

    person: int
    square: Square
    picture: Pixels
    seen_ns: int
    descriptors: Descriptors


class Identity:
    """Names each face of one stream by its shot and person; refuses those who must wait."""

    def __init__(self, stood: Callable[[Pixels, Square], bool] | None = None) -> None:
        """`stood` tells whether there was a face in a picture, where there is a detector to ask."""
        self._stood = stood
        self._shot = self._persons = 0
        self._driver: _Known | None = None
        self._current: _Known | None = None
        self._before: _Known | None = None
        self._size: tuple[int, int] | None = None
        self._was_seen = False
        self._now_ns = 0
        self._named: tuple[Square, Descriptor] | None = None
        self._whole: Descriptor | None = None
        self._continues = 1.0

    def reset(self) -> None:
        """Forget everybody: the next face begins a new shot."""
        self._begin_shot()
        self._before = None

    def see(self, picture: Pixels, now_ns: int | None) -> float | None:
        """Begin with the next picture: how much larger the view is, None where it is another."""
        scale = self._fit(picture.shape[:2])
        self._now_ns = self._now_ns + PICTURE_NS if now_ns is None else now_ns
        before, self._whole = self._whole, describe_picture(picture)
        self._continues = 1.0 if before is None else likeness(before, self._whole)
        return scale

    @property
    def has_jumped(self) -> bool:
        """Whether something has cut between the last picture and this one, or moved very fast."""
        return self._continues < _CUT

    @property
    def has_substitute(self) -> bool:
        """Whether somebody else is followed until the driver returns."""
        return self._current is not self._driver

    def rank(self, square: Square) -> float:
        """Lowest for the face to be tried first: the one nearest to the last, or the largest."""
        current = self._current
        if current is None or self._is_free(current):
            return -square.side
        return _distance(current.square, square) + abs(_growth(current.square, square))

    def may_be(self, square: Square) -> bool:
        """Whether a face there is worth a closer look; says no only where that is sure."""
        current = self._current
        if current is None or self._was_seen or self._is_free(current):
            return True
        return any(self._is_near(known, square, _COARSE) for known in self._all())

    def may_be_driver(self, square: Square) -> bool:
        """Whether a face there may be the driver, who was away: it isn't the substitute's."""
        return self._current is not None and not _overlap(self._current.square, square)

    def named(self, picture: Pixels, face: Face) -> Face | None:
        """The face with its shot and person; None for somebody who must wait."""
        square, current = square_of_mesh(face.landmarks), self._current
        descriptor = describe_face(picture, square)
        if current is None:
            return self._of(
                face, square, descriptor, self._shot, self._person_after_cut(descriptor)
            )
        if self._was_seen:
            return self._named_next(current, picture, face, square, descriptor)
        for known in self._all():
            if self._is_again(known, square, descriptor):
                return self._of(face, square, descriptor, self._shot, known.person)
        if self._is_free(current):
            return self._of(face, square, descriptor, self._shot, self._persons + 1)
        return None

    def named_driver(self, picture: Pixels, face: Face) -> Face | None:
        """The face of a driver who is back while somebody else is followed; else None."""
        driver, square = self._driver, square_of_mesh(face.landmarks)
        if driver is None or not self.may_be_driver(square):
            return None
        descriptor = describe_face(picture, square)
        alike = driver.descriptors.likeness(descriptor)
        if self._is_near(driver, square) and alike > _SAME_RETURNED:
            return self._of(face, square, descriptor, self._shot, driver.person)
        if alike > _SAME_AFAR:  # at a place of which the neutral face says nothing
            self._driver = None
            return self._of(face, square, descriptor, self._shot, self._persons + 1)
        return None

    def note(self, picture: Pixels, face: Face | None) -> None:
        """Remember what was found in this picture: the face that was named last, or none."""
        self._was_seen = face is not None
        if face is None:
            return
        assert self._named is not None
        square, descriptor = self._named
        known = next((k for k in self._all() if k.person == face.person), None)
        if face.shot != self._shot or known is None:
            is_fresh = face.shot != self._shot or self._driver is None
            known = _Known(face.person, square, picture, self._now_ns, Descriptors(descriptor))
            self._shot, self._persons = face.shot, max(face.person, self._persons)
            self._driver = known if is_fresh else self._driver
        known.square, known.picture = square, picture
        known.seen_ns = self._now_ns
        known.descriptors.add(descriptor)
        self._current = known

    def _fit(self, size: tuple[int, int]) -> float | None:
        """Go on where the view comes at another size; where it is another view, a shot begins."""
        before, self._size = self._size or size, size
        scale = scale_of_view(before, size)
        if scale is None:
            self._before = self._current or self._before
            self._begin_shot()
        elif size != before:
            for known in self._all():
                known.square = known.square.scaled(scale)
                known.picture = as_pixels(cv2.resize(known.picture, size[::-1]))
        return scale

    def _begin_shot(self) -> None:
        if self._current is not None:
            self._shot += 1
        self._driver = self._current = None
        self._was_seen = False
        self._whole = None

    def _all(self) -> list[_Known]:
        """The driver first."""
        known = [self._driver] if self._driver is not None else []
        if self._current is not None and self._current is not self._driver:
            known.append(self._current)
        return known

    def _of(
        self, face: Face, square: Square, descriptor: Descriptor, shot: int, person: int
    ) -> Face:
        self._named = square, descriptor
        return replace(face, shot=shot, person=person)

    def _named_next(
        self, current: _Known, picture: Pixels, face: Face, square: Square, descriptor: Descriptor
    ) -> Face | None:
        """The same for a face in the picture after one in which the current person was seen."""
        patience = max(1.0, self._lost_s(current) / _SOON_S)
        way, growth = _distance(current.square, square), abs(_growth(current.square, square))
        grows = growth > patience * (_CUT_GROWTH if self.has_jumped else _FASTEST_GROWTH)
        jumps = grows or way > _FASTEST * patience
        alike = max(
            likeness(descriptor, current.descriptors.last), current.descriptors.likeness(descriptor)
        )
        goes_on = self._continues > _WHOLE and alike > _SAME_IN_WHOLE
        if not jumps and (alike > _SAME_NEXT or goes_on):
            return self._of(face, square, descriptor, self._shot, current.person)
        is_beside = not _overlap(current.square, square)
        if is_beside and self._stood_there(current.picture, square, descriptor):
            return None
        is_another = self.has_jumped and (way < _STAYS or self._continues < _SURE_CUT)
        return self._of_next_shot(face, square, descriptor) if jumps or is_another else None

    def _of_next_shot(self, face: Face, square: Square, descriptor: Descriptor) -> Face:
        person = self._person_after_cut(descriptor)
        return self._of(face, square, descriptor, self._shot + 1, person)

    def _person_after_cut(self, descriptor: Descriptor) -> int:
        """Who a face is after a cut: whom it is very like, or else somebody new."""
        before = self._current or self._before
        if before is None:
            return self._persons
        is_same = before.descriptors.likeness(descriptor) > _SAME_AFTER_CUT
        return before.person if is_same else self._persons + 1

    def _stood_there(self, picture: Pixels, square: Square, descriptor: Descriptor) -> bool:
        """Whether an earlier picture had the same face, or any, at the same place."""
        if self._stood is not None:
            return self._stood(picture, square)
        return likeness(descriptor, describe_face(picture, square)) > _STOOD_THERE

    def _is_again(self, known: _Known, square: Square, descriptor: Descriptor) -> bool:
        """Whether a face is a person's who was lost."""
        if not self._is_near(known, square) or known.descriptors.likeness(descriptor) < _SAME_AGAIN:
            return False
        if _overlap(known.square, square):
            return True
        return not self._stood_there(known.picture, square, descriptor)

    def _is_near(self, known: _Known, square: Square, slack: float = 0.0) -> bool:
        """Whether a face's place and size may be a person's who was lost."""
        lost_s = self._lost_s(known)
        near = min(_NEAR + _NEAR_PER_S * lost_s, _NEAREST_FAR) + slack
        alike = min(_ALIKE_SIZE + _ALIKE_SIZE_PER_S * lost_s, _ALIKE_SIZE_MOST) + slack
        return (
            _distance(known.square, square) <= near and abs(_growth(known.square, square)) <= alike
        )

    def _is_free(self, current: _Known) -> bool:
        return self._lost_s(current) >= TAKEOVER_S

    def _lost_s(self, known: _Known) -> float:
        return max(self._now_ns - known.seen_ns, 0) / 1e9


def _distance(one: Square, other: Square) -> float:
    """Between the middles, in sides of the first face."""
    return hypot(other.x - one.x, other.y - one.y) / (one.side / MARGIN)


def _growth(one: Square, other: Square) -> float:
    """Logarithm of the second's size over the first's."""
    return log(max(other.side, 1e-6) / max(one.side, 1e-6))


def _overlap(one: Square, other: Square) -> bool:
    apart = max(abs(other.x - one.x), abs(other.y - one.y))
    return apart < _BESIDE * max(one.side, other.side) / MARGIN
