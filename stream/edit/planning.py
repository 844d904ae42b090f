"""Everything that is known before the first frame is retouched: faces, drivers, plans, problems."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

from engine.editing import Blending, FilmEditor, FilmPlan, Part
from engine.errors import InputError
from engine.progress import Progress
from stream.edit.analysis import FaceFinder, analyse_film, is_whole
from stream.edit.asked import Driving, EditJob
from stream.edit.drivers import FACE_ADVICE, OpenedDriver, opened_driver
from stream.edit.film import Film
from stream.edit.fitting import fitted
from stream.edit.glance import Span, parts_of_film
from stream.edit.keys import Range
from stream.edit.pictures import FilmPictures
from stream.edit.presence import presence
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
    """Those of the part that is edited."""
    key: str
    """Of all that the result depends on."""
    acts: Span
    """From when to when anything changes, in s."""
    parts: Sequence[Span] | None = None
    """All that was looked at of a film that is only previewed; None is the whole film."""


def plan(
    job: EditJob,
    film: Film,
    place: Workplace,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
    *,
    glances: bool = False,
) -> Planned:
    """Read what is to be read, and decide; `glances`: of long films no more than a preview needs.

    Raises:
        InputError: nobody is seen, or what was asked for is not there.
        StoppedError: the user asked to stop.
    """
    of_film = key_of("film", key_of_clip(film.path))
    folder = place.part("read", of_film)
    glance = _glance(job, film) if glances and not is_whole(folder) else None
    parts = None if glance is None else glance[1]
    # Drivers first: what is wrong with them is told before an hour is spent on the film.
    opened = [
        opened_driver(
            number, driving, place, editor, make_finder, progress, stop,
            None if parts is None or job.fit != "hold" else (parts, _later_s(job, driving)),
        )
        for number, driving in enumerate(job.drivings)
    ]  # fmt: skip
    if glance is not None:
        folder = place.part("glance", key_of(of_film, parts))
    analyse_film(film, folder, make_finder, progress, stop, glance)
    tracks = Tracks(folder)
    people = tracks.people()
    if not people:
        where = "the whole film" if parts is None else "the parts looked at of"
        raise InputError(f"no face was found in {where} {job.source}. {FACE_ADVICE}")
    end_s = float(tracks.times_s[-1])
    acts = _acts(job, end_s)
    whole = [_part(job, each, end_s) for each in opened]
    progress.begin("planning", None)
    plans, problems = {}, list[Problem]()
    with closing(FilmPictures(film, tracks.ticks.tolist())) as pictures:
        for face in _wanted(job.faces, people):
            track = tracks.track(people[face - 1].number)
            here = presence(track, tracks.looked)
            made = [replace(part, share_at=_both(part.share_at, here)) for part in whole]
            plans[face] = editor.plan(track, made, job.neutral, pictures)
            problems += problems_of(face, track, plans[face].notes, tracks.looked)
    return Planned(
        film=film,
        tracks=tracks,
        people=people,
        plans=plans,
        problems=sorted(
            (each for each in problems if each.begin_s <= acts[1] and acts[0] <= each.end_s),
            key=lambda problem: problem.begin_s,
        ),
        key=key_of(
            of_film,
            job.settings(),
            _model_key(job.model),
            [_key(driving) for driving in job.drivings],
        ),
        acts=acts,
        parts=parts,
    )


def _glance(job: EditJob, film: Film) -> tuple[Sequence[int], Sequence[Span]] | None:
    """All pictures' times, and the parts to look at; None for all of the film."""
    ticks = film.stated_ticks()
    if ticks is None:
        return None
    film_s = float((ticks[-1] - ticks[0]) * film.time_base)
    parts = parts_of_film(_acts(job, film_s), film_s)
    return None if parts is None else (ticks, parts)


def _acts(job: EditJob, film_s: float) -> Span:
    """From when to when any driver acts.

    Raises:
        InputError: not within the film.
    """
    spans = [_narrowed(job.keys.range, driving.range) for driving in job.drivings]
    for span in spans:
        if (span.begin_s or 0.0) > film_s:
            raise InputError(
                f"the range begins at {span.begin_s:g} s, and {job.source} has its last picture at "
                f"{film_s:.1f} s. Begin earlier."
            )
    ends = [film_s if span.end_s is None else min(span.end_s, film_s) for span in spans]
    return min(span.begin_s or 0.0 for span in spans), max(ends)


def _later_s(job: EditJob, driving: Driving) -> float:
    """What a driver that plays at its own speed has as its time before the film's."""
    return job.offset_s - (_narrowed(job.keys.range, driving.range).begin_s or 0.0)


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
        if job.offset_s > 0.0 and job.offset_s >= ready.length_s:
            raise InputError(
                f"the offset of {job.offset_s:g} s lies beyond {driving.name}, which is "
                f"{ready.length_s:.1f} s long. Begin earlier in it."
            )
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
        share_at=_both(job.keys.range.share_at, driving.range.share_at),
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


def _both(
    one: Callable[[float], float], other: Callable[[float], float]
) -> Callable[[float], float]:
    return lambda time_s: min(one(time_s), other(time_s))


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
