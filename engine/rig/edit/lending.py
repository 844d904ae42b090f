"""Which frames lend what: rest lips and rest eyes of the same shot, and one mouth per opening.

A lender that is changed is seen to change, so it is kept as long as it serves, and passed over to
the next in a third of a second. What is seen between the lips comes from one frame from the moment
they part until they meet: chosen anew in each frame, it was changed 20 times in 86 frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array, smoothstep
from engine.rig.edit.survey import Survey

PASSES = 10
"""Frames in which one lender passes over to the next."""
PASSES_OF_EYES = 3
"""The same of eyes: two irises that are half seen are a ghost."""
NOBODY, OWN, DRAWN = -1, -2, -3
"""In place of a frame's number: nothing is lent; the frame itself; the drawn mouth."""

_KEEP = 0.35
"""What another lender must be better by."""
_SHAPE = 3.0
"""Cost of a centimetre between the lips' outlines (root mean square)."""
_ALIKE = (0.6, 0.3)
"""So many centimetres lips may lie off those that are asked for, and more for a wide mouth."""
_TURN = 2.0
"""Cost of a radian between the heads."""
_UNFIT = 100.0
_NEAR_FRAMES = 4000
"""Candidates lie no farther away: light changes, and memory is finite."""
_OPEN, _PARTED = 0.06, 0.045
"""Lip gap over mouth width: an opening begins at the first and ends at the second."""
_HALF, _SMALL = 0.5, 0.12
"""A lender must be half as open as what is asked, unless that is little."""
_LIKE_OWN = 0.35
"""Logarithm of both gaps' ratio, up to which a frame shows its own mouth's inside."""
_NARROW = 0.6
"""Of the smaller of two peaks: a mouth so much narrower between them may get another lender."""
_TAKES_LIPS = (0.3, 0.75)
"""Of the lender's gap: where its lips begin to be shown, and where all of them are."""
_WIDE = 0.12
"""A peak's least lip gap."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lenders:
    """Of each of N frames; NOBODY where nothing is lent."""

    now: NDArray[np.int64]
    former: NDArray[np.int64]
    """Whom it is passed over from."""
    share: Array
    """(N,) of `now`; the rest is `former`'s."""


def lenders_of_rest(
    survey: Survey,
    away: Array,
    weight: Array,
    unfit: NDArray[np.bool_],
    passes: int = PASSES,
) -> Lenders:
    """For each frame one that is at rest and turned alike.

    `away` (N,) is how far a frame's region is from rest, as a cost; `weight` (N,) how far the frame
    needs a lender at all; those that are `unfit` lend only where there is no other. `passes` frames
    lie between one lender and the next.
    """
    now = np.full(len(away), NOBODY, np.int64)
    rotation = survey.rotation.reshape(-1, 9)
    for shot in np.unique(survey.shots[survey.seen]).tolist():
        frames = np.flatnonzero(survey.seen & (survey.shots == shot))
        needy = frames[weight[frames] > 0.0]
        last = NOBODY
        for begin in range(0, len(needy), 200):
            block = needy[begin : begin + 200]
            near = frames[
                (frames >= block[0] - _NEAR_FRAMES) & (frames <= block[-1] + _NEAR_FRAMES)
            ]
            turned = np.arccos(np.clip((rotation[block] @ rotation[near].T - 1.0) / 2.0, -1.0, 1.0))
            cost = away[near] + _UNFIT * unfit[near] + _TURN * turned
            for index, row in zip(block.tolist(), cost, strict=True):
                row = row + _KEEP * (near != last)
                last = int(near[int(np.argmin(row))])
                now[index] = last
    return _passing(now, passes)


def mouths(survey: Survey, unfit: NDArray[np.bool_]) -> tuple[Lenders, list[tuple[int, int]]]:
    """Whose mouth is seen inside, and the openings as first frame and last + 1."""
    chosen = np.full(len(survey.seen), NOBODY, np.int64)
    found = [part for whole in openings(survey) for part in _parted(survey.wanted_gap, *whole)]
    for begin, end in found:
        inside = np.arange(begin, end)
        widest = begin + int(np.argmax(survey.wanted_gap[begin:end]))
        chosen[begin:end] = _lender_of_opening(survey, unfit, inside, widest)
    return _passing(chosen), found


