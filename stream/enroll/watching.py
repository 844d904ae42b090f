"""The first pass: which frames show the person well. Landmarks and looks are kept, no pictures."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from engine.faces.face import Face, Tracker
from engine.faces.looks import Look, look_at
from engine.faces.quality import ALIKE, ALIKE_PHOTOS, Usual, reason_by_itself, usual_look
from engine.progress import Progress
from stream.enroll.footage import Footage
from stream.files.bounded_queue import ahead

NO_FACE = "no face"
UNLIKE_FIRST = "unlike the first file (another person, or light)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """The person in one frame of one of the inputs."""

    footage: int
    """Which of the inputs."""
    number: int
    """Of the frame in it."""
    face: Face
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """What the first pass found."""

    seen: Sequence[Sighting]
    """Every face, in the order of the inputs."""
    kept: Sequence[Sighting]
    """Those that may stand for the person."""
    looked: int
    rejected: Counter[str] = field(default_factory=Counter)
    """Why the others may not: how many of each."""


def watch(
    inputs: Sequence[Footage],
    tracker: Tracker,
    *,
    also: int | None,
    progress: Progress,
    stop: Event,
) -> Watched:
    """Look at all inputs; the person is whoever is seen most often in the first one.

    `also` is the number of a frame of the first input that is wanted in any case.
    """
    progress.begin("looking at the frames", sum(footage.frames for footage in inputs))
    seen: list[Sighting] = []
    kept: list[Sighting] = []
    rejected: Counter[str] = Counter()
    looked = 0
    first: Usual | None = None
    for index, footage in enumerate(inputs):
        tracker.reset()
        own: list[Sighting] = []
        with closing(ahead(footage.watched(also if index == 0 else None))) as frames:
            for number, frame in frames:
                if stop.is_set():
                    break
                looked += 1
                face = tracker.find(frame.pixels, frame.captured_ns)
                if face is None or not face.is_plausible:
                    rejected[NO_FACE] += 1
                else:
                    look = look_at(frame.pixels, face)
                    own.append(Sighting(footage=index, number=number, face=face, look=look))
                progress.advance()
        usual = usual_look([sighting.look for sighting in own])
        if index == 0:
            first = usual
        are_photos = footage.is_picture and inputs[0].is_picture
        most = ALIKE_PHOTOS if are_photos else ALIKE
        is_same = first is None or usual is None or usual.unlike(first) < most
        for sighting in own:
            reason = _reason(sighting.look, usual) if is_same else UNLIKE_FIRST
            if reason is None:
                kept.append(sighting)
            else:
                rejected[reason] += 1
        seen += own
    tracker.reset()
    return Watched(seen=seen, kept=kept, looked=looked, rejected=rejected)


def _reason(look: Look, usual: Usual | None) -> str | None:
    own = reason_by_itself(look)
    return own or (None if usual is None else usual.reason_against(look))
