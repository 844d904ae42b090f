"""Bounds of the head's motion within which it stays whole and inside the picture.

The field around the face (`engine/rig/warp/head_field.py`) can be turned, moved and stretched only
so far before it folds, and a head that is moved over the picture's border is cut off there. Motion
within the normal range passes unchanged; beyond it the head goes slower and slower towards the
bound, so that no driver, gain or reading error can tear it.
"""

from dataclasses import replace

import numpy as np

from engine.faces.canonical import to_picture
from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.target import PortraitFace

FARTHEST_TURN_RAD = np.radians([26.0, 36.0, 34.0])
"""Pitch, yaw and roll: beyond, hair and neck fold over each other."""

FARTHEST_FROM_FRONT_RAD = np.radians(42.0)
"""Of a face seen in three-quarter view that turns farther away, all told: beyond, nose and brow
pass the far eye, and the profile folds."""

_LEAST_TURN_RAD = np.radians(6.0)
"""That every portrait allows: a profile that never moves looks dead."""

_HARDLY_SHOWN = 0.4
"""By so much of its own turn such a face turns less far the other way: its far cheek is hardly in
the picture."""

SMALLEST, LARGEST = -0.18, 0.28
"""Logarithm of the head's size. A smaller one is torn from hair that the border holds."""

_FARTHEST_ASIDE, _FARTHEST_UP, _FARTHEST_DOWN = 0.72, 0.27, 0.32
"""Shift in face heights, whatever room there is: beyond, neck and shoulders become streaks."""

_LEAST_ASIDE, _LEAST_ALONG = 0.16, 0.13
"""Shift in face heights that every portrait allows, also one that fills its picture."""

_SIDE_MARGIN, _TOP_MARGIN, _CHIN_MARGIN = 0.06, 0.22, 0.06
"""What must stay in the picture beside, above and below the face, in face heights."""

_HAIR_CUT = 0.15
"""So much of the hair beside the face, in face heights, may leave the picture."""

_FREE = 0.9
"""Share of a bound up to which motion passes unchanged."""


class HeadLimits:
    """The bounds of one portrait."""

    def __init__(
        self, face: PortraitFace, size: tuple[int, int], *, half_width: float | None = None
    ) -> None:
        """Measure how much room the picture leaves.

        Args:
            face: the portrait's face.
            size: height, width of the picture.
            half_width: of the head with its hair, in face heights, where it is known.
        """
        self._turns = _turns(face)
        outline = face.landmarks[list(OVAL), :2]
        top, chin = face.landmarks[FOREHEAD, :2], face.landmarks[CHIN, :2]
        height = float(np.linalg.norm(chin - top))
        pivot = face.pose.pivot_px[:2]
        middle = (top + chin) / 2.0
        beside = np.array([((half_width or 0.0) - _HAIR_CUT) * height, 0.0])
        low = np.minimum(outline.min(axis=0) - _SIDE_MARGIN * height, middle - beside)
        high = np.maximum(outline.max(axis=0) + _SIDE_MARGIN * height, middle + beside)
        low[1] = outline[:, 1].min() - _TOP_MARGIN * height
        high[1] = outline[:, 1].max() + _CHIN_MARGIN * height
        border = np.array([size[1] - 1.0, size[0] - 1.0])
        # What the picture cuts off at rest may be cut off in motion, too.
        low, high = np.maximum(low, 0.0), np.minimum(high, border)
        corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
        self._corners = corners - pivot
        self._room_before, self._room_after = -pivot, border - pivot
        self._cm = face.pose.placement.scale
        self._least = np.array([_LEAST_ASIDE, _LEAST_ALONG]) * height
        self._most_before = np.array([_FARTHEST_ASIDE, _FARTHEST_UP]) * height
        self._most_after = np.array([_FARTHEST_ASIDE, _FARTHEST_DOWN]) * height

    def keep(self, motion: RigMotion) -> RigMotion:
        """The motion within the bounds; the same one where it is within them already."""
        size = LARGEST if motion.log_scale > 0.0 else -SMALLEST
        farthest = self._turns[int(motion.rotation[1] > 0.0)]
        # Where the face goes, whether the head's movement or the landmarks' own takes it there.
        way = motion.shift + to_picture(motion.offsets[:468].mean(axis=0))[:2]
        asked = np.concatenate([motion.rotation, way, [motion.log_scale]])
        least = np.concatenate([farthest, self._least / self._cm, [size]])
        if np.linalg.norm(asked / least) <= _FREE:
            return motion  # as in most frames
        turn = _bounded(motion.rotation, farthest)
        log_scale = float(_bounded(np.array([motion.log_scale]), np.array([size]))[0])
        reach = self._reach(way, turn, log_scale)
        bounds = np.concatenate([farthest, reach, [size]])
        kept = _bounded(np.concatenate([turn, _bounded(way, reach), [log_scale]]), bounds)
        shift = motion.shift + (kept[3:5] - way)
        return replace(motion, rotation=kept[:3], shift=shift, log_scale=float(kept[5]))

    def _reach(self, shift: Array, turn: Array, log_scale: float) -> Array:
        """(2,) cm: how far a head so turned and so large may go to the side it is moved to."""
        cos, sin = np.cos(turn[2]), np.sin(turn[2])
        corners = np.exp(log_scale) * self._corners @ np.array([[cos, -sin], [sin, cos]])
        before = np.minimum(corners.min(axis=0) - self._room_before, self._most_before)
        after = np.minimum(self._room_after - corners.max(axis=0), self._most_after)
        room = np.where(shift < 0.0, before, after)
        reach: Array = np.maximum(room, self._least) / self._cm
        return reach


def _turns(face: PortraitFace) -> tuple[Array, Array]:
    """FARTHEST_TURN_RAD for a portrait that may be turned itself: to the left, and to the right."""
    ahead = face.pose.placement.rotation[:, 2]
    own = float(np.arctan2(ahead[0], ahead[2]))
    away = np.clip(FARTHEST_FROM_FRONT_RAD - abs(own), _LEAST_TURN_RAD, FARTHEST_TURN_RAD[1])
    back = max(FARTHEST_TURN_RAD[1] - _HARDLY_SHOWN * abs(own), _LEAST_TURN_RAD)
    left, right = (back, away) if own > 0.0 else (away, back)
    pitch, _, roll = FARTHEST_TURN_RAD
    return np.array([pitch, left, roll]), np.array([pitch, right, roll])


def _bounded(value: Array, bounds: Array) -> Array:
    """A vector within the ellipsoid of these half axes: its length is limited, not its direction.

    Unchanged up to `_FREE` of the way to the bound; from there on smoothly slower.
    """
    far = float(np.linalg.norm(value / bounds))
    if far <= _FREE:
        return value
    left = 1.0 - _FREE
    kept: Array = value * ((_FREE + left * np.tanh((far - _FREE) / left)) / far)
    return kept