def open_lips(survey: Survey, chosen: Lenders) -> Array:
    """(N,) how far the mouth's lender lends its lips, too: closed ones, pulled open, smear."""
    share = np.zeros(len(chosen.now))
    lends = chosen.now >= 0
    relative = survey.wanted_gap[lends] / np.maximum(survey.gap[chosen.now[lends]], 1e-3)
    share[lends] = smoothstep(*_TAKES_LIPS, relative)
    return share


def _parted(gap: Array, begin: int, end: int) -> list[tuple[int, int]]:
    """An opening, parted where the mouth is much narrower than before and after."""
    if end - begin < 2 * PASSES:
        return [(begin, end)]
    inside = gap[begin:end]
    before = np.maximum.accumulate(inside)
    after = np.maximum.accumulate(inside[::-1])[::-1]
    depth = inside / np.maximum(np.minimum(before, after), _WIDE)
    depth[: PASSES // 2] = depth[-PASSES // 2 :] = 1.0
    narrowest = int(np.argmin(depth))
    if depth[narrowest] > _NARROW:
        return [(begin, end)]
    middle = begin + narrowest
    return [*_parted(gap, begin, middle), *_parted(gap, middle, end)]


def openings(survey: Survey) -> list[tuple[int, int]]:
    """Where the lips are apart after the edit."""
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for index in range(len(survey.seen)):
        is_cut = index > 0 and survey.shots[index] != survey.shots[index - 1]
        goes_on = survey.seen[index] and not is_cut
        if begin is not None and not (goes_on and survey.wanted_gap[index] > _PARTED):
            found.append((begin, index))
            begin = None
        if begin is None and survey.seen[index] and survey.wanted_gap[index] > _OPEN:
            begin = index
    if begin is not None:
        found.append((begin, len(survey.seen)))
    return found


def _lender_of_opening(
    survey: Survey, unfit: NDArray[np.bool_], inside: NDArray[np.int64], widest: int
) -> int:
    apart = np.abs(np.log((survey.gap[inside] + 0.03) / (survey.wanted_gap[inside] + 0.03)))
    if apart.max() < _LIKE_OWN:
        return OWN
    gap = survey.wanted_gap[widest]
    near = np.flatnonzero(survey.seen & ~unfit & (survey.shots == survey.shots[widest]))
    least = max(_HALF * gap if gap >= _SMALL else 0.0, _OPEN)
    near = near[(np.abs(near - widest) <= _NEAR_FRAMES) & (survey.gap[near] > least)]
    if not len(near):
        return DRAWN
    relative = np.abs(np.log((survey.gap[near] + 0.03) / (gap + 0.03)))
    rotation = survey.rotation.reshape(-1, 9)
    cosine = (rotation[near] @ rotation[widest] - 1.0) / 2.0
    turned = np.arccos(np.clip(cosine, -1.0, 1.0))
    ways = (survey.lip_shape[near] - survey.wanted_shape[widest]).reshape(len(near), -1, 2)
    ways -= ways.mean(axis=1, keepdims=True)
    shape = np.sqrt((ways**2).sum(axis=2).mean(axis=1))
    cost = relative + _SHAPE * shape + turned
    best = int(np.argmin(cost))
    is_alike = shape[best] < _ALIKE[0] + _ALIKE[1] * gap
    return int(near[best]) if is_alike else DRAWN


def _passing(now: NDArray[np.int64], passes: int = PASSES) -> Lenders:
    """Each change of lender, spread over the frames after it."""
    former, share = now.copy(), np.ones(len(now))
    since, before = passes, NOBODY
    for index in range(1, len(now)):
        if NOBODY in (now[index], now[index - 1]):
            since = passes
        elif now[index] != now[index - 1]:
            before, since = int(now[index - 1]), 0
        if since < passes:
            since += 1
            former[index], share[index] = before, since / (passes + 1)
    return Lenders(now=now, former=former, share=share)
