"""Carries a filmed code through a step: found by the server, painted onto the result.

What returns has the number of ticks in a strip across its top, for the page, and as a code of its
own across its lower part, for a phone that films both.
"""

import time

import cv2
import numpy as np

from benchmarks.camera.filmed_code import HEIGHT, WIDTH, CodeReader, Reading, draw
from benchmarks.glass import strip
from benchmarks.glass.stamped import Kind
from engine.frame import Pixels

KINDS: tuple[Kind, ...] = ("echo", "model")
"""By the code's number."""
RETURNED_WIDTH = 0.9
"""Of the code in what returns, over the picture's."""


class FilmedMarks:
    """Of one camera; a picture is looked at once, whoever asks."""

    def __init__(self) -> None:
        self.read_ms: list[float] = []
        """What looking took: it is part of every step here."""
        self._reader = CodeReader(is_fixed=True)
        self._picture: Pixels | None = None
        self._reading: Reading | None = None
        self._kind: Kind = "model"

    def kind(self, picture: Pixels) -> Kind:
        """What the code asks for; where it cannot be read, what the last one did."""
        reading = self._look(picture)
        if reading is not None:
            self._kind = KINDS[reading.kind % len(KINDS)]
        return self._kind

    def taken(self, picture: Pixels) -> tuple[Reading | None, Pixels | None]:
        """The code, and for an echo the picture."""
        reading = self._look(picture)
        return reading, picture if self.kind(picture) == "echo" else None

    def lay(self, shown: Pixels, taken: object, *, is_echo: bool) -> None:
        """The camera's picture for an echo, then strip and code; nothing where none was read."""
        assert isinstance(taken, tuple)
        reading, picture = taken
        if is_echo and picture is not None:
            shown[:] = _filling(picture, shown)
        if reading is None:
            return
        strip.draw(shown, reading.tick)
        unit_px = int(shown.shape[1] * RETURNED_WIDTH / WIDTH)
        code = draw(reading.tick, reading.kind, is_returned=True, unit_px=unit_px)
        left = (shown.shape[1] - code.shape[1]) // 2
        top = shown.shape[0] - HEIGHT * unit_px
        if top > shown.shape[0] // 8:
            shown[top:, left : left + code.shape[1]] = code

    def code(self, picture: Pixels) -> int | None:
        """None: a page's ticks are of its own clock."""
        return None

    def _look(self, picture: Pixels) -> Reading | None:
        if picture is not self._picture:
            began_s = time.perf_counter()
            found = [each for each in self._reader.read(picture) if not each.is_returned]
            self._picture, self._reading = picture, found[0] if found else None
            self.read_ms.append((time.perf_counter() - began_s) * 1e3)
        return self._reading


def _filling(picture: Pixels, shown: Pixels) -> Pixels:
    """The picture over all of another one, its middle kept."""
    scale = max(shown.shape[0] / picture.shape[0], shown.shape[1] / picture.shape[1])
    size = (max(shown.shape[1], round(picture.shape[1] * scale)),
            max(shown.shape[0], round(picture.shape[0] * scale)))  # fmt: skip
    whole = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (size[1] - shown.shape[0]) // 2, (size[0] - shown.shape[1]) // 2
    return whole[top : top + shown.shape[0], left : left + shown.shape[1]]
