"""Everything that is known before the first frame is retouched: faces, drivers, plans, problems."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Literal

from engine.editing import Blending, FilmEditor, FilmPlan, Part
from engine.errors import InputError
from engine.progress import Progress
from stream.edit.analysis import FaceFinder, analyse_film
from stream.edit.asked import Driving, EditJob
from stream.edit.drivers import FACE_ADVICE, OpenedDriver, opened_driver
from stream.edit.film import Film
from stream.edit.fitting import fitted
from stream.edit.keys import Range
from stream.edit.pictures import FilmPictures
from stream.edit.problems import Problem, problems_of
from stream.edit.tracks import Person, Tracks
from stream.edit.workplace import Workplace, key_of, key_of_clip

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is going to be done."""

    film: Film
    tracks: Tracks
    people: Sequence[Person]
    """Of the film, as they are numbered from 1."""
    plans: Mapping[int, FilmPlan]
    """The number of a face from 1 -> what becomes of it."""
    problems: Sequence[Problem]
    key: str
    """Of all that the result depends on."""


def plan(
    job: EditJob,
    film: Film,
    place: Workplace,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
) -> Planned:
    """Read what is to be read, and decide.

    Raises:
        InputError: nobody is seen, or what was asked for is not there.
        StoppedError: the user asked to stop.
    """
    of_film = key_of("film", key_of_clip(film.path))
    folder = place.part("read", of_film)
    analyse_film(film, folder, make_finder, progress, stop)
    tracks = Tracks(folder)
    people = tracks.people()
    if not people:
        raise InputError(f"no face was found in the whole film {job.source}. {FACE_ADVICE}")
    opened = [
        opened_driver(number, driving, place, editor, make_finder, progress, stop)
        for number, driving in enumerate(job.drivings)
    ]
    end_s = float(tracks.times_s[-1])
    parts = [_part(job, each, end_s) for each in opened]
    progress.begin("planning", None)
    plans, problems = {}, list[Problem]()
    with closing(FilmPictures(film, tracks.ticks.tolist())) as pictures:
        for face in _wanted(job.faces, people):
            track = tracks.track(people[face - 1].number)
            plans[face] = editor.plan(track, parts, job.neutral, pictures)
            problems += problems_of(face, track, plans[face].notes)
    return Planned(
        film=film,
        tracks=tracks,
        people=people,
        plans=plans,
        problems=sorted(problems, key=lambda problem: problem.begin_s),
        key=key_of(
            of_film,
            job.settings(),
            _model_key(job.model),
            [_key(driving) for driving in job.drivings],
        ),
    )


def _wanted(faces: Sequence[int] | Literal["all"], people: Sequence[Person]) -> Sequence[int]:
    if faces == "all":
        return range(1, len(people) + 1)
    for face in faces:
        if not 1 <= face <= len(people):
            raise InputError(
                f"the film shows {len(people)} face(s), so --face must lie in 1..{len(people)}, "
                f"got {face}."
            )
    return list(dict.fromkeys(faces))


def _part(job: EditJob, ready: OpenedDriver, film_s: float) -> Part:
    driving = ready.driving
    span = _narrowed(job.keys.range, driving.range)
    begin = span.begin_s or 0.0
    end = film_s if span.end_s is None else min(span.end_s, film_s)
    time_of: Callable[[float], float] = lambda time_s: time_s  # noqa: E731
    if ready.length_s is not None:
        _tell_of_length(job, driving, ready.length_s - job.offset_s, end - begin)
        time_of = fitted(
            job.fit, film_s=(begin, end), driver_s=ready.length_s, offset_s=job.offset_s
        )
    blending: Blending = driving.blending or job.blending
    return Part(
        performer=ready.performer,
        factors=ready.factors,
        blending=blending,
        is_own=driving.is_own,
        time_of=time_of,
        gains_at=job.keys.gains_at,
        share_at=partial(_both, job.keys.range, driving.range),
    )


def _tell_of_length(job: EditJob, driving: Driving, driver_s: float, film_s: float) -> None:
    """Lengths that differ are never passed over in silence."""
    if job.fit != "hold" or abs(driver_s - film_s) < 0.2:
        return
    if driver_s < film_s:
        logger.warning(
            "%s is %.1f s long and drives %.1f s: its last expression is held (see --fit)",
            driving.name, driver_s, film_s,
        )  # fmt: skip
    else:
        logger.warning(
            "%s is %.1f s long and drives %.1f s: the rest of it is not used (see --fit)",
            driving.name, driver_s, film_s,
        )  # fmt: skip


def _narrowed(one: Range, other: Range) -> Range:
    begins = [each.begin_s for each in (one, other) if each.begin_s is not None]
    ends = [each.end_s for each in (one, other) if each.end_s is not None]
    return Range(begin_s=max(begins, default=None), end_s=min(ends, default=None))


def _both(one: Range, other: Range, time_s: float) -> float:
    return min(one.share_at(time_s), other.share_at(time_s))


def _model_key(model: str) -> str:
    """Of a bundle, what its folder holds."""
    return key_of_clip(Path(model)) if Path(model).is_dir() else model


def _key(driving: Driving) -> str:
    source: Path | None = driving.source
    return key_of(
        None if source is None else key_of_clip(source), sorted(driving.factors),
        sorted(driving.sliders.items()), driving.range.begin_s, driving.range.end_s,
        driving.blending, driving.is_own,
    )  # fmt: skip
