"""What a film's face does, what it shall do instead, and the motion from one to the other.

An expression is a `RigMotion` without a pose, against the person's rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.editing import Part
from engine.geometry import Array
from engine.motion import Edit, Factor
from engine.rig.driver.brow_check import seen_at, spread
from engine.rig.driver.driver import AS_READ, CLOSED, difference
from engine.rig.driver.reading import Reading
from engine.rig.edit.calm import calmed
from engine.rig.edit.skin import of_skin
from engine.rig.motion.factors import edited, with_factor
from engine.rig.motion.motion import RigMotion, between, still_motion

_WIDEST = 1.6

EXPRESSION: tuple[Factor, ...] = ("lips", "gaze", "blink", "emotion")
"""The factors that a film's edit may change."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Own:
    """What a frame's face does by itself."""

    expression: RigMotion
    ratio: Array
    """(2,) eye openings as read, over those at rest."""


def own_of(rest: Reading, reading: Reading) -> Own:
    """A face against its person's rest."""
    return Own(
        expression=expression_of(difference(rest, reading)),
        ratio=reading.openings / np.maximum(rest.openings, 0.02),
    )


def expression_of(motion: RigMotion) -> RigMotion:
    """What of a motion, as it was read, the face does itself: without pose, and the skin's alone.

    A performance from a file goes through it as one from a clip does. Brows of a head that is
    turned away are taken for resting ones: most of what is read of them is the turn.
    """
    offsets = of_skin(motion.offsets)
    unsure = 1.0 - seen_at(float(np.linalg.norm(motion.rotation)))
    offsets[:468] *= (1.0 - unsure * spread().sum(axis=1))[:, None]
    return replace(with_factor(motion, "pose", still_motion()), offsets=offsets, mouth=None)


def wished(own: RigMotion, parts: Sequence[Part], time_s: float) -> RigMotion:
    """The expression that the parts ask for at this time of the film, one after the other."""
    wish = own
    for part in parts:
        share = part.share_at(time_s)
        asked = part.performer.at(part.time_of(time_s)) if share > 0.0 else None
        if asked is None:
            continue
        if not isinstance(asked, RigMotion):
            raise TypeError(f"not the rig's motion: {type(asked).__name__}")
        asked = edited(asked, Edit(mode="expression", gains=dict(part.gains_at(time_s))))
        if part.blending == "add":
            asked = _added(wish, asked)
        mixed = wish
        for factor in EXPRESSION:
            if factor in part.factors:
                mixed = with_factor(mixed, factor, asked)
        wish = mixed if share >= 1.0 else between(wish, mixed, share)
    return wish if wish is own else calmed(own, wish)


def change(own: Own, wish: RigMotion) -> Array:
    """(478, 3) cm: the landmarks' way from what the face does to the wish; the lids' is 0."""
    way: Array = wish.offsets - own.expression.offsets
    return way


def asked_ratio(own: Own, wish: RigMotion) -> Array:
    """(2,) eye openings over those at rest that the wish asks for; the own ones where it does not.

    Trackers read a third of its opening in a closed eye, so a wish does not say it as it is seen.
    """
    ratio, aperture = own.ratio, wish.aperture
    read = np.where(aperture < AS_READ, CLOSED + aperture * (AS_READ - CLOSED) / AS_READ, aperture)
    # A closed eye that stays closed stays as it is.
    read = np.where(aperture <= 0.0, np.minimum(ratio, CLOSED), read)
    # An open eye that is to close must close in truth, not only as far as trackers read.
    closes = np.clip((ratio - read) / np.maximum(1.0 - read, 1e-3), 0.0, 1.0)
    asked = np.clip(read + (np.minimum(aperture, read) - read) * closes, 0.0, _WIDEST)
    same = np.abs(aperture - own.expression.aperture) < 1e-6
    return np.asarray(np.where(same, ratio, asked))


def _added(base: RigMotion, extra: RigMotion) -> RigMotion:
    """Both at once."""
    return replace(
        base,
        offsets=base.offsets + extra.offsets,
        aperture=np.clip(base.aperture + extra.aperture - 1.0, 0.0, _WIDEST),
        lip_contact=base.lip_contact * extra.lip_contact,
    )
