"""Which frames of a clip may stand for its person: the judge of an enrolment, on disk and live.

Two kinds of rules. Some need the frame alone: too small, cut off, no light. The others compare it
with the person's usual look in the same clip: another person, a covered face, a blurred one, other
light. Clips differ far more than people do, so what still is the same person is measured in each.
This recognises nobody, and knows nobody from one day to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal, TypeAlias, get_args

import numpy as np

from engine.faces.face import Face
from engine.faces.looks import Look, Numbers, look_at
from engine.frame import Pixels
from engine.geometry import angle_between

Reason: TypeAlias = Literal[
    "too small", "cut off", "badly lit", "blurred", "covered", "another person"
]
"""Why a frame is left out."""

REASONS: tuple[Reason, ...] = get_args(Reason)

ADVICE: dict[Reason, str] = {
    "too small": "come nearer, until the face is a third as high as the picture",
    "cut off": "move into the middle of the picture",
    "badly lit": "face a window or a lamp, and keep the light as it is",
    "blurred": "move more slowly, with more light on the face",
    "covered": "keep hands, hair and microphone out of the face",
    "another person": "film one person alone",
}
"""What whoever is filmed can do about it."""

_LEAST_SIDE_PX = 72.0
"""A mouth is then 25 pixels wide: less has no teeth to show."""
_MOST_OUTSIDE = 0.03
_DARKEST, _LIGHTEST = 30.0, 238.0
_MOST_CLIPPED = 0.3
_OTHER_LIGHT = 0.45
"""Natural logarithm of the skin's level over its usual one; within it, colours are matched."""
_SOFTEST, _SOFTER = -1.3, 0.22
"""Of a sharpness: by itself, and below the sharper half of its clip. In eleven clips a frame in
fifty is so much softer, in quick moves; a blur by 1 % of the face's height makes 0.3 or more."""

_MOST_COMPARED = 48
"""Looks of a clip among which its person is looked for."""
ALIKE, _ALIKE_AFTER_CUT = 0.5, 0.35
"""Strangeness of two looks of one person, with another expression or pose. Of two people of one
studio, alike in colour, 0.5 was the least in twelve clips, of others 0.7."""
ALIKE_PHOTOS = 0.95
"""Of two photographs that are said to show one person, which may be of another day: 0.3 to 1.6 in
one series, and 1.2 or more of any two people who were not rendered."""
_KEPT = 12
"""Looks that stand for the person: the most different of those that are alike."""
_STRANGER, _STRANGEST, _STRANGE_GROWTH = 0.45, 0.72, 2.2
"""A look is another person's above so much of the clip's own strangeness, within these bounds."""
_COVERED, _COVERED_GROWTH = 0.045, 1.8
"""The same for the mean difference of colours: a hand changes many places a little."""
_AFTER_CUT = 0.85
"""Of both bounds, for a face that comes after a cut: nothing else says whose it is."""
_TURN = 0.26
"""Radians (15 degrees) beyond the kept looks at which a turned head may look twice as different."""


def judge(picture: Pixels, face: Face, usual: "Usual | None" = None) -> Reason | None:
    """Why a frame cannot stand for its person; None where it can.

    Without the usual look, only what the frame shows by itself counts.
    """
    look = look_at(picture, face)
    return reason_by_itself(look) or (None if usual is None else usual.reason_against(look))


def reason_by_itself(look: Look) -> Reason | None:
    """What is wrong with a frame, whoever is in it."""
    if look.side_px < _LEAST_SIDE_PX:
        return "too small"
    if look.outside > _MOST_OUTSIDE:
        return "cut off"
    if not _DARKEST <= look.level <= _LIGHTEST or look.clipped > _MOST_CLIPPED:
        return "badly lit"
    return "blurred" if look.sharpness < _SOFTEST else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usual:
    """How the person of a clip looks in it."""

    looks: "_Stacked"
    """The most different ones, all of one person."""
    seen_as: frozenset[tuple[int, int]]
    level: float
    sharpness: float
    most_strange: float
    most_changed: float

    def unlike(self, other: "Usual") -> float:
        """How strange the person of another clip or picture is here: 0 is the same.

        Below `ALIKE` it is the same person in the same light. In another light the same person may
        be as strange as somebody else, and would not fit into the other's picture either.
        """
        return self.looks.strangeness_of(other.looks)

    def reason_against(self, look: Look) -> Reason | None:
        """What is wrong with a frame beside the others; None where it fits."""
        strange, changed = self.looks.nearest(look)
        comes_after_cut = look.seen_as not in self.seen_as
        trust = _AFTER_CUT if comes_after_cut else 1.0 + self.looks.turned(look) / _TURN
        is_odd = strange > trust * self.most_strange or changed > trust * self.most_changed
        if is_odd and comes_after_cut:
            return "another person"
        if abs(log(max(look.level, 1.0) / self.level)) > _OTHER_LIGHT:
            return "badly lit"
        if look.sharpness < self.sharpness - _SOFTER:
            return "blurred"
        return "covered" if is_odd else None


