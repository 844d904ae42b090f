"""Finds the driver's neutral face in a clip before the clip is rendered."""

from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Literal

from engine.errors import InputError
from engine.faces.face import Face, Tracker
from engine.frame import Frame
from engine.stats import StageTimes, timed
from stream.clips import Clip
from stream.hand_over import ahead
from stream.neutral import find_neutral
from stream.progress import Progress

LOOK_AHEAD_S = 60
"""How much of the clip is searched; a minute at 30 frames a second is tracked in some seconds."""

FACE_ADVICE = "Use a clip in which a face is seen from the front, at least 60 pixels high."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neutral:
    """The frame of a clip that shows its driver's neutral face."""

    index: int
    frame: Frame
    face: Face


def look_ahead(
    clip: Clip,
    wanted: Literal["auto"] | int,
    tracker: Tracker,
    times: StageTimes,
    progress: Progress,
    stop: Event,
) -> Neutral | None:
    """The wanted frame, or the one found by searching; None where the search finds no face.

    The clip is tracked from its start, so that the face is read as it will be in the render.
    """
    last = wanted if wanted != "auto" else round(LOOK_AHEAD_S * clip.rate) - 1
    progress.begin("looking for the neutral face", min(last + 1, clip.stated_frames or last + 1))
    faces = _track(clip, last, tracker, times, progress, stop)
    index = find_neutral(faces) if wanted == "auto" else wanted
    if stop.is_set():
        return None
    if index is None:
        if clip.stated_frames is not None and len(faces) >= clip.stated_frames:
            raise InputError(f"no face was found in the whole clip {clip.path}. {FACE_ADVICE}")
        return None
    if index >= len(faces):
        raise InputError(
            f"{clip.path} has {len(faces)} frames, so --neutral must lie in 0..{len(faces) - 1}."
        )
    face = faces[index]
    if face is None:
        raise InputError(
            f"frame {index} of {clip.path} shows no face, so it cannot be the neutral one. "
            "Choose another frame, or --neutral auto."
        )
    return Neutral(index=index, frame=clip.frame_at(index), face=face)


def _track(
    clip: Clip, last: int, tracker: Tracker, times: StageTimes, progress: Progress, stop: Event
) -> list[Face | None]:
    """The face of each frame up to the last one that is wanted."""
    faces: list[Face | None] = []
    with closing(ahead(clip.frames())) as frames:
        for frame in frames:
            with timed(frame.stages_ns, "look ahead"):
                faces.append(tracker.find(frame.pixels))
            times.add(frame.stages_ns)
            progress.advance()
            if len(faces) > last or stop.is_set():
                break
    return faces
