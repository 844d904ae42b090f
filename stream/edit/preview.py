"""Ten frames of an edit beside their originals, before the long run."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
from PIL import Image

from engine.editing import FilmEditor, FilmPlan
from engine.errors import InputError
from engine.frame import Pixels
from engine.progress import Progress
from stream.edit.analysis import FaceFinder, StoppedError
from stream.edit.asked import EditJob
from stream.edit.film import Film
from stream.edit.job import check_drivers, timeline_of
from stream.edit.picture_folder import gathered
from stream.edit.planning import Planned, plan
from stream.edit.problems import write_timeline
from stream.edit.rendering import Retoucher
from stream.edit.workplace import Workplace
from stream.files.output_place import check_place, failures_named

FRAMES = 10
SIDE = 256
"""Of a face in the sheet, px."""


def preview(
    job: EditJob,
    sheet: Path,
    *,
    editor: FilmEditor[Any],
    make_finder: Callable[[], FaceFinder],
    progress: Progress,
    stop: Event,
) -> Planned | None:
    """Write the sheet, and the problems beside the output; None where it was stopped.

    Of a long film only some parts are read (`glance.py`), so that it takes about a minute; what is
    read of a short one stays for the edit itself.
    """
    check_place(sheet, force=job.force)
    check_drivers(job)
    film = None if job.source.is_dir() else Film(job.source)
    with Workplace(job.out) as place:
        try:
            film = film or Film(gathered(job.source, place, job.rate, progress, stop))
            planned = plan(job, film, place, editor, make_finder, progress, stop, glances=True)
        except StoppedError:
            return None
        write_timeline(timeline_of(job.out), planned.problems)
        columns = _columns(planned, progress)
    growing = sheet.with_name(f".{sheet.name}.part")
    with failures_named(sheet):
        Image.fromarray(np.hstack(columns)).save(growing, format="PNG")
        growing.replace(sheet)
    return planned


def _columns(planned: Planned, progress: Progress) -> list[Pixels]:
    """For each frame: of each face the film's own, and below it the new one."""
    retoucher = Retoucher(planned)
    ticks = planned.tracks.ticks.tolist()
    begin, end = np.searchsorted(planned.tracks.times_s, planned.acts)
    shown = [
        index
        for index in range(int(begin), min(int(end) + 1, planned.tracks.frames))
        if any(plan.region(index) is not None for plan in planned.plans.values())
    ]
    if not shown:
        raise InputError(
            "the face that is edited is not seen where anything would change. Choose another range "
            "or --face."
        )
    chosen = [shown[k] for k in np.unique(np.linspace(0, len(shown) - 1, FRAMES).astype(int))]
    progress.begin("making the preview", len(chosen))
    found = []
    for index in chosen:
        retoucher.fetch(index, index + 1)
        frame = next(iter(planned.film.frames_from(index, ticks)))
        own = planned.film.pixels(frame.picture)
        retoucher.finished(frame, retoucher.patches(frame))
        new = planned.film.pixels(frame.picture)
        cells = []
        for plan_ in planned.plans.values():
            cells += [_cell(own, plan_, index), _cell(new, plan_, index)]
        found.append(np.vstack(cells))
        progress.advance()
    return found


def _cell(picture: Pixels, plan_: FilmPlan, index: int) -> Pixels:
    box = plan_.region(index)
    if box is None:
        return np.zeros((SIDE, SIDE, 3), np.uint8)
    left, top, right, bottom = box
    cut = picture[top:bottom, left:right]
    scale = SIDE / max(cut.shape[:2])
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    cell = np.zeros((SIDE, SIDE, 3), np.uint8)
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    cell[: size[1], : size[0]] = cv2.resize(cut, size, interpolation=method)
    return cell
