"""Which inside of a mouth is shown: the person's own, the driver's, or a drawn one.

What is asked for, and how good each is, decides; from one to another they are eased.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from engine.rig.paint.driver_mouth import DriverMouth, is_pursed, mouth_width
from engine.rig.paint.light import Light, light_of

Mouth: TypeAlias = Literal["auto", "own", "driver", "drawn"]
"""What is seen between the lips. `auto`: the person's own mouth where other pictures of them show
it, else the driver's where that may show (`Edit.driver_teeth`), else a drawn one. `own`: as `auto`,
never the driver's. `driver`: the driver's, which shows the driver's teeth. `drawn`: always drawn.
"""

MOUTHS: tuple[Mouth, ...] = get_args(Mouth)

_LARGE, _SMALL = 0.45, 0.35
"""Width of the driver's mouth over the portrait's from which it is good enough, and below which it
is so no longer: enlarged more than that, it is a blur."""

_MOST_PURSED = 1.5
"""Over the same: lips that are pursed more show their front for an inside, see `is_pursed`."""

_STEP = 1.0 / 6.0
"""Of the way from one to another that is gone in a frame."""

_NOTHING = 1e-6
"""Share that is none: steps do not add up to 1 exactly."""

_LIGHT_STEP = 0.1
"""The same for the light of the driver's face, which flickers as it is read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Borrowed:
    """What one stream shows of its driver; the next frame goes on from it."""

    mouth: DriverMouth
    """The newest that was good enough."""
    light: Light
    """That it is seen in."""
    is_wanted: bool
    share: float
    """0..1: how far it hides the drawn one."""


def borrow(
    before: Borrowed | None,
    mouth: DriverMouth | None,
    width: float,
    *,
    always: bool,
    begins: bool,
) -> Borrowed | None:
    """Step what is shown of the driver.

    Args:
        before: what the stream showed last; None for nothing.
        mouth: this frame's, where it may be shown.
        width: of the portrait's mouth, px.
        always: show it however small it is.
        begins: this is the stream's first picture, or the only one: there is nothing to ease from.
    """
    if before is None:
        if mouth is None or not (always or _is_good(mouth, width, _LARGE)):
            return None
        share = 1.0 if begins else _STEP
        return Borrowed(mouth=mouth, light=_light(mouth), is_wanted=True, share=share)
    least = _SMALL if before.is_wanted else _LARGE
    if mouth is None or not (always or _is_good(mouth, width, least)):
        share = before.share - _STEP
        return replace(before, is_wanted=False, share=share) if share > _NOTHING else None
    light = before.light.towards(_light(mouth), _LIGHT_STEP)
    share = min(before.share + _STEP, 1.0)
    return Borrowed(mouth=mouth, light=light, is_wanted=True, share=share)


def _is_good(mouth: DriverMouth, width: float, least: float) -> bool:
    face = mouth[1]
    return mouth_width(face) > least * width and is_pursed(face) < least * _MOST_PURSED


def _light(mouth: DriverMouth) -> Light:
    picture, face = mouth
    return light_of(picture, face.landmarks.astype(np.float64))
