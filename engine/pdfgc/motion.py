"""PD-FGC's motion: 542 numbers in named slices, and how an edit acts on them.

The numbers are not relative to a neutral face. Three things can stand in a slice: a driver's
codes, the portrait's own (`still`), or zeros, which the networks show as a canonical face: that is
what the authors' demo has where a factor is switched off.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.errors import InputError
from engine.model import Capabilities
from engine.motion import ARKIT_NAMES, FACTORS, Edit, Factor
from engine.pdfgc.layout import INDICES, MOTION
from engine.runtimes.base import Array

DEMO_GAINS: dict[Factor, float] = {
    "lips": 1.5,
    "gaze": 1.2,
    "blink": 1.2,
    "emotion": 1.2,
    "pose": 1.0,
}
"""What the authors' demo multiplies codes with, and so the look of its videos. An edit's gains are
multiples of these: 1 is as the demo has it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PdfgcMotion:
    """What moves a portrait."""

    codes: Array
    """(542,)"""
    share: Array
    """(542,) in 0..1: how much of each number is meant; the rest is the portrait's own."""

    @classmethod
    def of(cls, codes: Array) -> Self:
        """All of a driver's codes."""
        return cls(codes=codes, share=np.ones(MOTION, np.float32))

    @classmethod
    def still(cls) -> Self:
        """The portrait's own, in all."""
        return cls(codes=np.zeros(MOTION, np.float32), share=np.zeros(MOTION, np.float32))

    @classmethod
    def zero(cls) -> Self:
        """A canonical face."""
        return cls.of(np.zeros(MOTION, np.float32))

    def eased(self, amount: float) -> Self:
        """0 is the motion itself; 1 is the portrait's own face."""
        return type(self)(codes=self.codes, share=self.share * np.float32(1.0 - amount))

    def part(self, factor: Factor) -> Array:
        """A factor's codes."""
        return self.codes[INDICES[factor]]

    def with_factor(self, factor: Factor, other: "PdfgcMotion") -> Self:
        """This motion with one factor of another."""
        codes, share = self.codes.copy(), self.share.copy()
        place = INDICES[factor]
        codes[place], share[place] = other.codes[place], other.share[place]
        return type(self)(codes=codes, share=share)

    def edited(self, edit: Edit) -> Self:
        """With the gains that the user asked for, and what the mode leaves of the driver.

        Raises:
            InputError: a gain for a muscle: PD-FGC knows none.
        """
        gains, share = gains_of(edit), self.share.copy()
        for factor in FACTORS:
            if (edit.mode == "pose") != (factor == "pose") and edit.mode != "both":
                share[INDICES[factor]] = 0.0
        return type(self)(codes=self.codes * gains, share=share)

    def over(self, own: Array) -> Array:
        """(542,): the codes to draw a portrait with, whose own are (542,)."""
        drawn: Array = self.codes * self.share + own * (1 - self.share)
        return drawn


def between(first: PdfgcMotion, second: PdfgcMotion, weight: float) -> PdfgcMotion:
    """From `first` (weight 0) to `second` (weight 1).

    What is drawn lies on a straight line: codes are weighed by how much of them is meant.
    """
    far = np.float32(weight)
    share = first.share * (1 - far) + second.share * far
    meant = first.codes * first.share * (1 - far) + second.codes * second.share * far
    codes = np.divide(meant, share, out=np.zeros_like(meant), where=share > 1e-6)
    return PdfgcMotion(codes=codes, share=share)


def gains_of(edit: Edit) -> Array:
    """(542,): the factor of each number, the demo's times the user's."""
    muscles = [name for name in edit.gains if name in ARKIT_NAMES]
    if muscles:
        raise InputError(
            f"PD-FGC moves whole factors, not {muscles[0]}: it takes gains for "
            f"{', '.join(FACTORS)}. For single muscles use --model rig."
        )
    gains = np.ones(MOTION, np.float32)
    for factor, demo in DEMO_GAINS.items():
        gains[INDICES[factor]] = demo * edit.gain(factor)
    return gains


CAN = Capabilities(
    named_factors=True,
    neutral=False,
    refine=False,
    driver_teeth=False,
    pastes_back=frozenset({"expression"}),
    meets_camera=False,
    lip_shapes=False,
    check_edit=gains_of,
)
