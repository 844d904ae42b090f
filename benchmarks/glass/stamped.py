"""A model for timing: paints the driver's time stamp onto its result, and is an echo on demand.

A reenacted portrait shows nothing of the driving picture, so a time code that is drawn into that
would be lost. `Stamped` copies the strip with the code over; all the rest is the model's work.
A corner of the driving picture says what is asked for. White is an echo: the picture comes back as
it is, and nothing is looked for in it. Grey leaves refinement out. So one page, one connection and
one server measure all in turn.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from benchmarks.glass import strip
from engine.appearances import Appearance
from engine.faces.face import LANDMARKS, Face, Tracker
from engine.frame import Pixels
from engine.model import Capabilities, Driver, Model, Neutral, Portrait
from engine.motion import Edit, Mode

STRIP = 1 / 8
"""Height of the strip with the code over the picture's."""
CORNER = 1 / 16
"""Side of the corner, bottom left, over the picture's height."""


def asks_for_echo(picture: Pixels) -> bool:
    """Whether the page has painted the corner white."""
    return _corner(picture) > 192.0


def asks_for_unrefined(picture: Pixels) -> bool:
    """Whether the corner is grey: no refinement."""
    return 64.0 < _corner(picture) <= 192.0


def _corner(picture: Pixels) -> float:
    side = round(len(picture) * CORNER)
    inner = slice(side // 4, -side // 4)
    return float(picture[-side:, :side][inner, inner].mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StampedMotion:
    """A motion, and the strip of the picture it was read from; for an echo the whole picture."""

    motion: Any
    """None for an echo."""
    strip: Pixels
    refine: bool = True

    def eased(self, amount: float) -> "StampedMotion":
        """The motion eased; the time is what it is."""
        return replace(self, motion=self.motion and self.motion.eased(amount))


class Passages:
    """How each picture passed through the server; one stream at a time."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        """When it had been decoded, by the wall clock."""
        self.up_ms: list[float] = []
        """From its drawing until then, by the code's own clock."""
        self.step_ms: list[float] = []
        """Finding the face, reading and rendering."""
        self._began_s: float | None = None
        self._arrived: tuple[float, float] | None = None

    def begin(self) -> None:
        """A step begins."""
        self._began_s, self._arrived = time.perf_counter(), None

    def note(self, picture: Pixels, captured_ns: int) -> None:
        """Its picture was decoded at `captured_ns` of the monotonic clock."""
        code = strip.read(picture)
        if code is not None:
            at_s = time.time() - (time.monotonic_ns() - captured_ns) / 1e9
            self._arrived = at_s, strip.since_ms(code, at_s * 1e3)

    def end(self) -> None:
        """It ends; one without a picture that could be read is left out."""
        if self._began_s is not None and self._arrived is not None:
            at_s, up_ms = self._arrived
            self.at_s.append(at_s)
            self.up_ms.append(up_ms)
            self.step_ms.append((time.perf_counter() - self._began_s) * 1e3)
        self._began_s = self._arrived = None

    def as_json(self) -> dict[str, list[float]]:
        """All of them."""
        return {"at_s": self.at_s, "up_ms": self.up_ms, "step_ms": self.step_ms}


@dataclass(frozen=True, slots=True)
class StampedDriver:
    """Reads by another driver, or nothing at all."""

    driver: Driver[Any]
    slower_s: float = 0.0
    """What each step but an echo's waits for nothing: a control, which the measurement must see."""
    passages: Passages | None = None

    @property
    def neutral(self) -> Neutral:
        """As the other says."""
        return self.driver.neutral

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> StampedMotion:
        """The other's motion and the picture's strip."""
        if self.passages is not None:
            self.passages.note(picture, captured_ns)
        if asks_for_echo(picture):
            return StampedMotion(motion=None, strip=picture)
        time.sleep(self.slower_s)
        code = picture[: round(len(picture) * STRIP)].copy()
        motion = self.driver.read(picture, face, captured_ns)
        return StampedMotion(motion=motion, strip=code, refine=not asks_for_unrefined(picture))

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """As the other does."""
        self.driver.calibrate(picture, face)

    def recalibrate(self) -> None:
        """As the other does."""
        self.driver.recalibrate()


@dataclass(frozen=True, slots=True, eq=False)
class StampedPortrait:
    """Renders by another portrait; for an echo, it shows the driving picture."""

    portrait: Portrait[Any]
    passages: Passages | None = None

    @property
    def modes(self) -> frozenset[Mode]:
        """As the other says."""
        return self.portrait.modes

    def render(self, motion: StampedMotion, edit: Edit) -> Pixels:
        """The other's picture under the strip."""
        if motion.motion is None:
            shown = self.portrait.still()
        else:
            edit = replace(edit, refine=edit.refine and motion.refine)
            shown = self.portrait.render(motion.motion, edit)
        width = shown.shape[1]
        height = round(motion.strip.shape[0] * width / motion.strip.shape[1])
        scaled = cv2.resize(motion.strip, (width, height), interpolation=cv2.INTER_NEAREST)
        shown[:height] = scaled[: len(shown)]
        if self.passages is not None:
            self.passages.end()
        return shown

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self.portrait.still()

    def prepare(self) -> None:
        """As the other does."""
        self.portrait.prepare()

    def for_stream(self) -> "StampedPortrait":
        """The other's for one stream."""
        return StampedPortrait(self.portrait.for_stream(), self.passages)


@dataclass(frozen=True, slots=True)
class Stamped:
    """Another model with the stamp."""

    model: Model[Any]
    slower_s: float = 0.0
    passages: Passages | None = None

    @property
    def can(self) -> Capabilities:
        """As the other, but a stamp has no names."""
        return replace(self.model.can, named_factors=False)

    def mixer(self) -> None:
        """There is none."""

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> StampedPortrait:
        """Enrol with the other."""
        return StampedPortrait(self.model.enroll(picture, face, appearances), self.passages)

    def driver(self) -> StampedDriver:
        """A driver of the other."""
        return StampedDriver(self.model.driver(), self.slower_s, self.passages)


class StampedTracker:
    """Another tracker; for an echo the same face always, at no cost."""

    def __init__(self, tracker: Tracker, passages: Passages | None = None) -> None:
        self._tracker = tracker
        self._passages = passages

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """A face in the middle, or the one that the other finds."""
        if self._passages is not None:
            self._passages.begin()
        if asks_for_echo(picture):
            return face_in_the_middle(picture)
        return self._tracker.find(picture, now_ns)

    def reset(self) -> None:
        """As the other does."""
        self._tracker.reset()


def face_in_the_middle(picture: Pixels) -> Face:
    """Points that nobody looks at."""
    rows, columns = picture.shape[:2]
    landmarks = np.zeros((LANDMARKS, 3), np.float32)
    landmarks[:, 0] = np.linspace(0.3, 0.7, LANDMARKS) * columns
    landmarks[:, 1] = np.linspace(0.3, 0.7, LANDMARKS) * rows
    return Face(landmarks=landmarks, confidence=1.0)
