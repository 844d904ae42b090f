"""Frames that may lend nothing, because something lies in front of the face in them.

A lender with a hand before its mouth would lend the hand. So whoever was chosen is compared with a
few witnesses of the same shot, and where most of them say that something is in front, the frame and
those around it are struck out.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.editing import Cut
from engine.frame import Pixels
from engine.rig.edit import regions
from engine.rig.edit.in_front import found_in_front
from engine.rig.edit.lent import Lent
from engine.rig.edit.regions import Board
from engine.rig.edit.survey import Survey

WITNESSES = 5
"""Of a shot."""
AROUND = 12
"""Frames before and after an unfit lender that are struck out with it: a hand stays for a while."""
ROUNDS = 8
"""After which the choice is taken as it is."""
_LEAST = 0.12
"""Share of lips and eyes that something covers, from which on their frame is unfit. A hand reached
0.10 to 0.40; an extreme pout, which folds the cheeks, 0.19 once."""
_BLOCK = 6000
"""Frames that have their witnesses among themselves: light changes."""
KEPT = 4 * WITNESSES
"""Small copies in memory, 0.1 MB each."""


class Vetting:
    """Judges frames of one face."""

    def __init__(
        self,
        survey: Survey,
        landmarks: Callable[[int], NDArray[np.float32]],
        pictures: Callable[[int], Pixels],
    ) -> None:
        """`landmarks` (478, 3) and `pictures` of a frame, by its number."""
        self._survey, self._landmarks, self._pictures = survey, landmarks, pictures
        self._small: OrderedDict[int, Lent] = OrderedDict()
        self._judged: dict[int, bool] = {}

    def unfit(self, lenders: Sequence[int]) -> NDArray[np.bool_]:
        """(N,) the frames to be struck out on account of these."""
        struck = np.zeros(len(self._survey.seen), np.bool_)
        for index in lenders:
            if index not in self._judged:
                self._judged[index] = self._is_covered(index)
            if self._judged[index]:
                begin, end = max(index - AROUND, 0), index + AROUND + 1
                struck[begin:end] |= self._survey.shots[begin:end] == self._survey.shots[index]
        return struck

    def in_front(self, step: int) -> list[tuple[int, int]]:
        """Where something lies before the face, as first frame and last + 1.

        Every `step`-th frame is looked at: all of them would take as long as the edit itself.
        """
        survey = self._survey
        looked_at = np.arange(step // 2, len(survey.seen), step)
        found: list[tuple[int, int]] = []
        for index in looked_at[survey.seen[looked_at]].tolist():
            if self._share(index) <= _LEAST:
                continue
            begin, end = max(index - step // 2, 0), min(index + step - step // 2, len(survey.seen))
            if found and found[-1][1] >= begin and survey.shots[begin] == survey.shots[index]:
                begin = found.pop()[0]
            found.append((begin, end))
        return found

    def _is_covered(self, index: int) -> bool:
        return self._share(index) > _LEAST

    def _share(self, index: int) -> float:
        """Of lips and eyes of this frame, before which most witnesses see something."""
        own = self._of(index)
        height, width = own.cut.pixels.shape[:2]
        face_px = regions.face_height(own.landmarks)
        board = Board(box=(0, 0, width, height), scale=1.0, face_px=face_px)
        # Lips that are open look like no closed ones; what covers them covers more than them.
        ignored = regions.features(board, own.landmarks)
        # Only there does anybody borrow; hair lies before the rim of many a face.
        lent = np.maximum(
            regions.lower_face(board, own.landmarks), regions.eyes(board, own.landmarks)
        )
        witnesses = self._witnesses(index)
        again = [self._witness(each).small(own.landmarks, board.box, 1.0) for each in witnesses]
        pixels = own.cut.pixels.astype(np.float32)
        # Where most of them differ from this frame, pixel by pixel.
        front = found_in_front(board, pixels, again, ignored, outvoted=len(again) // 2)
        return 0.0 if front is None else float((front * lent).sum() / lent.sum())

    def _witnesses(self, index: int) -> list[int]:
        survey = self._survey
        same = survey.seen & (survey.shots == survey.shots[index])
        frames = np.flatnonzero(same)
        frames = frames[frames // _BLOCK == index // _BLOCK]
        parts = np.array_split(frames, WITNESSES)
        calm = [int(part[int(np.argmin(survey.lips[part]))]) for part in parts if len(part)]
        return [frame for frame in calm if abs(frame - index) > AROUND]

    def _witness(self, index: int) -> Lent:
        """A frame that many are compared with; few are needed at a time."""
        found = self._small.pop(index, None) or self._of(index)
        self._small[index] = found
        while len(self._small) > KEPT:
            self._small.popitem(last=False)
        return found

    def _of(self, index: int) -> Lent:
        """A frame's face at the size in which things in front are looked for."""
        landmarks = self._landmarks(index).astype(np.float64)
        pixels = self._pictures(index)
        box = regions.region_around(landmarks, (pixels.shape[0], pixels.shape[1]))
        left, top, right, bottom = box
        scale = min(1.0, regions.SMALL_FACE_PX / regions.face_height(landmarks))
        size = max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale))
        small = cv2.resize(pixels[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        half = np.array([0.5, 0.5, 0.0])
        there = (landmarks - (left, top, 0.0) + half) * scale - half
        return Lent(Cut(pixels=np.asarray(small, np.uint8), corner=(0, 0)), there)
