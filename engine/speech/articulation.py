"""Visemes into the movement of a mouth: a table, and how neighbours flow into each other.

A mouth is on its way to the next sound while it makes this one, so the curves are smoothed over
some 30 ms to either side (co-articulation; Cohen and Massaro 1993 say more); only lips that close
or bite keep their moment, and lips that round or spread let go of it slowly. Lips also move before
they are heard, by 40 to 120 ms in filmed speech: `LEAD_S` is for whoever lays curves beside sound.
And who speaks up opens the mouth wider: filmed jaws follow visemes and loudness together better
than either alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.speech.features import FRAME_S
from engine.speech.mel import Floats
from engine.speech.visemes import CLOSED, SILENCE, VISEMES

LEAD_S = 0.08

CURVES: tuple[tuple[str, ...], ...] = (
    ("jawOpen",),
    ("mouthFunnel",),
    ("mouthPucker",),
    ("mouthStretchLeft", "mouthStretchRight"),
    ("mouthSmileLeft", "mouthSmileRight"),
    ("mouthRollLower", "mouthRollUpper"),
    ("mouthUpperUpLeft", "mouthUpperUpRight"),
    ("mouthLowerDownLeft", "mouthLowerDownRight"),
    ("mouthPressLeft", "mouthPressRight"),
)
"""ARKit's names of each curve; where there are several they move alike."""
JAW = 0

