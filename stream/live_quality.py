"""Which portrait a live stream shows, and at which size: by the user's choice and the ladder's.

The outputs of `live` have one size from beginning to end, so a smaller picture is enlarged on its
way out; what is saved is the step.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Generic

import cv2
import numpy as np

from engine.frame import Pixels
from engine.model import MotionT
from stream.ladder import Ladder, LoadMeter
from stream.live_portraits import Gallery
from stream.loop import FrameLoop

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


class LiveQuality(Generic[MotionT]):
    """Belongs to the main thread; portraits are made ready in a thread beside the stream."""

    def __init__(
        self,
        loop: FrameLoop[MotionT],
        gallery: Gallery[MotionT],
        *,
        adapts: bool,
        say: Callable[[str], None],
    ) -> None:
        """Show the first portrait at full quality; without `adapts` it stays."""
        self.count = len(gallery)
        """Portraits to choose from."""
        self._loop = loop
        self._gallery = gallery
        self._adapts = adapts
        self._say = say
        self._refine = loop.reenactor.look.edit.refine
        self._ladder = Ladder(gallery.size, refines=self._refine and gallery.refines)
        self._meter = LoadMeter()
        self._looked_s = 0.0
        self._told: str | None = None
        self._index = 0
        rows, columns = gallery.still.shape[:2]
        self._canvas = (columns, rows)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="enrol")
        self._exchange(0, gallery.size)

    @property
    def note(self) -> str | None:
        """Why the picture is coarser than asked for, for a line of figures."""
        reason = self._ladder.reason
        return reason and f"{self._ladder.size} px ({reason})"

    def choose(self, index: int) -> None:
        """Show the portrait with this number, as soon as it is ready."""
        self._index = index
        self._show()

    def look(self, now_s: float) -> None:
        """Let the ladder see how the loop is doing; called often."""
        if not self._adapts or now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        if self._ladder.observe(self._meter.load(self._loop.report(), now_s)):
            refine = self._refine and self._ladder.rung.refines
            self._loop.reenactor.alter(
                lambda look: replace(look, edit=replace(look.edit, refine=refine))
            )
            self._show()
        if self._ladder.reason != self._told:
            self._told = self._ladder.reason
            self._say(self.note or f"{self._ladder.size} px again: there is room")

    def fitted(self, pixels: Pixels) -> Pixels:
        """The picture at the size of the outputs."""
        if (pixels.shape[1], pixels.shape[0]) == self._canvas:
            return pixels
        return np.asarray(cv2.resize(pixels, self._canvas), np.uint8)

    def close(self) -> None:
        """Begin nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _show(self) -> None:
        done = self._worker.submit(self._exchange, self._index, self._ladder.size)
        done.add_done_callback(_complain)

    def _exchange(self, index: int, size: int) -> None:
        portrait = self._gallery.portrait(index, size)
        self._loop.reenactor.alter(lambda look: replace(look, portrait=portrait))


def _complain(done: "Future[None]") -> None:
    """A portrait that cannot be made ready leaves the one before on show."""
    if not done.cancelled() and done.exception() is not None:
        logger.error("a portrait could not be made ready", exc_info=done.exception())
