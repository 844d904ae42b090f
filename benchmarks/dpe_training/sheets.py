"""Pictures to look at: held-out renders beside the exact answers, and real portraits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.dpe_training.cases import Case
from benchmarks.dpe_training.subjects import Subject
from engine.faces.crop import portrait_crop
from engine.faces.face import Tracker
from engine.frame import Pixels
from engine.motion import MODES
from engine.pictures import open_picture
from stream.files.clips import Clip

_CELL_PX = 128
_DRIVERS = 4
_EVERY = 24


def rendered_sheet(subject: Subject, cases: Sequence[Case]) -> Pixels:
    """Rows: source, driver, then each mode as it was drawn and as it should be."""
    names = ["S", "D", *(name for mode in MODES for name in (mode, f"{mode} exact"))]
    rows = []
    for case in cases:
        row = [case.source, case.driving]
        for mode in MODES:
            drawn = subject.drawn(case.source, case.driving, mode)
            row += [case.source if drawn is None else drawn, case.exact[mode]]
        rows.append(row)
    return _sheet(names, rows)


def real_sheet(
    subject: Subject, portraits: Sequence[Path], driving: Path, tracker: Tracker, size: int
) -> Pixels:
    """Rows: a portrait, then drivers with what expression and both make of it."""
    drivers = list(_drivers(driving, tracker, size))
    names = ["S"] + ["D", "expression", "both"] * len(drivers)
    rows = []
    for path in portraits:
        picture = open_picture(path)
        tracker.reset()
        face = tracker.find(picture)
        if face is None:
            continue
        source = portrait_crop(face, picture.shape[1], picture.shape[0]).cut(picture, size)
        row = [source]
        for driver in drivers:
            drawn = [subject.drawn(source, driver, mode) for mode in ("expression", "both")]
            row += [driver, *(source if each is None else each for each in drawn)]
        rows.append(row)
    return _sheet(names, rows)


def _drivers(path: Path, tracker: Tracker, size: int) -> Iterator[Pixels]:
    """Crops of a few frames, well apart."""
    tracker.reset()
    found = 0
    for number, frame in enumerate(Clip(path).frames()):
        if found == _DRIVERS:
            return
        if number % _EVERY:
            continue
        picture = frame.pixels
        face = tracker.find(picture, frame.captured_ns)
        if face is not None:
            found += 1
            yield portrait_crop(face, picture.shape[1], picture.shape[0]).cut(picture, size)


def _sheet(names: Sequence[str], rows: Sequence[Sequence[Pixels]]) -> Pixels:
    head = np.full((24, _CELL_PX * len(names), 3), 255, np.uint8)
    for place, name in enumerate(names):
        cv2.putText(
            head, name, (place * _CELL_PX + 4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1,
            cv2.LINE_AA,
        )  # fmt: skip
    side = (_CELL_PX, _CELL_PX)
    drawn = [
        np.hstack([cv2.resize(each, side, interpolation=cv2.INTER_CUBIC) for each in row])
        for row in rows
    ]
    return np.asarray(np.vstack([head, *drawn]), np.uint8)
