"""A model for timing: carries a driver's time code onto its result, and is an echo on demand.

A reenacted portrait shows nothing of the driving picture, so a time code that is drawn into that
would be lost. `Stamped` has `Marks` read it, and lay it over what the model made. The marks also
say what is asked for: an echo, for which the picture comes back as it is and nothing is looked for
in it, the model without refinement, or the model. So one page, one connection and one server
measure all in turn.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

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

Kind = Literal["echo", "unrefined", "model"]


class Marks(Protocol):
    """What a page has put into the driving pictures of one stream."""

    def kind(self, picture: Pixels) -> Kind:
        """What it asks for."""
        ...

    def taken(self, picture: Pixels) -> object:
        """What of it goes with the motion."""
        ...

    def lay(self, shown: Pixels, taken: object, *, is_echo: bool) -> None:
        """Paint that onto the result."""
        ...

    def code(self, picture: Pixels) -> int | None:
        """The time by the page's own clock, in ms, if that is the machine's."""
        ...


class DrawnMarks:
    """A strip across the top, and a corner: white for an echo, grey for unrefined, or black."""

    def kind(self, picture: Pixels) -> Kind:
        """By the corner's brightness."""
        side = round(len(picture) * CORNER)
        inner = slice(side // 4, -side // 4)
        level = float(picture[-side:, :side][inner, inner].mean())
        return "echo" if level > 192.0 else "unrefined" if level > 64.0 else "model"

    def taken(self, picture: Pixels) -> Pixels:
        """The strip; of an echo, the whole picture."""
        if self.kind(picture) == "echo":
            return picture
        return picture[: round(len(picture) * STRIP)].copy()

    def lay(self, shown: Pixels, taken: object, *, is_echo: bool) -> None:
        """Scaled to the result's width, from the top."""
        assert isinstance(taken, np.ndarray)
        width = shown.shape[1]
        height = round(taken.shape[0] * width / taken.shape[1])
        scaled = cv2.resize(taken, (width, height), interpolation=cv2.INTER_NEAREST)
        shown[:height] = scaled[: len(shown)]

    def code(self, picture: Pixels) -> int | None:
        """What the strip says."""
        return strip.read(picture)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StampedMotion:
    """A motion, and the marks of the picture it was read from."""

    motion: Any
    """None for an echo."""
    taken: object
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

    def note(self, code: int | None, captured_ns: int) -> None:
        """Its picture, with this code, was decoded at `captured_ns` of the monotonic clock."""
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
    marks: Marks
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
            self.passages.note(self.marks.code(picture), captured_ns)
        kind, taken = self.marks.kind(picture), self.marks.taken(picture)
        if kind == "echo":
            return StampedMotion(motion=None, taken=taken)
        time.sleep(self.slower_s)
        motion = self.driver.read(picture, face, captured_ns)
        return StampedMotion(motion=motion, taken=taken, refine=kind != "unrefined")

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
    marks: Marks
    passages: Passages | None = None

    @property
    def modes(self) -> frozenset[Mode]:
        """As the other says."""
        return self.portrait.modes

    def render(self, motion: StampedMotion, edit: Edit) -> Pixels:
        """The other's picture under the marks."""
        if motion.motion is None:
            shown = self.portrait.still()
        else:
            edit = replace(edit, refine=edit.refine and motion.refine)
            shown = self.portrait.render(motion.motion, edit)
        self.marks.lay(shown, motion.taken, is_echo=motion.motion is None)
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
        return StampedPortrait(self.portrait.for_stream(), self.marks, self.passages)


@dataclass(frozen=True, slots=True)
class Stamped:
    """Another model with the stamp."""

    model: Model[Any]
    marks: Marks = field(default_factory=DrawnMarks)
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
        return StampedPortrait(
            self.model.enroll(picture, face, appearances), self.marks, self.passages
        )

    def driver(self) -> StampedDriver:
        """A driver of the other."""
        return StampedDriver(self.model.driver(), self.marks, self.slower_s, self.passages)


class StampedTracker:
    """Another tracker; for an echo the same face always, at no cost."""

    def __init__(
        self, tracker: Tracker, marks: Marks | None = None, passages: Passages | None = None
    ) -> None:
        self._tracker = tracker
        self._marks = marks or DrawnMarks()
        self._passages = passages

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """A face in the middle, or the one that the other finds."""
        if self._passages is not None:
            self._passages.begin()
        if self._marks.kind(picture) == "echo":
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
