"""Films a person for a portrait while the stream goes on: it only listens to the loop.

Whoever is filmed is asked first, by the page or the program that begins it. All of it is in memory,
and gone when it ends.
"""

import logging
import time
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any, Protocol

from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.own_parts import own_parts, worth_keeping
from stream.files.portrait_layout import KeptPortrait
from stream.session.filmed import Filmed, best_of, cropped
from stream.session.guide import Guide, Standing
from stream.session.live_judge import LiveJudge
from stream.session.loop import Driven, FrameLoop
from stream.session.prompts import Measures, Prompt, measured, straightness

logger = logging.getLogger(__name__)

MOST = 60
"""Pictures that are kept at once, each of at most 1.3 MB."""
MOST_STRAIGHT = 12
"""Whole pictures that are kept until the neutral one is chosen of them."""
LONGEST_S = 180.0
"""A guide that was left open ends here."""
LOOK_EVERY_S = 0.066
"""Between two frames that are looked at: a mouth takes three times as long from closed to open, and
a blink twice. Each costs 3 ms of a processor."""
LOOK_UP_S = 0.1
SILENT_S = 1.0
TROUBLED_S = 0.4
"""So long nothing could be used before a word is said: one blurred frame is not worth one."""

_TURNED_DEG = 10.0
"""From the neutral face on: a head that is turned on request is no covered face."""

NO_FACE = "no face is seen: come into the picture, facing the camera"
TOO_LITTLE = "too little was filmed for a portrait: begin again, and do some more of what is asked"
NO_PICTURE = "no picture comes: is the camera on, and the picture not paused?"


class Judge(Protocol):
    """Says which frames can be used; `LiveJudge` does."""

    def __call__(self, picture: Pixels, face: Face, *, is_turned: bool = False) -> str | None:
        """What is to be done first, in words for whoever is filmed; None where it can be used."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How it goes; a snapshot."""

    standing: Standing
    trouble: str | None
    """Why nothing can be used at the moment, in words for whoever is filmed."""
    kept: int
    """Pictures at hand."""
    is_over: bool
    """It took too long, or failed: all of it is gone."""


class Enrolment:
    """One person before one loop's camera; controlled by one thread, looks in one of its own."""

    def __init__(
        self,
        loop: FrameLoop[Any],
        *,
        judge: Judge | None = None,
        longest_s: float | None = None,
    ) -> None:
        """Prepare; `start` begins. `longest_s` None is `LONGEST_S`."""
        self._loop = loop
        self._judge = judge or LiveJudge()
        self._guide = Guide()
        self._guiding = Lock()
        self._neutral: Filmed | None = None
        self._straight: list[tuple[Measures, Filmed]] = []
        self._filmed: list[Filmed] = []
        self._good_s = self._seen_s = time.monotonic()
        self._ends_s = self._good_s + (LONGEST_S if longest_s is None else longest_s)
        self._trouble: str | None = None
        self._is_over = False
        self._slot = loop.watch_driver()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="enrolment", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; waits for the frame at hand."""
        self._stopping.set()
        self._loop.unwatch_driver(self._slot)
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def progress(self) -> Progress:
        """May be asked for by any thread, also after the end."""
        with self._guiding:
            standing = self._guide.standing
        return Progress(
            standing=standing,
            trouble=self._trouble,
            kept=len(self._filmed),
            is_over=self._is_over,
        )

    def skip(self, prompt: Prompt) -> None:
        """Ask for the next one; see `Guide.skip`."""
        with self._guiding:
            self._guide.skip(prompt)

    def ask(self, prompt: Prompt) -> None:
        """Ask for this one; see `Guide.ask`."""
        with self._guiding:
            self._guide.ask(prompt)

    def take(self) -> KeptPortrait:
        """The portrait of what was filmed; once, after `stop`.

        Raises:
            InputError: there is no neutral face, or nothing beside it.
        """
        neutral, filmed = self._neutral, self._filmed
        self._drop()
        if neutral is None:
            raise InputError(TOO_LITTLE)
        frames = [(each.picture, each.face) for each in filmed]
        parts = own_parts(frames, neutral.picture, neutral.face)
        if not parts:
            raise InputError(TOO_LITTLE)
        return KeptPortrait(picture=neutral.picture, face=neutral.face, appearances=parts)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and not self._is_over:
                driven = self._slot.take(LOOK_UP_S)
                now_s = time.monotonic()
                self._look(driven, now_s)
                self._is_over = now_s >= self._ends_s
                self._stopping.wait(max(now_s + LOOK_EVERY_S - time.monotonic(), 0.0))
        except Exception:
            # The outermost loop of this thread: the stream goes on, the enrolment does not.
            logger.exception("an enrolment failed")
            self._is_over = True
        if self._is_over:
            self._slot.close()
            self._drop()

    def _look(self, driven: Driven | None, now_s: float) -> None:
        if driven is None:
            trouble = NO_PICTURE if now_s - self._seen_s >= SILENT_S else None
        else:
            self._seen_s = now_s
            trouble = NO_FACE if driven.face is None else self._film(driven.frame, driven.face)
            if trouble is None:
                self._good_s, self._trouble = now_s, None
        if trouble is not None and now_s - self._good_s >= TROUBLED_S:
            self._trouble = trouble
            with self._guiding:
                self._guide.miss()

    def _film(self, frame: Frame, face: Face) -> str | None:
        """Keep what it shows, and be led by it; or what is to be done first."""
        now = measured(face)
        trouble = self._judge(frame.pixels, face, is_turned=self._is_turned(now))
        if trouble is not None:
            return trouble
        with self._guiding:
            self._guide.see(now, frame.captured_ns)
            has_neutral = self._guide.neutral is not None
        if self._neutral is None:
            self._straight.insert(0, (now, Filmed(picture=frame.pixels, face=face)))
            self._straight.sort(key=lambda one: -straightness(one[0]))
            del self._straight[MOST_STRAIGHT:]
            if has_neutral:
                self._neutral, self._straight = best_of(self._straight), []
        self._filmed.append(cropped(frame.pixels, face))
        if len(self._filmed) >= MOST:
            self._filmed = self._thinned()
        return None

    def _is_turned(self, now: Measures) -> bool:
        neutral = self._guide.neutral
        usual_deg = 0.0 if neutral is None else neutral.yaw_deg
        return abs(now.yaw_deg - usual_deg) > _TURNED_DEG

    def _thinned(self) -> list[Filmed]:
        """Those that show more of the person than the neutral face does; without it, the last."""
        if self._neutral is None:
            return self._filmed[-MOST // 2 :]
        kept = worth_keeping([each.face for each in self._filmed], self._neutral.face)
        return [self._filmed[index] for index in kept]

    def _drop(self) -> None:
        self._neutral, self._straight, self._filmed = None, [], []
