"""Reads the motion of a driving stream: every frame against the driver's own neutral face."""

import numpy as np

from engine.faces.canonical import PIVOT_CM, rigid_weights, to_picture
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, fit_similarity, smoothstep, vector_from_rotation
from engine.rig.motion import RigMotion
from engine.rig.neutral import NeutralChoice
from engine.rig.reading import Reading, read_face
from engine.rig.topology import LIDS

_CLOSED, _AS_READ = 0.30, 0.60
"""Of the neutral opening: below the first an eye counts as closed (no tracker reads 0 for a closed
eye), above the second the opening is taken as it is read."""

_LIPS_TOUCH, _LIPS_APART = 0.015, 0.05
"""Inner lip gap over mouth width: below the first the lips touch, above the second they don't."""

_WIDEST = 1.6
"""Limit of an eye's opening over its neutral opening: beyond it the reading is an error."""


class RigDriver:
    """The reader of one driving stream."""

    def __init__(self, *, shows_mouth: bool = False) -> None:
        self._neutral = NeutralChoice()
        self._shows_mouth = shows_mouth

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> RigMotion:
        """The motion of this frame relative to the neutral face chosen so far."""
        reading = read_face(face)
        neutral = self._neutral.consider(reading, captured_ns)
        mouth = (picture, face) if self._shows_mouth else None
        return difference(neutral, reading, mouth=mouth)

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Take this frame as neutral and keep it until told otherwise."""
        self._neutral.fix(read_face(face))

    def recalibrate(self) -> None:
        """Take the next frame as neutral and keep it until told otherwise."""
        self._neutral.fix_next()


def difference(
    neutral: Reading, reading: Reading, *, mouth: tuple[Pixels, Face] | None = None
) -> RigMotion:
    """The motion from the neutral face to this one.

    The head's own movement is found against the driver's neutral face, not against the canonical
    one, so that what makes a face differ from the canonical face cancels out.
    """
    weights = rigid_weights()
    moved = fit_similarity(neutral.landmarks[:468], reading.landmarks[:468], weights)
    points = neutral.placement.invert(moved.invert(reading.landmarks))
    offsets = points - neutral.points
    offsets[LIDS] = 0.0
    pivot = neutral.placement.apply(PIVOT_CM[None])
    shift = to_picture(moved.apply(pivot) - pivot)[0, :2]
    return RigMotion(
        offsets=offsets,
        aperture=_aperture(reading.openings / np.maximum(neutral.openings, 0.02)),
        lip_contact=1.0 - float(smoothstep(_LIPS_TOUCH, _LIPS_APART, np.asarray(reading.lip_gap))),
        rotation=vector_from_rotation(moved.rotation),
        shift=shift / neutral.placement.scale,
        log_scale=float(np.log(moved.scale)),
        mouth=mouth,
    )


def _aperture(ratio: Array) -> Array:
    """Opening over neutral opening as read -> as shown: closed means closed."""
    near_closed = _AS_READ * (ratio - _CLOSED) / (_AS_READ - _CLOSED)
    return np.clip(np.where(ratio < _AS_READ, near_closed, ratio), 0.0, _WIDEST)
