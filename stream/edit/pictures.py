"""Single pictures of a film or of a driving clip, by their number."""

from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from engine.errors import InputError
from engine.frame import Frame, Pixels
from stream.edit.film import Film
from stream.files.clips import Clip


class FilmPictures:
    """Seeks each of them."""

    def __init__(self, film: Film, ticks: Sequence[int]) -> None:
        """`ticks` are all pictures' own times."""
        self._film, self._ticks = film, ticks

    def __call__(self, index: int) -> Pixels:
        """The picture with this number, as a player shows it."""
        with closing(self._film.frames_from(index, self._ticks)) as frames:
            return self._film.pixels(next(frames).picture)


class ClipPictures:
    """For models that are driven by pictures.

    Reads on as long as what is asked for comes later; else from the beginning again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: Generator[Frame] | None = None
        self._index = -1
        self._now: Frame | None = None

    def __call__(self, index: int) -> Pixels:
        """The picture with this number."""
        if index < self._index or self._frames is None:
            self.close()
            self._frames, self._index = Clip(self._path).frames(), -1
        while self._index < index:
            self._now = next(self._frames, None)
            self._index += 1
            if self._now is None:
                raise InputError(f"{self._path} ends earlier than it did before. Is it changed?")
        assert self._now is not None
        return self._now.pixels

    def close(self) -> None:
        """Let go of the file."""
        if self._frames is not None:
            with suppress(ValueError):
                self._frames.close()
        self._frames = None
