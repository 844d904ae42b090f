"""What a viewer can set on a session, read from JSON and checked in one place."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import InputError
from engine.motion import MODES, Edit, Mode

SWITCHES = ("mirror_output", "paused", "freeze_pose", "gaze_to_camera")


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The state of a session's controls."""

    mode: Mode = "both"
    gains: dict[str, float] = field(default_factory=dict)
    """Factor or ARKit name -> gain."""
    mirror_output: bool = False
    paused: bool = False
    freeze_pose: bool = False
    gaze_to_camera: bool = False

    @property
    def edit(self) -> Edit:
        """What the step is told."""
        return Edit(mode=self.mode, gains=self.gains)

    def told(self) -> dict[str, object]:
        """What the page is told."""
        return {
            "mode": self.mode,
            "gains": dict(self.gains),
            **{name: getattr(self, name) for name in SWITCHES},
        }


def changed(controls: Controls, wanted: dict[str, object]) -> Controls:
    """The controls with some of them set anew; nothing changes where one cannot be meant."""
    changes: dict[str, Any] = {}
    for name, value in wanted.items():
        if name == "mode":
            if value not in MODES:
                raise InputError(f"mode must be one of {', '.join(MODES)}")
            changes[name] = value
        elif name == "gains":
            changes[name] = _gains(controls.gains, value)
        elif name in SWITCHES:
            if not isinstance(value, bool):
                raise InputError(f"{name} must be true or false")
            changes[name] = value
        else:
            known = ", ".join(("mode", "gains", "portrait", *SWITCHES))
            raise InputError(f"there is no setting {name[:40]!r}: use {known}")
    return replace(controls, **changes)


def _gains(before: dict[str, float], wanted: object) -> dict[str, float]:
    """The gains with some of them set anew, checked by the engine's own rule."""
    if not isinstance(wanted, dict):
        raise InputError('gains must be an object such as {"lips": 1.2}')
    gains = dict(before)
    for name, value in wanted.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"the gain of {str(name)[:40]} must be a number")
        try:
            gain = float(value)
        except OverflowError:  # an integer of hundreds of digits
            gain = math.inf
        if not math.isfinite(gain):
            raise InputError(f"the gain of {str(name)[:40]} must be a finite number")
        gains[str(name)] = gain
    try:
        Edit(gains=gains)
    except ValueError as error:
        raise InputError(str(error)) from error
    return gains
