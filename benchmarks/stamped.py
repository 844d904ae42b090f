"""A model for timing: paints the driver's time stamp onto its result, and is an echo on demand.

A reenacted portrait shows nothing of the driving picture, so a time code that is drawn into that
would be lost. `Stamped` copies the strip with the code over; all the rest is the model's work.
A corner of the driving picture says what is asked for. White is an echo: the picture comes back as
it is, and nothing is looked for in it. Grey leaves refinement out. So one page, one connection and
one server measure all in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

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


def asks_for_rig(picture: Pixels) -> bool:
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


@dataclass(frozen=True, slots=True)
class StampedDriver:
    """Reads by another driver, or nothing at all."""

    driver: Driver[Any]

    @property
    def neutral(self) -> Neutral:
        """As the other says."""
        return self.driver.neutral

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> StampedMotion:
        """The other's motion and the picture's strip."""
        if asks_for_echo(picture):
            return StampedMotion(motion=None, strip=picture)
        strip = picture[: round(len(picture) * STRIP)].copy()
        motion = self.driver.read(picture, face, captured_ns)
        return StampedMotion(motion=motion, strip=strip, refine=not asks_for_rig(picture))

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
        return shown

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self.portrait.still()

    def prepare(self) -> None:
        """As the other does."""
        self.portrait.prepare()

    def for_stream(self) -> "StampedPortrait":
        """The other's for one stream."""
        return StampedPortrait(self.portrait.for_stream())


@dataclass(frozen=True, slots=True)
class Stamped:
    """Another model with the stamp."""

    model: Model[Any]

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
        return StampedPortrait(self.model.enroll(picture, face, appearances))

    def driver(self) -> StampedDriver:
        """A driver of the other."""
        return StampedDriver(self.model.driver())


class StampedTracker:
    """Another tracker; for an echo the same face always, at no cost."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """A face in the middle, or the one that the other finds."""
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
