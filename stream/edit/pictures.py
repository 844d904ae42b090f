"""Single pictures of a film or of a driving clip, by their number."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import InputError
from engine.frame import Frame, Pixels
from stream.edit.film import Film, FilmFrame
from stream.files.clips import Clip

NEAR = 60
"""Pictures that are decoded on the way to a later one rather than sought."""


class FilmPictures:
    """Seeks each of them, but for those that come soon after the last one."""

    def __init__(self, film: Film, ticks: Sequence[int]) -> None:
        """`ticks` are all pictures' own times."""
        self._film, self._ticks = film, ticks
        self._frames: Generator[FilmFrame] | None = None
        self._next = 0

    def __call__(self, index: int) -> Pixels:
        """The picture with this number, as a player shows it."""
        if self._frames is None or not self._next <= index <= self._next + NEAR:
            self.close()
            self._frames, self._next = self._film.frames_from(index, self._ticks), index
        for frame in self._frames:
            self._next = frame.index + 1
            if frame.index == index:
                return self._film.pixels(frame.picture)
        raise InputError(f"{self._film.path} ends earlier than it did before. Is it changed?")

    def close(self) -> None:
        """Let go of the file."""
        if self._frames is not None:
            self._frames.close()
        self._frames = None


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
