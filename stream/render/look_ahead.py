"""Finds the neutral face of each person in a clip before the clip is rendered."""

from collections.abc import Callable
from contextlib import closing
from threading import Event
from typing import Literal

from engine.errors import InputError
from engine.faces.clip_neutral import find_neutrals
from engine.faces.face import Face, Tracker
from engine.frame import Frame
from engine.progress import Progress
from engine.stats import StageTimes, timed
from stream.files.bounded_queue import ahead
from stream.files.clips import Clip

LOOK_AHEAD_S = 60
"""How much of the clip is searched; a minute at 30 frames a second is tracked in some seconds."""

FACE_ADVICE = "Use a clip in which a face is seen from the front, at least 60 pixels high."


def look_ahead(
    clip: Clip,
    wanted: Literal["auto"] | int,
    tracker: Tracker,
    times: StageTimes,
    progress: Progress,
    stop: Event,
    take: Callable[[Frame, Face], object],
) -> int | None:
    """Let `take` have the wanted frame, or the one found for each person of each shot.

    Returns the number of the first of these frames, that of the person who is seen longest; None
    where the search finds no face. The clip is tracked from its start, so that the faces are read
    as they will be in the render.
    """
    last = wanted if wanted != "auto" else round(LOOK_AHEAD_S * clip.rate) - 1
    progress.begin("looking for the neutral face", min(last + 1, clip.stated_frames or last + 1))
    faces = _track(clip, last, tracker, times, progress, stop)
    if stop.is_set():
        return None
    if wanted != "auto":
        own = _wanted_face(clip, faces, wanted)
        take(clip.frame_at(wanted), own)
        return wanted
    indices = find_neutrals(faces)
    if not indices and clip.stated_frames is not None and len(faces) >= clip.stated_frames:
        raise InputError(f"no face was found in the whole clip {clip.path}. {FACE_ADVICE}")
    _hand_over(clip, {index: face for index in indices if (face := faces[index])}, take)
    return indices[0] if indices else None


def _wanted_face(clip: Clip, faces: list[Face | None], index: int) -> Face:
    """The face of the frame that the user named."""
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
    return face


def _hand_over(clip: Clip, faces: dict[int, Face], take: Callable[[Frame, Face], object]) -> None:
    """One frame after the other: all of them would not fit into memory."""
    missing = len(faces)
    if not missing:
        return
    with closing(clip.frames()) as frames:
        for index, frame in enumerate(frames):
            if index in faces:
                take(frame, faces[index])
                missing -= 1
                if not missing:
                    return


def _track(
    clip: Clip, last: int, tracker: Tracker, times: StageTimes, progress: Progress, stop: Event
) -> list[Face | None]:
    """The face of each frame up to the last one that is wanted."""
    faces: list[Face | None] = []
    with closing(ahead(clip.frames())) as frames:
        for frame in frames:
            with timed(frame.stages_ns, "look ahead"):
                faces.append(tracker.find(frame.pixels, frame.captured_ns))
            times.add(frame.stages_ns)
            progress.advance()
            if len(faces) > last or stop.is_set():
                break
    return faces
