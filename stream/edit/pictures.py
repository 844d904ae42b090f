"""Single pictures of a driving clip, for models that are driven by pictures."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from engine.errors import InputError
from engine.frame import Frame, Pixels
from stream.files.clips import Clip


class ClipPictures:
    """Reads on as long as what is asked for comes later; else from the beginning again."""

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
