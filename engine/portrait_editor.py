"""Any family that puts an expression back into its picture, as an editor of films.

Each frame of the film is a portrait of its own and each of the driver's a driving picture, as in
the paper's own video editing (DPE, Sec. 4.2). Nothing is remembered from frame to frame, so that an
edit may go on anywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.editing import Box, Cut, FaceTrack, FilmEditor, Note, Part, Patch, Performer
from engine.errors import InputError
from engine.faces.crop import framing
from engine.faces.face import Face
from engine.family import Choice, Family
from engine.frame import Pixels
from engine.model import Model, Motion, Recording
from engine.motion import Edit, LipShape

EVERY = frozenset({"lips", "gaze", "blink", "emotion"})
MARGIN = 0.1
"""Around a crop, of its side, that is cut out of a frame."""
LONGEST_GAP_S = 0.5
"""A driver who is lost for no longer keeps the last expression."""


def editor_of(family: Family[Any], choice: Choice) -> FilmEditor[Any]:
    """The family's own editor; else this one, where its model can put an expression back.

    Raises:
        InputError: it cannot.
    """
    if family.editor is not None:
        return family.editor()
    if "expression" not in family.can.pastes_back:
        raise InputError(
            f"the model {family.name} cannot put a face back into its picture. Leave out --model."
        )
    return PortraitEditor(family.load(choice))


class FilmedDriver:
    """The person of a driving clip, read picture by picture."""

    def __init__(
        self, model: Model[Any], track: FaceTrack, pictures: Callable[[int], Pixels]
    ) -> None:
        self._model, self._track, self._pictures = model, track, pictures
        self._seen = np.flatnonzero(track.seen)

    def at(self, time_s: float) -> Motion | None:
        """What the picture nearest to this time tells; None where the face is lost."""
        times = self._track.times_s[self._seen]
        nearest = int(np.argmin(np.abs(times - time_s)))
        if abs(float(times[nearest]) - time_s) > LONGEST_GAP_S:
            return None
        index = int(self._seen[nearest])
        face = Face(landmarks=self._track.landmarks(index, index + 1)[0], confidence=1.0)
        # A fresh reader: one that followed the face would remember what came before.
        motion: Motion = self._model.driver().read(self._pictures(index), face, 0)
        return motion


class PortraitEditor:
    """Keeps `engine.editing.FilmEditor`."""

    def __init__(self, model: Model[Any]) -> None:
        self._model = model

    def follow(self, track: FaceTrack, pictures: Callable[[int], Pixels]) -> Performer[Any]:
        """The performer in a driving clip."""
        return FilmedDriver(self._model, track, pictures)

    def replay(self, recording: Recording[Any]) -> Performer[Any]:
        """Motion files hold landmarks, which such a model does not read."""
        raise InputError("this model is driven by pictures: give a clip, or leave out --model.")

    def hold(self, sliders: Mapping[str, float]) -> Performer[Any]:
        """Sliders move landmarks, which such a model does not read."""
        raise InputError("this model has no sliders: leave out --slider, or --model.")

    def speak(self, lips: Callable[[float], LipShape]) -> Performer[Any]:
        """A sound moves landmarks, which such a model does not read."""
        raise InputError("this model is driven by pictures, not by sound: leave out --model.")

    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> "PortraitPlan":
        """One part, the whole expression."""
        if len(parts) != 1 or parts[0].factors != EVERY:
            raise InputError(
                "this model moves the whole expression at once: give one driver without factors, "
                "or leave out --model."
            )
        if parts[0].blending != "replace" or neutral is not None or parts[0].is_own:
            raise InputError(
                "this model shows the driver's expression as it is: leave out --motion add, "
                "--same-person and --source-neutral, or --model."
            )
        return PortraitPlan(model=self._model, track=track, part=parts[0])


@dataclass(frozen=True, kw_only=True)
class PortraitPlan:
    """Nothing needs to be decided."""

    model: Model[Any]
    track: FaceTrack
    part: Part
    notes: Sequence[Note] = ()

    @property
    def facts(self) -> Mapping[str, float]:
        """None."""
        return {}

    def region(self, index: int) -> Box | None:
        """Around what the networks see; never square, which they take for a head alone."""
        if not self.track.seen[index]:
            return None
        box = framing(self._face(index))
        reach = box.side * (0.5 + MARGIN)
        height, width = self.track.size
        left, top = max(int(box.x - reach), 0) // 2 * 2, max(int(box.y - reach), 0) // 2 * 2
        right, bottom = min(int(box.x + reach), width), min(int(box.y + reach), height)
        return left, top, right - 2 * (right - left == bottom - top), bottom

    def lenders(self, begin: int, end: int) -> Sequence[int]:
        """Nobody."""
        return []

    def retouch(self, index: int, cut: Cut, lent: Mapping[int, Cut]) -> Patch | None:
        """The frame as a portrait, with the driver's expression."""
        time_s = float(self.track.times_s[index])
        share = self.part.share_at(time_s)
        motion = self.part.performer.at(self.part.time_of(time_s)) if share > 0.0 else None
        if motion is None:
            return None
        x, y = cut.corner
        face = self._face(index).moved(1.0, (-float(x), -float(y)))
        portrait = self.model.enroll(cut.pixels, face)
        edit = Edit(mode="expression", gains=dict(self.part.gains_at(time_s)))
        new = portrait.render(motion, edit)
        height, width = cut.pixels.shape[:2]
        changed = (new != cut.pixels).any(axis=-1)
        return Patch(
            box=(x, y, x + width, y + height),
            own=cut.pixels,
            new=new.astype(np.float32),
            mask=changed.astype(np.float32) * np.float32(share),
        )

    def _face(self, index: int) -> Face:
        return Face(landmarks=self.track.landmarks(index, index + 1)[0], confidence=1.0)
