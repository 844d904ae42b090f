"""Where an expression comes from: a driving clip, a motion file, a sound, or sliders that stay."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.editing import FaceTrack
from engine.errors import InputError
from engine.faces.face import Face
from engine.motion import ARKIT_NAMES, LipShape
from engine.rig.driver.reading import Reading, read_face
from engine.rig.edit.expression import expression_of, own_of
from engine.rig.edit.rest import rest_of
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, between
from engine.rig.motion.recording import Recording

MOST_FACES = 1500
"""That a rest is made of, taken evenly from the clip."""
BLOCK = 300
"""Frames whose landmarks are read at a time."""
LONGEST_GAP_S = 0.5
"""A driver who is lost for no longer is guessed from before and after."""


class FollowedFace:
    """The person of a driving clip; between its frames, every number on a straight line."""

    def __init__(self, track: FaceTrack, rest: Reading | None = None) -> None:
        """`rest`: the person's, where it is known from elsewhere."""
        if not track.seen.any():
            raise InputError("the driving clip shows no face. Choose another clip.")
        self._track = track
        self._rest = rest_of_track(track) if rest is None else rest
        self._seen = np.flatnonzero(track.seen)
        self._times_s = track.times_s[self._seen]
        self._begin = self._end = 0
        self._landmarks = np.zeros((0, 478, 3), np.float32)

    def against(self, rest: Reading) -> "FollowedFace":
        """The same performance, told from another rest."""
        return FollowedFace(self._track, rest)

    def at(self, time_s: float) -> RigMotion | None:
        """The expression at a time of the driving clip; None where the face is lost."""
        after = int(np.searchsorted(self._times_s, time_s - 1e-6))
        if after == len(self._seen):
            return self._of(after - 1) if time_s - self._times_s[-1] < LONGEST_GAP_S else None
        if after == 0 or abs(self._times_s[after] - time_s) < 1e-6:
            return self._of(after) if self._times_s[after] - time_s < LONGEST_GAP_S else None
        begin, end = self._times_s[after - 1], self._times_s[after]
        if end - begin > LONGEST_GAP_S:
            return None
        weight = float((time_s - begin) / (end - begin))
        return between(self._of(after - 1), self._of(after), weight)

    def _of(self, number: int) -> RigMotion:
        index = int(self._seen[number])
        if not self._begin <= index < self._end:
            self._begin = index // BLOCK * BLOCK
            self._end = min(self._begin + BLOCK, len(self._track.seen))
            self._landmarks = self._track.landmarks(self._begin, self._end)
        face = Face(landmarks=self._landmarks[index - self._begin], confidence=1.0)
        return own_of(self._rest, read_face(face)).expression


class Replayed:
    """A recorded performance, at its own times."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def at(self, time_s: float) -> RigMotion | None:
        """What was recorded at this time."""
        last = int(self._recording.times_ns[-1])
        return expression_of(self._recording.at(min(max(round(time_s * 1e9), 0), last)))


class HeldExpression:
    """The same expression at every moment."""

    def __init__(self, sliders: Mapping[str, float]) -> None:
        """`sliders`: ARKit names and values in 0..1; InputError for others."""
        for name, value in sliders.items():
            if name not in ARKIT_NAMES:
                raise InputError(f"unknown slider {name!r}: use an ARKit name such as jawOpen.")
            if not 0.0 <= value <= 1.0:
                raise InputError(f"the slider {name} must lie in 0..1, got {value:g}.")
        self._motion = motion_from_arkit(dict(sliders))

    def at(self, time_s: float) -> RigMotion | None:
        """The expression."""
        return self._motion


class Speaking:
    """Lips that a sound moves, in a face at rest."""

    def __init__(self, lips: Callable[[float], LipShape]) -> None:
        """`lips`: the sound's time in s -> their shape."""
        self._lips = lips

    def at(self, time_s: float) -> RigMotion | None:
        """The expression; outside of the sound the lips are closed."""
        shape = self._lips(time_s)
        return replace(motion_from_arkit(dict(shape.arkit)), lip_contact=shape.contact)


def rest_of_track(track: FaceTrack, within: NDArray[np.bool_] | None = None) -> Reading:
    """The rest of a track's person, of the frames that are seen (and `within`, (N,) bool)."""
    return rest_of(sampled(track, within)[1])


def sampled(
    track: FaceTrack, within: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], list[Face]]:
    """At most MOST_FACES of a track that shows one, with their frames' numbers."""
    seen = np.flatnonzero(track.seen if within is None else track.seen & within)
    chosen = seen[np.unique(np.linspace(0, len(seen) - 1, MOST_FACES).round().astype(int))]
    faces: list[Face] = []
    for begin in range(0, len(track.seen), BLOCK):
        own = chosen[(chosen >= begin) & (chosen < begin + BLOCK)]
        if len(own):
            landmarks = track.landmarks(begin, min(begin + BLOCK, len(track.seen)))
            # Copies: a view would keep its whole block in memory, and with it all of a long film.
            faces += [Face(landmarks=landmarks[k - begin].copy(), confidence=1.0) for k in own]
    return chosen, faces
