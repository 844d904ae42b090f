"""Everything decided about one face of a film before its first frame is written."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.editing import Box, Cut, FaceTrack, Note, Part, Patch
from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.steady import runs
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.driver.reading import Reading, read_face
from engine.rig.edit import regions
from engine.rig.edit.aim import aimed, closes_of
from engine.rig.edit.expression import own_of, wished
from engine.rig.edit.lending import (
    DRAWN,
    NOBODY,
    OWN,
    PASSES_OF_EYES,
    Lenders,
    lenders_of_rest,
    mouths,
    open_lips,
)
from engine.rig.edit.lent import Lent
from engine.rig.edit.notes import notes_of
from engine.rig.edit.performers import BLOCK, FollowedFace, rest_of_track
from engine.rig.edit.retouch import Needs, retouched
from engine.rig.edit.survey import cut_off, surveyed
from engine.rig.edit.vetting import ROUNDS, Vetting
from engine.rig.warp.target import PortraitFace

KEPT = 8
"""Lenders kept ready."""
_SMOOTHED_OVER = 2.0
"""Standard deviation in frames over which the lenders' weights change."""
_EYES_OVER = 0.7
"""The same of the eyes: between two irises side by side, the half of each is a ghost."""
_ON, _OFF = 0.25, 0.05
"""Need of other eyes at which they are laid over the frame's own, and at which no more."""
_LOOKED_AT = 12
"""Of so many frames one is looked at for things in front before the film is made."""


