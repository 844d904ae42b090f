"""The portraits of a live stream, all of one size, so that one can take another's place at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import cv2
import numpy as np

from engine.errors import InputError
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.framing import Framing, plan_fit
from engine.model import Model, MotionT, Portrait
from engine.pictures import open_picture
from stream.portraits import ADVICE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled(Generic[MotionT]):
    """Portraits, ready."""

    portraits: Sequence[Portrait[MotionT]]
    still: Pixels
    """The first one at rest."""

    @property
    def width(self) -> int:
        """Of every result, in pixels; even."""
        return int(self.still.shape[1])

    @property
    def height(self) -> int:
        """Of every result, in pixels; even."""
        return int(self.still.shape[0])


def enroll_all(
    paths: Sequence[Path],
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    framing: Framing,
    size: int,
) -> Enrolled[MotionT]:
    """Enrol each picture; the first one says how large the output is, the others fit into it."""
    if not paths:
        raise ValueError("at least one portrait is needed")
    portraits: list[Portrait[MotionT]] = []
    canvas: tuple[int, int] | None = None
    tracker = make_tracker()
    for path in paths:
        picture, face = _fitted(path, tracker, framing, size)
        if canvas is None:
            canvas = (picture.shape[1], picture.shape[0])
        portraits.append(model.enroll(*laid_on(canvas, picture, face)))
    return Enrolled(portraits=portraits, still=portraits[0].still())


def laid_on(canvas: tuple[int, int], picture: Pixels, face: Face) -> tuple[Pixels, Face]:
    """The picture in the middle of a (width, height), as large as it fits, black beside it."""
    width, height = canvas
    rows, columns = picture.shape[:2]
    if (columns, rows) == canvas:
        return picture, face
    scale = min(width / columns, height / rows)
    wide, high = min(width, round(columns * scale)), min(height, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    left, top = (width - wide) // 2, (height - high) // 2
    laid = np.zeros((height, width, 3), np.uint8)
    laid[top : top + high, left : left + wide] = cv2.resize(
        picture, (wide, high), interpolation=method
    )
    # Pixel centres lie at integers: p becomes scale * (p + 1/2) - 1/2.
    half = scale / 2 - 0.5
    return laid, face.moved(scale, (left + half, top + half))


def _fitted(path: Path, tracker: Tracker, framing: Framing, size: int) -> tuple[Pixels, Face]:
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    picture = open_picture(path)
    tracker.reset()
    face = tracker.find(picture)
    if face is None:
        raise InputError(f"no face was found in the portrait {path}. {ADVICE}")
    fit = plan_fit(picture, face, frame=framing, size=size)
    return fit.picture(picture), fit.face(face)