_TABLE: dict[str, tuple[float, ...]] = {
    # jaw, funnel, pucker, stretch, smile, roll, upper lip up, lower lip down, press
    "sil": (0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    "PP": (0.01, 0.00, 0.03, 0.00, 0.00, 0.20, 0.00, 0.00, 0.25),
    "FF": (0.03, 0.03, 0.00, 0.04, 0.03, 0.25, 0.12, 0.00, 0.00),
    "TH": (0.08, 0.00, 0.00, 0.04, 0.03, 0.00, 0.08, 0.16, 0.00),
    "DD": (0.07, 0.00, 0.00, 0.06, 0.05, 0.00, 0.08, 0.16, 0.00),
    "kk": (0.09, 0.00, 0.00, 0.04, 0.03, 0.00, 0.08, 0.16, 0.00),
    "CH": (0.06, 0.25, 0.10, 0.00, 0.00, 0.00, 0.10, 0.16, 0.00),
    "SS": (0.04, 0.00, 0.00, 0.10, 0.08, 0.00, 0.08, 0.18, 0.00),
    "nn": (0.08, 0.00, 0.00, 0.04, 0.03, 0.00, 0.08, 0.16, 0.00),
    "RR": (0.08, 0.18, 0.10, 0.00, 0.00, 0.00, 0.08, 0.12, 0.00),
    "aa": (0.26, 0.03, 0.00, 0.06, 0.03, 0.00, 0.12, 0.26, 0.00),
    "E": (0.16, 0.00, 0.00, 0.12, 0.10, 0.00, 0.12, 0.24, 0.00),
    "I": (0.09, 0.00, 0.00, 0.16, 0.14, 0.00, 0.08, 0.18, 0.00),
    "O": (0.19, 0.25, 0.15, 0.00, 0.00, 0.00, 0.04, 0.12, 0.00),
    "U": (0.09, 0.22, 0.32, 0.00, 0.00, 0.00, 0.00, 0.04, 0.00),
    "ax": (0.12, 0.00, 0.00, 0.06, 0.05, 0.00, 0.08, 0.18, 0.00),
}
"""Each viseme at its height, as far open as people before a camera are by the rig's own reader of
expressions; benchmarks/results/speech.md has the comparison."""

_SOFT, _SHARP = 3.5, 1.5
"""Standard deviations in frames: of what flows, and of what keeps its moment."""
_LINGERS = 7.0
"""The same of how rounding and spreading let go."""
REACH = 6
"""Frames after that a curve is made of; there the bell of `_SOFT` is cut off."""
_PAST = 16
"""Frames before."""
REACH_S = REACH * FRAME_S
_NEARS_AT, CLOSES_AT = 0.1, 0.4
"""Shares of a closure at which lips begin to meet, and meet. Without the first they hung together a
third of the time, those of filmed talkers a tenth to a sixth."""
_KEEPS = [VISEMES.index(name) for name in ("PP", "FF")]
_NO_SPEECH, _FULL_SPEECH = 0.3, 0.7
"""Where so much is no silence, the mouth begins to move, and moves as the table says."""
_STEEP, _EFFORT, _MOST = 0.35, 2.0, 2.2
"""A louder voice opens the mouth wider: a power of its power, the amount at the level's own
loudness, and the most: so that lips are as far apart as those of three filmed talkers together."""
_USUAL = -float(np.log(_EFFORT)) / _STEEP
"""The loudness at which the mouth opens as the table says."""
_OPENING = [JAW, 6, 7]
"""Curves that effort acts on: jaw, upper lip up, lower lip down."""
_SLOW = [1, 2, 3, 4]
"""Curves that linger: funnel, pucker, stretch, smile."""


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """What a mouth does, every 10 ms."""

    curves: Floats
    """(frames, len(CURVES)) in 0..1."""
    contact: Floats
    """(frames,) 1 where the lips touch."""


class Articulation:
    """Belongs to one stream; what it gives is REACH frames behind what it gets."""

    def __init__(self) -> None:
        self._known = _silence(_PAST)
        self._loudness: Floats = np.full(_PAST, _USUAL, np.float32)

    def follow(self, shares: Floats, loudness: Floats | None = None) -> Mouth:
        """(any number, 16) shares of visemes -> the mouth at the frames that are complete now.

        `loudness` (as many,) is the voice's at these moments; None where nobody heard one: usual.
        """
        if loudness is None:
            loudness = np.full(len(shares), _USUAL, np.float32)
        self._known = np.concatenate([self._known, shares])
        self._loudness = np.concatenate([self._loudness, loudness])
        count = max(len(self._known) - _PAST - REACH, 0)
        made = _mouth(self._known, self._loudness, count)
        self._known, self._loudness = self._known[count:], self._loudness[count:]
        return made

    def finish(self) -> Mouth:
        """The last frames: what follows is silence."""
        return self.follow(_silence(REACH))


def articulate(shares: Floats, loudness: Floats | None = None) -> Mouth:
    """(frames, 16) -> the mouth at all of them; whole where `Articulation` goes piece by piece."""
    articulation = Articulation()
    first, last = articulation.follow(shares, loudness), articulation.finish()
    return Mouth(
        np.concatenate([first.curves, last.curves]), np.concatenate([first.contact, last.contact])
    )


def sharp(shares: Floats) -> Floats:
    """(frames, 16) -> the same, as smooth as lips that keep their moment can be."""
    return _smoothed(
        np.pad(shares, ((_PAST, REACH), (0, 0)), mode="edge"), _BELL_SHARP, len(shares)
    )


def _silence(frames: int) -> Floats:
    """(frames, 16)."""
    rest = np.zeros((frames, len(VISEMES)), np.float32)
    rest[:, SILENCE] = 1.0
    return rest


def _mouth(known: Floats, loudness: Floats, count: int) -> Mouth:
    """The middle frames of (_PAST + count + REACH, 16)."""
    here = known[_PAST : _PAST + count]
    soft = _smoothed(known, _BELL_SOFT, count)
    keen = _smoothed(known, _BELL_SHARP, count)
    keeps = keen[:, _KEEPS].sum(axis=1, keepdims=True)
    blended = soft * (1.0 - keeps) + here * keeps
    speech = 1.0 - soft[:, SILENCE, None]
    is_said = np.clip((speech - _NO_SPEECH) / (_FULL_SPEECH - _NO_SPEECH), 0.0, 1.0)
    effort = np.minimum(
        _EFFORT * np.exp(_STEEP * _smoothed(loudness[:, None], _BELL_SOFT, count)), _MOST
    )
    curves = blended @ _MATRIX * is_said
    curves[:, _SLOW] = _smoothed(known, _BELL_SLOW, count) @ _MATRIX[:, _SLOW] * is_said
    curves[:, _OPENING] *= effort
    return Mouth(
        np.asarray(curves, np.float32),
        np.clip((keen[:, CLOSED] - _NEARS_AT) / (CLOSES_AT - _NEARS_AT), 0.0, 1.0).astype(
            np.float32
        ),
    )


def _smoothed(known: Floats, bell: Floats, count: int) -> Floats:
    """(_PAST + count + REACH, 16) -> (count, 16); the bell ends REACH frames after its middle."""
    if not count:
        return np.zeros((0, known.shape[1]), np.float32)
    known = known[len(known) - count + 1 - len(bell) :]
    windows = np.lib.stride_tricks.sliding_window_view(known, len(bell), axis=0)
    return np.asarray(windows @ bell, np.float32)


def _bell(deviation: float, before: float | None = None) -> Floats:
    """Up to REACH frames on either side, or up to _PAST before where it is another there."""
    places = np.arange(-REACH if before is None else -_PAST, REACH + 1)
    bell = np.exp(-0.5 * (places / np.where(places < 0, before or deviation, deviation)) ** 2)
    return np.asarray(bell / bell.sum(), np.float32)


_BELL_SOFT, _BELL_SHARP, _BELL_SLOW = _bell(_SOFT), _bell(_SHARP), _bell(_SOFT, _LINGERS)
_MATRIX: Floats = np.array([_TABLE[name] for name in VISEMES], np.float32)


def arkit_of(curves: NDArray[np.floating]) -> dict[str, float]:
    """(len(CURVES),) -> ARKit's names and values."""
    return {
        name: float(value)
        for names, value in zip(CURVES, curves, strict=True)
        for name in names
        if value > 0.0
    }
