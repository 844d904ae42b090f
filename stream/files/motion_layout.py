"""What a motion file holds: names, shapes and ranges of its arrays (docs/motion-format.md)."""

from dataclasses import dataclass
from math import pi
from typing import Any

from engine.faces.face import LANDMARKS
from engine.families import find_family
from engine.model import MotionArrays
from engine.motion import ARKIT_NAMES

FORMAT = "understudy-motion"
FAMILY = "rig"
"""Whose motion it is."""
VERSION = 1
"""Raised whenever a reader of the old one would misread the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """An array of one row per frame, float32."""

    shape: tuple[int, ...]
    """Of one row."""
    low: float
    high: float
    """What lies outside cannot be a face's motion."""


NUMBERS: dict[str, Numbers] = {
    "offsets": Numbers(shape=(LANDMARKS, 3), low=-20.0, high=20.0),
    "aperture": Numbers(shape=(2,), low=0.0, high=4.0),
    "lip_contact": Numbers(shape=(), low=0.0, high=1.0),
    "rotation": Numbers(shape=(3,), low=-2 * pi, high=2 * pi),
    "shift": Numbers(shape=(2,), low=-500.0, high=500.0),
    "log_scale": Numbers(shape=(), low=-4.0, high=4.0),
    "arkit": Numbers(shape=(len(ARKIT_NAMES),), low=0.0, high=1.2),
}

FACE = ("offsets", "aperture", "lip_contact")
"""All three may be missing: then the face is made of `arkit`."""

REQUIRED = ("format", "version", "rate", "times_ns", "arkit", "rotation", "shift", "log_scale")
OPTIONAL = ("tracked", "arkit_names", *FACE)

HIGHEST_RATE = 1000
"""Frames per second, as in clips."""

LARGEST_BYTES = 4 << 30
"""Of all arrays together: seven hours at 30 frames a second."""


def motion_arrays() -> MotionArrays[Any]:
    """What turns a motion into the file's numbers, and back."""
    arrays = find_family(FAMILY).arrays
    assert arrays is not None
    return arrays
