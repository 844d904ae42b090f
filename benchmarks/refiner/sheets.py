"""Sheets for the eye: every portrait doing what a user can ask for, rig above, refined below."""

from itertools import chain

import cv2
import numpy as np
from PIL import Image

from benchmarks.refiner.edits import EXPRESSIONS, POSES
from benchmarks.refiner.report import Section, Skipped, find_missing
from benchmarks.refiner.subjects import ROWS, Sitter, Subjects
from engine.frame import Pixels

SIDE_PX = 256
COLUMNS = 6
"""A screen shows so many cells beside each other at their full size."""

_CLOSE = 2.0
"""Side of what a cell shows, over the height of the face: the head, wherever it turns."""

_TITLE_PX = 22


def run(subjects: Subjects) -> Section | Skipped:
    """One PNG a portrait; they show people, so they stay out of the repository."""
    settings = subjects.settings
    missing = find_missing([("--portraits", settings.portraits)])
    if missing or settings.sheets is None:
        return Skipped(missing or "--sheets is not given")
    settings.sheets.mkdir(parents=True, exist_ok=True)
    names = []
    for sitter in subjects.sitters:
        name = f"sheet_{sitter.name.partition('.')[0]}.png"
        Image.fromarray(sheet(sitter)).save(settings.sheets / name)
        names.append(name)
    return Section(result={"files": names}, table=f"Written: {', '.join(names)}.")


def sheet(sitter: Sitter) -> Pixels:
    """Cells: the portrait, its expressions, its poses, each a title above the rows of ROWS."""
    cells = [_cell("portrait", dict.fromkeys(ROWS, sitter.picture), sitter)]
    for name, motion in chain(EXPRESSIONS.items(), POSES.items()):
        cells.append(_cell(name, sitter.shown(motion), sitter))
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    bands = [np.hstack(cells[k : k + COLUMNS]) for k in range(0, len(cells), COLUMNS)]
    return np.vstack(bands)


def _cell(title: str, shown: dict[str, Pixels], sitter: Sitter) -> Pixels:
    strip = np.full((_TITLE_PX, SIDE_PX, 3), 255, np.uint8)
    cv2.putText(strip, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, *(_close_up(picture, sitter) for picture in shown.values())])


def _close_up(picture: Pixels, sitter: Sitter) -> Pixels:
    """The square around where the face is at rest, inside the picture."""
    left, top, right, bottom = sitter.face.box
    side = min(round(_CLOSE * (bottom - top)), *picture.shape[:2])
    x, y = (
        min(max(round(middle - side / 2), 0), size - side)
        for middle, size in (
            ((left + right) / 2, picture.shape[1]),
            ((top + bottom) / 2, picture.shape[0]),
        )
    )
    part = picture[y : y + side, x : x + side]
    way = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=way), np.uint8)