class RigFilmPlan:
    """One face of one film."""

    def __init__(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> None:
        """Decide; see `engine.editing.FilmEditor.plan`."""
        self._track = track
        self._rest = _rest(track, neutral)
        self._parts = parts = [_with_rest(part, self._rest) for part in parts]
        self._survey = survey = surveyed(track, self._rest, parts)
        spans = runs(survey.seen, survey.shots)
        self._lips_go = _smoothed(survey.lips_go, spans)
        self._eyes_go = _smoothed(_switched(survey.eyes_go, spans), spans, _EYES_OVER)
        self._mouth_go = _smoothed(survey.inner_go, spans)
        self._read: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._lent: OrderedDict[int, Lent] = OrderedDict()
        vetting = Vetting(survey, self._landmarks, pictures)
        self._choose(vetting)
        self._in_front = vetting.in_front(_LOOKED_AT)
        self._open_lips = _smoothed(open_lips(survey, self._mouths), spans)
        self._lips_go = np.maximum(self._lips_go, self._open_lips)

    def _choose(self, vetting: Vetting) -> None:
        """Who lends what; again without those who turn out to be unfit."""
        survey = self._survey
        anywhere = survey.seen.astype(np.float64)
        unfit = cut_off(self._track)
        lips_away = 3.0 * survey.lips + 0.1 * survey.lids
        eyes_away = survey.lids + 2.0 * survey.gaze
        for _ in range(ROUNDS):
            self._lips = lenders_of_rest(survey, lips_away, anywhere, unfit)
            self._eyes = lenders_of_rest(survey, eyes_away, anywhere, unfit, PASSES_OF_EYES)
            self._mouths, self._openings = mouths(survey, unfit)
            found = vetting.unfit(self.lenders(0, len(survey.seen)))
            if not (found & ~unfit).any():
                return
            unfit |= found

    @property
    def notes(self) -> Sequence[Note]:
        """Extreme poses, rests that are none, drawn mouths, and what lies in front."""
        return notes_of(self._survey, self._lips, self._lips_go, self._mouths, self._in_front)

    @property
    def facts(self) -> Mapping[str, float]:
        """How often lenders change."""
        changes = sum(
            int(np.count_nonzero(np.diff(self._mouths.now[begin:end])))
            for begin, end in self._openings
        )
        return {
            "openings": len(self._openings),
            "lender changes inside an opening": changes,
            "rest lip changes": _changes(self._lips),
            "rest eye changes": _changes(self._eyes),
            "frames with a drawn mouth": int(np.count_nonzero(self._mouths.now == DRAWN)),
            "mean share of rest lips": float(self._lips_go.mean()),
            "mean share of rest eyes": float(self._eyes_go.mean()),
        }

    def region(self, index: int) -> Box | None:
        """Around the face, with what its jaw may draw along."""
        if not self._survey.seen[index]:
            return None
        return regions.region_around(self._landmarks(index).astype(np.float64), self._track.size)

    def lenders(self, begin: int, end: int) -> Sequence[int]:
        """All that these frames borrow from."""
        rows = [
            numbers[begin:end]
            for lenders in (self._lips, self._eyes, self._mouths)
            for numbers in (lenders.now, lenders.former)
        ]
        every = np.unique(np.concatenate(rows))
        return [int(index) for index in every if index >= 0]

    def retouch(self, index: int, cut: Cut, lent: Mapping[int, Cut]) -> Patch | None:
        """One frame's change."""
        if not self._survey.seen[index]:
            return None
        time_s = float(self._track.times_s[index])
        landmarks = self._landmarks(index)
        own = own_of(self._rest, read_face(Face(landmarks=landmarks, confidence=1.0)))
        wish = wished(own.expression, self._parts, time_s)
        if wish is own.expression:
            return None
        here = Lent(cut, _in_cut(landmarks, cut))
        patch = retouched(
            here,
            Needs(
                target=aimed(
                    self._rest,
                    closes_of(self._rest),
                    PortraitFace.from_face(here.face),
                    own,
                    wish,
                ),
                lips=self._lips_of(index, lent),
                lips_go=float(self._lips_go[index]),
                eyes=self._shares(self._eyes, index, lent),
                eyes_go=float(self._eyes_go[index]),
                mouths=self._mouths_of(index, here, lent),
                mouth_shown=float(self._mouth_go[index]),
            ),
        )
        if patch is None:
            return None
        x, y = cut.corner
        left, top, right, bottom = patch.box
        return replace(patch, box=(left + x, top + y, right + x, bottom + y))

    def _shares(
        self, lenders: Lenders, index: int, lent: Mapping[int, Cut]
    ) -> list[tuple[Lent, float]]:
        now, former = int(lenders.now[index]), int(lenders.former[index])
        share = float(lenders.share[index])
        both = [(now, share), (former, 1.0 - share)]
        return [
            (found, part)
            for number, part in both
            if number >= 0 and part > 0.0 and (found := self._of(number, lent)) is not None
        ]

    def _lips_of(self, index: int, lent: Mapping[int, Cut]) -> list[tuple[Lent, float]]:
        """Lips at rest, and those of the mouth's lender as far as it is as open as is asked."""
        is_open = float(self._open_lips[index])
        opened = self._shares(self._mouths, index, lent) if is_open > 0.0 else []
        if not opened:
            return self._shares(self._lips, index, lent)
        whole = sum(part for _, part in opened)
        resting = self._shares(self._lips, index, lent) if is_open < 1.0 else []
        return [
            *((found, part * (1.0 - is_open)) for found, part in resting),
            *((found, part / whole * is_open) for found, part in opened),
        ]

    def _mouths_of(
        self, index: int, here: Lent, lent: Mapping[int, Cut]
    ) -> list[tuple[Lent | None, float]]:
        lenders = self._mouths
        share = float(lenders.share[index])
        both = [(int(lenders.now[index]), share), (int(lenders.former[index]), 1.0 - share)]
        return [
            (here if number in (OWN, NOBODY) else self._of(number, lent), part)
            for number, part in both
            if part > 0.0
        ]

    def _of(self, index: int, lent: Mapping[int, Cut]) -> Lent | None:
        """A lender; the last few are kept with what was worked out of them."""
        if index < 0:
            return None
        found = self._lent.pop(index, None)
        if found is None:
            cut = lent[index]
            found = Lent(cut, _in_cut(self._landmarks(index), cut))
        self._lent[index] = found
        while len(self._lent) > KEPT:
            self._lent.popitem(last=False)
        return found

    def _landmarks(self, index: int) -> NDArray[np.float32]:
        """(478, 3) px of the frame; blocks of frames are read at once, and two are kept."""
        block = index // BLOCK
        if block not in self._read:
            begin = block * BLOCK
            self._read[block] = self._track.landmarks(
                begin, min(begin + BLOCK, len(self._track.seen))
            )
            while len(self._read) > 4:
                self._read.popitem(last=False)
        return np.asarray(self._read[block][index - block * BLOCK])


def _rest(track: FaceTrack, neutral: int | None) -> Reading:
    if neutral is None:
        return rest_of_track(track)
    if not 0 <= neutral < len(track.seen) or not track.seen[neutral]:
        raise InputError(
            f"frame {neutral} of the film does not show this face, so it cannot be its face at "
            "rest. Choose another frame, or --source-neutral auto."
        )
    return read_face(Face(landmarks=track.landmarks(neutral, neutral + 1)[0], confidence=1.0))


def _with_rest(part: Part, rest: Reading) -> Part:
    """A performer who is the film's own person has the film's rest.

    Two short clips of one face seldom show the same rest: brows that are up for half of one are
    at rest there.
    """
    performer = part.performer
    if not part.is_own or not isinstance(performer, FollowedFace):
        return part
    return replace(part, performer=performer.against(rest))


def _in_cut(landmarks: NDArray[np.float32], cut: Cut) -> Array:
    return landmarks.astype(np.float64) - (*cut.corner, 0.0)


def _switched(need: Array, spans: Sequence[tuple[int, int]]) -> Array:
    """(N,) 0 or 1: wholly or not at all, and not to and fro."""
    result = np.zeros_like(need)
    for begin, end in spans:
        is_on = False
        for index in range(begin, end):
            is_on = need[index] > (_OFF if is_on else _ON)
            result[index] = float(is_on)
    return result


def _smoothed(
    weights: Array, spans: Sequence[tuple[int, int]], over: float = _SMOOTHED_OVER
) -> Array:
    """(N,) without delay, by runs of frames; `over` is a standard deviation in frames."""
    reach = round(3 * over)
    steps = np.arange(-reach, reach + 1)
    kernel = np.exp(-(steps**2) / (2 * over**2))
    kernel /= kernel.sum()
    result = np.zeros_like(weights)
    for begin, end in spans:
        padded = np.pad(weights[begin:end], reach, mode="edge")
        result[begin:end] = np.convolve(padded, kernel, mode="valid")
    result[result < 0.004] = 0.0
    return result


def _changes(lenders: Lenders) -> int:
    return sum(
        before != after and before >= 0 and after >= 0 for before, after in pairwise(lenders.now)
    )
