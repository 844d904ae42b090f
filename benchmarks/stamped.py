"""Models for timing: an echo, and any model with the driver's time stamp painted onto its result.

A reenacted portrait shows nothing of the driving picture, so a time code that is drawn into that
would be lost. `Stamped` copies the strip with the code over; all the rest is the model's work.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.model import Driver, Model, Portrait
from engine.motion import Edit

STRIP = 1 / 8
"""Height of the strip with the code over the picture's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StampedMotion:
    """A motion, and the strip of the picture it was read from."""

    motion: Any
    strip: Pixels

    def eased(self, amount: float) -> "StampedMotion":
        """The motion eased; the time is what it is."""
        return replace(self, motion=self.motion and self.motion.eased(amount))


@dataclass(frozen=True, slots=True)
class StampedDriver:
    """Reads by another driver, or nothing at all."""

    driver: Driver[Any] | None

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> StampedMotion:
        """The other's motion, and the picture's strip; for an echo the whole picture."""
        if self.driver is None:
            return StampedMotion(motion=None, strip=picture)
        strip = picture[: round(len(picture) * STRIP)].copy()
        return StampedMotion(motion=self.driver.read(picture, face, captured_ns), strip=strip)

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """As the other does."""
        if self.driver is not None:
            self.driver.calibrate(picture, face)

    def recalibrate(self) -> None:
        """As the other does."""
        if self.driver is not None:
            self.driver.recalibrate()


@dataclass(frozen=True, slots=True, eq=False)
class StampedPortrait:
    """Renders by another portrait; without one, it shows the driving picture."""

    portrait: Portrait[Any] | None
    picture: Pixels

    def render(self, motion: StampedMotion, edit: Edit) -> Pixels:
        """The other's picture under the strip."""
        if self.portrait is None:
            shown = self.picture.copy()
        else:
            shown = self.portrait.render(motion.motion, edit)
        width = shown.shape[1]
        height = round(motion.strip.shape[0] * width / motion.strip.shape[1])
        scaled = cv2.resize(motion.strip, (width, height), interpolation=cv2.INTER_NEAREST)
        shown[:height] = scaled[: len(shown)]
        return shown

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self.picture.copy()


@dataclass(frozen=True, slots=True)
class Stamped:
    """Another model with the stamp; of none, an echo."""

    model: Model[Any] | None

    def enroll(self, picture: Pixels, face: Face, *, passing: bool = False) -> StampedPortrait:
        """Enrol with the other."""
        portrait = None if self.model is None else self.model.enroll(picture, face)
        return StampedPortrait(portrait, picture)

    def driver(self) -> StampedDriver:
        """A driver of the other."""
        return StampedDriver(None if self.model is None else self.model.driver())


class Anywhere:
    """A tracker that always sees the same face, at no cost: the echo's."""

    def find(self, picture: Pixels) -> Face:
        """A face in the middle."""
        rows, columns = picture.shape[:2]
        landmarks = np.zeros((LANDMARKS, 3), np.float32)
        landmarks[:, 0] = np.linspace(0.3, 0.7, LANDMARKS) * columns
        landmarks[:, 1] = np.linspace(0.3, 0.7, LANDMARKS) * rows
        return Face(landmarks=landmarks, confidence=1.0)

    def reset(self) -> None:
        """Nothing is remembered."""
