"""The rig as an editor of films."""

from collections.abc import Callable, Mapping, Sequence

from engine.editing import FaceTrack, Part
from engine.frame import Pixels
from engine.model import Recording
from engine.motion import LipShape
from engine.rig.edit.brows import checked
from engine.rig.edit.performers import FollowedFace, HeldExpression, Replayed, Speaking
from engine.rig.edit.plan import RigFilmPlan
from engine.rig.motion.motion import RigMotion
from engine.rig.motion.recording import Recording as RigRecording


class RigEditor:
    """Keeps `engine.editing.FilmEditor`."""

    def follow(self, track: FaceTrack, pictures: Callable[[int], Pixels]) -> FollowedFace:
        """The performer in a driving clip; its landmarks and brows are enough."""
        return FollowedFace(checked(track))

    def replay(self, recording: Recording[RigMotion]) -> Replayed:
        """The performer of a motion file."""
        if not isinstance(recording, RigRecording):
            raise TypeError(f"not a recording of the rig's: {type(recording).__name__}")
        return Replayed(recording)

    def hold(self, sliders: Mapping[str, float]) -> HeldExpression:
        """An expression that stays."""
        return HeldExpression(sliders)

    def speak(self, lips: Callable[[float], LipShape]) -> Speaking:
        """Lips that a sound moves."""
        return Speaking(lips)

    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> RigFilmPlan:
        """Decide everything for one face."""
        return RigFilmPlan(checked(track), parts, neutral, pictures)
