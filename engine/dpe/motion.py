"""DPE's motion: two codes that are added to a portrait's own, and how an edit scales them."""

from dataclasses import dataclass
from typing import Self

from engine.errors import InputError
from engine.model import Capabilities
from engine.motion import ARKIT_NAMES, FACTORS, Edit
from engine.runtimes.base import Array

OF_EXPRESSION = tuple(name for name in FACTORS if name != "pose")
"""One code holds all of these; nothing in the model tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DpeMotion:
    """What a driving picture tells: not relative to a neutral face, but to the portrait's own."""

    expression: Array
    """(1, code)."""
    pose: Array
    """(1, code)."""

    def eased(self, amount: float) -> Self:
        """0 is the motion itself; 1 is none: the generators then draw the portrait as it is."""
        return self.scaled(expression=1.0 - amount, pose=1.0 - amount)

    def scaled(self, *, expression: float, pose: float) -> Self:
        """Both codes times a gain each."""
        return type(self)(expression=self.expression * expression, pose=self.pose * pose)

    def edited(self, edit: Edit) -> Self:
        """With the gains that the user asked for.

        Raises:
            InputError: a gain for what DPE cannot tell apart.
        """
        expression, pose = gains(edit)
        return self.scaled(expression=expression, pose=pose)


def gains(edit: Edit) -> tuple[float, float]:
    """The gains of the expression code and of the pose code."""
    muscles = [name for name in edit.gains if name in ARKIT_NAMES]
    asked = {edit.gain(name) for name in OF_EXPRESSION}
    if muscles or len(asked) > 1:
        raise InputError(
            "DPE moves the whole expression at once: it takes one gain for the pose, and one for "
            f"{', '.join(OF_EXPRESSION[:-1])} and {OF_EXPRESSION[-1]} together "
            "(give all four the same). For single factors use --model rig."
        )
    return asked.pop(), edit.gain("pose")


CAN = Capabilities(
    named_factors=False,
    neutral=False,
    refine=False,
    driver_teeth=False,
    pastes_back=frozenset({"expression"}),
    check_edit=gains,
)
"""Of this family, on every backend."""
