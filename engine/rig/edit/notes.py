"""What a film's result will suffer from, as far as its plan knows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.editing import Note
from engine.geometry import Array
from engine.rig.edit.lending import DRAWN, Lenders
from engine.rig.edit.survey import Survey

Spans = Sequence[tuple[int, int]]
"""First frame and last + 1 of each."""

_FAR_TURN = 40.0
"""Degrees of yaw beyond which half of the face is guessed."""
_FAR_NOD = 30.0
_FROM_REST = 0.9
"""Weight from which a frame needs its lender wholly."""
_POOR_REST = 0.35
"""How far the best lender's lips may be from rest before the fit is called poor, cm."""


def notes_of(
    survey: Survey, lips: Lenders, lips_go: Array, mouths: Lenders, in_front: Spans
) -> Sequence[Note]:
    """By their first frame; `lips_go` (N,) is how far each frame needs lips that are lent."""
    yaw, pitch = np.abs(np.nan_to_num(survey.yaw_pitch)).T
    lender = np.where(lips.now >= 0, lips.now, 0)
    poor = (lips_go > _FROM_REST) & (survey.lips[lender] > _POOR_REST)
    found = [
        *_notes(
            _spans(poor),
            "poor fit",
            "the shot has no frame with its lips at rest: what the source says may show",
        ),
        *_notes(
            _spans(mouths.now == DRAWN),
            "drawn mouth",
            "the shot shows no mouth as open as this: a drawn one is seen",
        ),
        *_notes(in_front, "something in front", "where it is found there, it stays in front"),
    ]
    for begin, end in _spans((yaw > _FAR_TURN) | (pitch > _FAR_NOD)):
        turn = max(yaw[begin:end].max(), pitch[begin:end].max())
        words = f"the head is turned by up to {turn:.0f} degrees"
        found.append(Note(begin=begin, end=end, kind="extreme pose", words=words))
    return sorted(found, key=lambda note: note.begin)


def _notes(spans: Spans, kind: str, words: str) -> list[Note]:
    return [Note(begin=begin, end=end, kind=kind, words=words) for begin, end in spans]


def _spans(where: NDArray[np.bool_], least: int = 3) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return [
        (int(begin), int(end))
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
        if end - begin >= least
    ]