def usual_look(looks: Sequence[Look]) -> Usual | None:
    """How the person looks who is seen most often; None where no look is worth comparing.

    Takes a few frames' time, however many looks: it can be asked again while a clip grows.
    """
    sound = [look for look in looks if reason_by_itself(look) is None]
    if not sound:
        return None
    some = sound[:: -(-len(sound) // _MOST_COMPARED)]
    every = _Stacked(some)
    apart = np.array([every.strange(look) for look in some])
    middle = _middle(apart)
    own = [
        look
        for look, far in zip(some, apart[middle], strict=True)
        if _same(look, far, some[middle])
    ]
    kept, others = _most_different(own)
    usually = np.array([kept.nearest(look) for look in others] or [(0.0, 0.0)])
    strange, changed = np.percentile(usually, 75, axis=0)
    return Usual(
        looks=kept,
        seen_as=frozenset(look.seen_as for look in own),
        level=float(np.median([look.level for look in own])),
        sharpness=float(np.percentile([look.sharpness for look in own], 75)),
        most_strange=float(np.clip(_STRANGE_GROWTH * strange, _STRANGER, _STRANGEST)),
        most_changed=float(max(_COVERED, _COVERED_GROWTH * changed)),
    )


class _Stacked:
    """Some looks as arrays, to compare another one with all of them."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self.looks = tuple(looks)
        self._detail = np.array([look.detail for look in looks])
        self._descriptor = np.array([look.descriptor.ravel() for look in looks])
        self._colours = np.array([_in_its_light(look) for look in looks])
        self._hues = _hues(self._colours)

    def nearest(self, look: Look) -> tuple[float, float]:
        """How unlike a look is the likest of these, and how far its colours from the nearest's."""
        return float(self.strange(look).min()), float(self.changed(look).min())

    def turned(self, look: Look) -> float:
        """How far a head is turned from the nearest of these, in radians."""
        return min(angle_between(look.rotation, each.rotation) for each in self.looks)

    def strangeness_of(self, other: "_Stacked") -> float:
        """How strange those of another clip or picture are here: the median."""
        return float(np.median([self.strange(look).min() for look in other.looks]))

    def strange(self, look: Look) -> Numbers:
        """(N,) 0 for the same look: by the detail on the mesh, by the small picture, and by hue."""
        detail = self._detail @ look.detail
        descriptor = self._descriptor @ look.descriptor.ravel() / look.descriptor.size
        hues = np.abs(self._hues - _hues(_in_its_light(look))).mean(axis=(1, 2))
        return np.asarray((1.0 - detail) + (1.0 - descriptor) + 3.0 * hues, np.float32)

    def changed(self, look: Look) -> Numbers:
        """(N,) mean difference of the colours, each look in its own light."""
        apart = np.abs(self._colours - _in_its_light(look))
        return np.asarray(apart.mean(axis=(1, 2)), np.float32)


def _same(look: Look, strange: float, other: Look) -> bool:
    return strange < (ALIKE if look.seen_as == other.seen_as else _ALIKE_AFTER_CUT)


def _middle(apart: Numbers) -> int:
    """The look that is like most others; of equals the likest."""
    return int(np.argmax((apart < ALIKE).sum(axis=1) - apart.mean(axis=1) / 1e3))


def _most_different(looks: Sequence[Look]) -> tuple[_Stacked, list[Look]]:
    """Some by farthest-point sampling from the first, and the others."""
    every = _Stacked(looks)
    kept, nearest = [0], every.changed(looks[0])
    while len(kept) < min(_KEPT, len(looks)):
        kept.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, every.changed(looks[kept[-1]]))
    others = [look for index, look in enumerate(looks) if index not in kept]
    return _Stacked([looks[index] for index in kept]), others


def _in_its_light(look: Look) -> Numbers:
    return np.asarray(look.colours - np.median(look.colours, axis=0), np.float32)


def _hues(colours: Numbers) -> Numbers:
    return np.asarray(colours - colours.mean(axis=-1, keepdims=True), np.float32)
