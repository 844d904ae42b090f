"""Opens what drives an edit: a clip, a motion file, a sound, or an expression that stays."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from engine.editing import FilmEditor, Performer
from engine.errors import InputError
from engine.motion import Factor, LipShape
from engine.progress import Progress
from engine.speech.articulation import LEAD_S, Mouth
from engine.speech.features import FRAME_S
from engine.speech.track import lips_of, shape_at
from stream.edit.analysis import FaceFinder, analyse_clip, is_whole
from stream.edit.asked import EXPRESSION, Driving
from stream.edit.glance import Span, parts_of_driver
from stream.edit.pictures import ClipPictures
from stream.edit.tracks import Tracks
from stream.edit.workplace import Workplace, key_of, key_of_clip
from stream.files.clips import Clip
from stream.files.motion_file import is_motion_file
from stream.files.motion_reader import load_motion
from stream.files.sound_file import SoundFile, is_sound_file

logger = logging.getLogger(__name__)

FACE_ADVICE = "Use a film in which a face is seen, at least 24 pixels wide."
LIPS: frozenset[Factor] = frozenset({"lips"})
"""All that a sound moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDriver:
    """A driver that is ready."""

    driving: Driving
    performer: Performer[Any]
    factors: frozenset[Factor]
    """What is taken from it."""
    length_s: float | None
    """None for an expression that stays."""


def opened_driver(
    number: int,
    driving: Driving,
    place: Workplace,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
    glance: tuple[Sequence[Span], float] | None = None,
) -> OpenedDriver:
    """Read what it needs; `number` tells it from the job's other drivers.

    `glance`: the parts of the film that are looked at, and what the driver's time is before the
    film's; None reads all of it.

    Raises:
        InputError: it shows no face, or has no such factor.
        StoppedError: the user asked to stop.
    """
    source, factors = driving.source, driving.factors
    performer: Performer[Any]
    length_s: float | None
    if source is None:
        performer, length_s = editor.hold(driving.sliders), None
    elif is_motion_file(source):
        recording = load_motion(source)
        performer, length_s = editor.replay(recording), float(recording.times_ns[-1]) / 1e9
    elif is_sound_file(source):
        factors = _of_sound(driving)
        progress.begin("listening", None)
        mouth = lips_of(SoundFile(source).pieces()).mouth
        performer, length_s = editor.speak(partial(_lips, mouth)), len(mouth.curves) * FRAME_S
    else:
        performer, length_s = _filmed(
            number, source, place, editor, make_finder, progress, stop, glance
        )
    return OpenedDriver(driving=driving, performer=performer, factors=factors, length_s=length_s)


def _of_sound(driving: Driving) -> frozenset[Factor]:
    """Nothing but the lips; what else was named cannot be heard."""
    if driving.factors in (LIPS, frozenset(EXPRESSION)):
        return LIPS
    raise InputError(
        f"{driving.name} is a sound, which moves the lips alone: write lips={driving.name}, and "
        "give a clip for the rest."
    )


def _lips(mouth: Mouth, time_s: float) -> LipShape:
    """As people's do, they move before they are heard."""
    return shape_at(mouth, time_s + LEAD_S)


def _filmed(
    number: int,
    source: Path,
    place: Workplace,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
    glance: tuple[Sequence[Span], float] | None,
) -> tuple[Performer[Any], float]:
    """Who is seen in a driving clip, and its length in s."""
    clip, key = Clip(source), key_of_clip(source)
    parts = None if glance is None else parts_of_driver(clip, *glance)
    folder = place.part(f"driver{number}", key_of("driver", key))
    if parts is not None and not is_whole(folder):
        folder = place.part(f"part{number}", key_of("driver", key, parts))
    if not is_whole(folder):
        analyse_clip(clip, folder, make_finder, progress, stop, parts)
    tracks = Tracks(folder)
    people = tracks.people()
    if not people:
        raise InputError(f"no face was found in the driving clip {source}. {FACE_ADVICE}")
    if len(people) > 1:
        logger.warning(
            "%s shows %d faces: the one that is seen longest drives", source, len(people)
        )
    track = tracks.track(people[0].number)
    return editor.follow(track, ClipPictures(source)), float(tracks.times_s[-1])
