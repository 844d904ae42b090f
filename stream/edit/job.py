"""The job of `understudy edit`: read film and drivers, plan, retouch, join. It prints nothing."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from engine.editing import FilmEditor
from engine.errors import InputError, OutputError
from engine.progress import Progress, Silence
from engine.stats import StageTimes
from stream.edit.analysis import FaceFinder, StoppedError
from stream.edit.asked import EditJob
from stream.edit.encoders import check_encoding
from stream.edit.film import Film
from stream.edit.picture_folder import gathered
from stream.edit.planning import Planned, plan
from stream.edit.problems import Problem, write_timeline
from stream.edit.rendering import Rendered, render
from stream.edit.segments import join
from stream.edit.workplace import Workplace
from stream.files.clip_writer import check_output

logger = logging.getLogger(__name__)

IN_FRONT = "something in front"
COVERED = 0.02
"""Share of a face before which something lies, from which on it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditReport:
    """What was done."""

    frames: int = 0
    changed: int = 0
    """Frames in which something of a face is new."""
    problems: Sequence[Problem] = ()
    facts: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """The number of each face that was edited -> what its plan counted."""
    seconds: float = 0.0
    """Of this run: retouching and encoding."""
    stages_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    was_stopped: bool = False


def edit(
    job: EditJob,
    *,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress | None = None,
    stop: Event | None = None,
    tell: Callable[[Planned], None] | None = None,
) -> EditReport:
    """Do the job; `tell` hears what is planned before the long run begins.

    When `stop` is set meanwhile, what is done is kept and the same job goes on from there.
    """
    progress, stop = progress or Silence(), stop or Event()
    check_paths(job)
    film = None if job.source.is_dir() else checked_film(job, job.source)
    times = StageTimes()
    with Workplace(job.out) as place:
        try:
            if film is None:
                film = checked_film(job, gathered(job.source, place, job.rate, progress, stop))
            planned = plan(job, film, place, editor, make_finder, progress, stop)
            write_timeline(timeline_of(job.out), planned.problems)
            if tell is not None:
                tell(planned)
            began = time.monotonic()
            folder = place.part("made", planned.key)
            rendered = render(planned, folder, job.encoding, progress, stop, times)
        except StoppedError:
            return EditReport(was_stopped=True)
        join(job.out, film, rendered.pieces, int(planned.tracks.ticks[0]))
        place.remove()
    problems = _problems(planned, rendered)
    write_timeline(timeline_of(job.out), problems)
    if film.clip.complaint is not None:
        logger.warning("%s", film.clip.complaint)
    return EditReport(
        frames=planned.tracks.frames,
        changed=rendered.changed,
        problems=problems,
        facts={face: each.facts for face, each in planned.plans.items()},
        seconds=time.monotonic() - began,
        stages_ms=times.percentiles_ms(),
    )


def timeline_of(out: Path) -> Path:
    """Where the problems of a result are written."""
    return out.with_name(f"{out.stem}.problems.json")


def check_paths(job: EditJob) -> None:
    """Refuse what cannot end well before any work is done."""
    check_output(job.out, force=job.force)
    check_drivers(job)
    for path in (job.source, *(driving.source for driving in job.drivings)):
        if path is not None and job.out.exists() and path.exists() and job.out.samefile(path):
            raise OutputError(f"{job.out} is read for this edit itself. Choose another output.")


def check_drivers(job: EditJob) -> None:
    """Refuse a driver that is not there before any work is done."""
    for driving in job.drivings:
        if driving.source is not None and not driving.source.is_file():
            raise InputError(
                f"there is no file {driving.source} to drive the edit. Check the name and the "
                "folder."
            )


def checked_film(job: EditJob, path: Path) -> Film:
    """The film at `path`, which the job's result can be encoded like."""
    film = Film(path)
    check_encoding(job.encoding, film, job.out.suffix.lower())
    warn_of(film)
    return film


def warn_of(film: Film) -> None:
    """Say what the user may not expect of this film."""
    if film.colours.is_hdr:
        logger.warning(
            "%s is HDR: its pixels and what it says of them are kept; faces are looked for without "
            "tone mapping",
            film.path,
        )


def _problems(planned: Planned, rendered: Rendered) -> list[Problem]:
    """What was foreseen; of what lies in front, when exactly, where the making has found it."""
    found = _in_front(planned, rendered)
    foreseen = [
        each
        for each in planned.problems
        if each.kind != IN_FRONT
        or not any(
            other.face == each.face and other.begin_s <= each.end_s and each.begin_s <= other.end_s
            for other in found
        )
    ]
    return sorted([*foreseen, *found], key=lambda problem: problem.begin_s)


def _in_front(planned: Planned, rendered: Rendered) -> list[Problem]:
    times = planned.tracks.times_s
    found = []
    for face, shares in rendered.covered.items():
        frames = np.flatnonzero(shares >= COVERED)
        parts = np.split(frames, np.flatnonzero(np.diff(frames) > 3) + 1)
        found += [
            Problem(
                begin_s=float(times[part[0]]),
                end_s=float(times[part[-1]]),
                face=face,
                kind=IN_FRONT,
                words="it stays in front, as the film has it",
            )
            for part in parts
            if len(part)
        ]
    return found
