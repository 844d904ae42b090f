"""A driver who sits still, without the camera's noise; a driver who moves, as read.

Noise moves all landmarks of a part of the face a little, each frame anew. How much is told by the
second differences of calm frames; a part that leaves its smoothed place by more than that is taken
as it is read, at once, so movement has no lag. What stays within the noise is smoothed over three
frames, never held: a slow, small smile passes.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import load_basis
from engine.geometry import Array, smoothstep
from engine.rig.motion.motion import RigMotion

_KEEP = 0.7
"""What a calm frame keeps of the last one, at 30 pictures a second."""

_NOISE, _MOVES = 1.6, 3.0
"""Way from the smoothed place, over the noise, up to which it is noise, and from which on it is
movement."""

_FALLS, _RISES = 0.12, 0.02
"""Shares by which the noise's estimate follows calmer and livelier frames: it keeps to the calm
ones."""

_MOST_CM = 0.03
"""Of noise: with a worse camera some flicker stays, sooner than small expressions go."""

_LONGEST_S = 0.25
"""A longer gap between two frames begins anew."""

_ARM_CM = 8.0
"""From the middle of a head to its rim: by how much a turn or a size moves it."""

_OPENING_CM = 1.0
"""Of an eye."""


class Steadier:
    """Remembers the last frames of one driver."""

    def __init__(self) -> None:
        self._part = _part_of_each()
        self._sizes = np.bincount(self._part)
        self._noise = np.full(len(self._sizes), np.nan)
        self.restart()

    def restart(self) -> None:
        """Take the next frame as it is; the camera stays the same."""
        self._last: list[Array] = []
        self._shown = np.zeros(0)
        self._seen_ns = 0

    def __call__(self, motion: RigMotion, now_ns: int) -> RigMotion:
        """The motion of this frame; frames that are not in order are taken as they are."""
        read = _row(motion)
        elapsed_s = (now_ns - self._seen_ns) / 1e9
        if not 0.0 < elapsed_s < _LONGEST_S:
            self._last = []
        self._seen_ns = now_ns
        if not self._last:
            self._last, self._shown = [read], read
            return motion
        if len(self._last) == 2:
            self._listen(read - 2.0 * self._last[1] + self._last[0])
        self._last = [self._last[-1], read]
        self._shown = self._smoothed(read, _KEEP ** (30.0 * elapsed_s))
        return _motion(motion, self._shown)

    def _listen(self, second: Array) -> None:
        """Learn the noise of each part from a second difference, whose variance is six times it."""
        now = np.minimum(self._far(second) / np.sqrt(6.0), _MOST_CM)
        before = self._noise
        follows = np.where(now < before, _FALLS, _RISES)
        self._noise = np.where(np.isnan(before), now, before + follows * (now - before))

    def _smoothed(self, read: Array, keep: float) -> Array:
        away = self._shown - read
        known = self._noise > 0.0
        far = self._far(away) / np.where(known, self._noise, 1.0)
        kept = np.where(known, keep * (1.0 - smoothstep(_NOISE, _MOVES, far)), 0.0)
        return np.asarray(read + away * kept[self._part])

    def _far(self, row: Array) -> Array:
        """(parts,) cm: root mean square of each part's numbers."""
        return np.asarray(np.sqrt(np.bincount(self._part, row**2) / self._sizes))


def _row(motion: RigMotion) -> Array:
    """All numbers of a motion in cm; which is which only `_motion` and `_part_of_each` know."""
    return np.concatenate(
        [
            motion.offsets.ravel(),
            motion.aperture * _OPENING_CM,
            motion.rotation * _ARM_CM,
            motion.shift,
            [motion.log_scale * _ARM_CM],
        ]
    )


def _motion(motion: RigMotion, row: Array) -> RigMotion:
    tail = motion.offsets.size
    return replace(
        motion,
        offsets=row[:tail].reshape(motion.offsets.shape),
        aperture=np.maximum(row[tail : tail + 2] / _OPENING_CM, 0.0),
        rotation=row[tail + 2 : tail + 5] / _ARM_CM,
        shift=row[tail + 5 : tail + 7],
        log_scale=float(row[tail + 7] / _ARM_CM),
    )


def _part_of_each() -> NDArray[np.int64]:
    """Of each number: brows 0, the middle of the face 1, lips and jaw 2; gaze 3, lids 4, head 5."""
    height = load_basis().canonical[:, 1]
    part = np.where(height > 3.5, 0, np.where(height > -2.0, 1, 2))
    part[468:] = 3
    return np.concatenate([np.repeat(part, 3), np.repeat([4, 5], [2, 6])])
