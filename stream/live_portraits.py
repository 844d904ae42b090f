"""The portraits of a live stream, all of one size, so that one can take another's place at once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic

from engine.errors import InputError
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.framing import Fit, Framing, letterboxed, place_on, plan_fit
from engine.model import Model, MotionT, Portrait
from engine.pictures import open_picture
from engine.portrait_notes import warn_of
from stream.portraits import ADVICE


class Gallery(Generic[MotionT]):
    """The portraits of one run, each made ready at the full size, and at a smaller one if need be.

    Any thread may ask; the first who asks for a smaller one waits for it.
    """

    def __init__(
        self,
        model: Model[MotionT],
        pictures: Sequence[tuple[Pixels, Face]],
        size: int,
        notes: Sequence[str] = (),
    ) -> None:
        """Enrol all of them; `size` is the shorter side of every picture."""
        self.size = size
        self.notes = notes
        """What the user may like to know of the pictures."""
        self.refines = model.can.refine
        """Whether a refining network draws on top."""
        self._model = model
        self._pictures = pictures
        self._enrolling = Lock()
        self._portraits: dict[tuple[int, int], Portrait[MotionT]] = {}
        for index in range(len(pictures)):
            self.portrait(index, size)

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def still(self) -> Pixels:
        """The first one at rest."""
        return self.portrait(0, self.size).still()

    def portrait(self, index: int, size: int) -> Portrait[MotionT]:
        """The portrait with this number, its shorter side that long."""
        with self._enrolling:
            if (index, size) not in self._portraits:
                picture, face = _scaled(*self._pictures[index], size / self.size)
                portrait = self._model.enroll(picture, face)
                portrait.prepare()
                self._portraits[index, size] = portrait
            return self._portraits[index, size]


def enroll_all(
    paths: Sequence[Path],
    *,
    model: Model[MotionT],
    make_tracker: Callable[[], Tracker],
    framing: Framing,
    size: int,
) -> Gallery[MotionT]:
    """Enrol each picture; the first one says how large the output is, the others fit into it."""
    if not paths:
        raise ValueError("at least one portrait is needed")
    laid: list[tuple[Pixels, Face]] = []
    notes: list[str] = []
    canvas: tuple[int, int] | None = None
    tracker = make_tracker()
    for path in paths:
        picture, face, note = _fitted(path, tracker, framing, size)
        notes += [note] if note is not None else []
        if canvas is None:
            canvas = (picture.shape[1], picture.shape[0])
        laid.append(laid_on(canvas, picture, face))
    return Gallery(model, laid, size, notes)


def laid_on(canvas: tuple[int, int], picture: Pixels, face: Face) -> tuple[Pixels, Face]:
    """The picture in the middle of a (width, height), as large as it fits, black beside it."""
    rows, columns = picture.shape[:2]
    if (columns, rows) == canvas:
        return picture, face
    left, top, _, _ = place_on(canvas, (columns, rows))
    scale = min(canvas[0] / columns, canvas[1] / rows)
    # Pixel centres lie at integers: p becomes scale * (p + 1/2) - 1/2.
    half = scale / 2 - 0.5
    return letterboxed(picture, canvas), face.moved(scale, (left + half, top + half))


def _fitted(
    path: Path, tracker: Tracker, framing: Framing, size: int
) -> tuple[Pixels, Face, str | None]:
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    picture = open_picture(path)
    tracker.reset()
    face = tracker.find(picture)
    if face is None:
        raise InputError(f"no face was found in the portrait {path}. {ADVICE}")
    fit = plan_fit(picture, face, frame=framing, size=size)
    warn_of(picture, face, tracker)
    return fit.picture(picture), fit.face(face), fit.note


def _scaled(picture: Pixels, face: Face, scale: float) -> tuple[Pixels, Face]:
    """The same, smaller; both sides even."""
    rows, columns = picture.shape[:2]
    wide, high = (max(2, 2 * round(side * scale / 2)) for side in (columns, rows))
    fit = Fit(left=0, top=0, width=columns, height=rows, out_width=wide, out_height=high)
    return fit.picture(picture), fit.face(face)
