"""What a motion file holds: names, shapes and ranges of its arrays (docs/motion-format.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np

from engine.faces.face import LANDMARKS
from engine.families import find_arrays
from engine.model import MotionArrays
from engine.motion import ARKIT_NAMES

FORMAT = "understudy-motion"
FAMILY = "rig"
"""Whose motion it is where the file names no family."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the files of one family hold besides format, version, rate and times."""

    numbers: Mapping[str, Numbers]
    together: tuple[str, ...] = ()
    """All of these may be missing, but not some."""
    alone: tuple[str, ...] = ()
    """Each of these may be missing."""

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the arrays that every file has."""
        rows = (name for name in self.numbers if name not in self.together + self.alone)
        return ("format", "version", "rate", "times_ns", *rows)

    @property
    def optional(self) -> tuple[str, ...]:
        """Names of the arrays that a file may have."""
        names = ("arkit_names",) if "arkit" in self.numbers else ("family",)
        return ("tracked", *names, *self.together, *self.alone)

    @property
    def row(self) -> np.dtype[np.void]:
        """One frame on its way to the file; ARKit's coefficients are worked out at the end."""
        return np.dtype(
            [("times_ns", "<i8"), ("tracked", "?")]
            + [(name, "<f4", kind.shape) for name, kind in self.numbers.items() if name != "arkit"]
        )


RIG = Layout(
    numbers={
        "offsets": Numbers(shape=(LANDMARKS, 3), low=-20.0, high=20.0),
        "aperture": Numbers(shape=(2,), low=0.0, high=4.0),
        "lip_contact": Numbers(shape=(), low=0.0, high=1.0),
        "rotation": Numbers(shape=(3,), low=-2 * pi, high=2 * pi),
        "shift": Numbers(shape=(2,), low=-500.0, high=500.0),
        "log_scale": Numbers(shape=(), low=-4.0, high=4.0),
        "rim_share": Numbers(shape=(), low=0.0, high=1.0),
        "nod": Numbers(shape=(), low=-pi / 4, high=pi / 4),
        "arkit": Numbers(shape=(len(ARKIT_NAMES),), low=0.0, high=1.2),
    },
    # Where all three are missing the face is made of `arkit`.
    together=("offsets", "aperture", "lip_contact"),
    alone=("rim_share", "nod"),
)
CODE = 1e4
"""A code of PD-FGC has no unit; those of faces are about 1."""
PDFGC = Layout(
    numbers={
        "lips": Numbers(shape=(500,), low=-CODE, high=CODE),
        "emotion": Numbers(shape=(30,), low=-CODE, high=CODE),
        "eyes": Numbers(shape=(6,), low=-CODE, high=CODE),
        "pose": Numbers(shape=(6,), low=-CODE, high=CODE),
        "share": Numbers(shape=(), low=0.0, high=1.0),
    }
)
LAYOUTS: Mapping[str, Layout] = {FAMILY: RIG, "pdfgc": PDFGC}
"""Family -> what its files hold."""

HIGHEST_RATE = 1000
"""Frames per second, as in clips."""

LARGEST_BYTES = 4 << 30
"""Of all arrays together: seven hours at 30 frames a second."""


def motion_arrays(family: str = FAMILY) -> MotionArrays[Any]:
    """What turns a motion into the file's numbers, and back."""
    return find_arrays(family)
