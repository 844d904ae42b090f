"""Every frame of a film's face in a few numbers: what it does, and what it shall do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.editing import FaceTrack, Part
from engine.faces.face import Face
from engine.geometry import Array, smoothstep, yaw_pitch_roll
from engine.rig.driver.reading import Reading, read_face
from engine.rig.edit.aim import aimed, closes_of
from engine.rig.edit.expression import asked_ratio, change, own_of, wished
from engine.rig.edit.performers import BLOCK
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS, relative_lip_gap
from engine.rig.motion.factors import factor_weights
from engine.rig.warp.target import PortraitFace

IRISES = [eye.iris for eye in EYES]

_LIPS_REST, _LIPS_GO = 0.06, 0.20
"""Mean way of the lips' skin in cm, of which the source's own lips must go: none, all."""
_LIDS_REST, _LIDS_GO = 0.12, 0.30
"""The same of the eyes' openings over the usual ones."""
_GAZE_PER_LID = 2.0
"""An iris that moves by a centimetre counts as so much of an opening."""
_INNER_REST, _INNER_GO = 0.02, 0.12
"""Way of the inner lips in cm, from which on the mouth's inside must be another one."""
_EDGE, _WHOLE = 0.05, 0.25
"""In heights of the face: what is so near to the picture's edge may lie beyond it; and the least
share of a shot's frames that must show the face whole."""
_PARTED = 0.03
"""Weight of an open mouth, which is not seen in the lips' way alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """N frames; where the face is not seen, NaN or 0."""

    seen: NDArray[np.bool_]
    shots: NDArray[np.int64]
    rotation: Array
    """(N, 3, 3) of the head."""
    yaw_pitch: Array
    """(N, 2) degrees"""
    lips: Array
    """(N,) how far the lips are from rest, in cm."""
    lids: Array
    """(N,) how far the openings are from the usual, as a share."""
    gaze: Array
    """(N,) how far the irises are from straight ahead, in cm."""
    gap: Array
    """(N,) lip gap over mouth width."""
    wanted_gap: Array
    """(N,) the same after the edit."""
    lip_shape: NDArray[np.float32]
    """(N, 40) cm: the outer lips' places in the canonical frame."""
    wanted_shape: NDArray[np.float32]
    """(N, 40) the same after the edit."""
    lips_go: Array
    """(N,) 0..1: how far the frame's own lips cannot stay."""
    eyes_go: Array
    """(N,) the same of its eyes."""
    inner_go: Array
    """(N,) the same of what is seen between its lips."""


def surveyed(track: FaceTrack, rest: Reading, parts: Sequence[Part]) -> Survey:
    """Read every frame once."""
    count = len(track.seen)
    numbers = np.full((count, 10), np.nan)
    rotation = np.full((count, 3, 3), np.nan)
    lip_shape, wanted_shape = np.zeros((2, count, 2 * len(OUTER_LIPS)), np.float32)
    lower = np.flatnonzero(factor_weights()["lips"][:468] > 0.5)
    for begin in range(0, count, BLOCK):
        end = min(begin + BLOCK, count)
        landmarks = track.landmarks(begin, end)
        for index in range(begin, end):
            if track.seen[index]:
                face = Face(landmarks=landmarks[index - begin], confidence=1.0)
                time_s = float(track.times_s[index])
                reading, way, row = _of_frame(face, rest, parts, time_s, lower)
                rotation[index], numbers[index] = reading.placement.rotation, row
                lips = list(OUTER_LIPS)
                lip_shape[index] = reading.points[lips, :2].ravel()
                wanted_shape[index] = (reading.points + way)[lips, :2].ravel()
    columns = dict(zip(_COLUMNS, numbers.T, strict=True))
    yaw_pitch = np.column_stack([columns.pop("yaw"), columns.pop("pitch")])
    return Survey(
        seen=track.seen,
        shots=track.shots,
        rotation=rotation,
        yaw_pitch=yaw_pitch,
        lip_shape=lip_shape,
        wanted_shape=wanted_shape,
        **{name: np.nan_to_num(column) for name, column in columns.items()},
    )


def cut_off(track: FaceTrack) -> NDArray[np.bool_]:
    """(N,) where the picture's edge cuts the face: there its outline is guessed, and lends badly.

    In a shot in which hardly any frame shows it whole, as close-ups are, none is.
    """
    found = np.zeros(len(track.seen), np.bool_)
    limit = np.array(track.size[::-1], np.float64)
    for begin in range(0, len(found), BLOCK):
        points = track.landmarks(begin, min(begin + BLOCK, len(found)))[:, :468, :2]
        low, high = points.min(axis=1), points.max(axis=1)  # NaN where nobody is seen
        margin = _EDGE * (high - low)[:, 1:]
        found[begin : begin + len(points)] = ((low < margin) | (high > limit - margin)).any(axis=1)
    for shot in np.unique(track.shots[track.seen]).tolist():
        own = track.seen & (track.shots == shot)
        if np.count_nonzero(own & ~found) < _WHOLE * np.count_nonzero(own):
            found[own] = False
    return found


_COLUMNS = (
    *("yaw", "pitch", "lips", "lids", "gaze", "gap"),
    *("wanted_gap", "lips_go", "eyes_go", "inner_go"),
)


def _of_frame(
    face: Face, rest: Reading, parts: Sequence[Part], time_s: float, lower: NDArray[np.int64]
) -> tuple[Reading, Array, tuple[float, ...]]:
    reading = read_face(face)
    own = own_of(rest, reading)
    wish = wished(own.expression, parts, time_s)
    way = change(own, wish)
    target = aimed(rest, closes_of(rest), PortraitFace.from_face(face), own, wish)
    lips = _mean_way(own.expression.offsets[lower]) + _PARTED * max(reading.lip_gap - 0.02, 0) / 0.1
    lips_move = _mean_way(way[lower])
    lids = float(np.abs(own.ratio - 1.0).max())
    lids_move = float(np.abs(asked_ratio(own, wish) - own.ratio).max())
    gaze = _largest_way(own.expression.offsets[IRISES])
    gaze_move = _largest_way(way[IRISES])
    inner = _largest_way(way[list(INNER_LIPS)])
    yaw, pitch, _ = yaw_pitch_roll(reading.placement.rotation)
    return (
        reading,
        way,
        (
            yaw,
            pitch,
            lips,
            lids,
            gaze,
            reading.lip_gap,
            relative_lip_gap(target),
            _step(_LIPS_REST, _LIPS_GO, min(lips, lips_move)),
            _step(_LIDS_REST, _LIDS_GO, max(lids_move, _GAZE_PER_LID * gaze_move)),
            _step(_INNER_REST, _INNER_GO, inner),
        ),
    )


def _mean_way(offsets: Array) -> float:
    return float(np.sqrt((offsets**2).sum(axis=1)).mean())


def _largest_way(offsets: Array) -> float:
    return float(np.sqrt((offsets**2).sum(axis=1)).max())


def _step(low: float, high: float, value: float) -> float:
    return float(smoothstep(low, high, np.asarray(value)))
