"""A session's controls as JSON: given to the page, and read from it, checked in one place."""

import math
from collections.abc import Mapping
from dataclasses import replace

from engine.errors import InputError
from engine.motion import MODES, Edit, Mode
from stream.session.controls import SWITCHES, Controls


def as_json(controls: Controls) -> dict[str, object]:
    """What the page gets."""
    return {
        "mode": controls.edit.mode,
        "gains": dict(controls.edit.gains),
        **{switch: switch in controls.on for switch in SWITCHES},
    }


def changed(controls: Controls, wanted: Mapping[str, object]) -> Controls:
    """The controls with some of them set anew; nothing changes where one cannot be meant."""
    switches = {switch: switch for switch in SWITCHES}
    for name, value in wanted.items():
        if name == "mode":
            controls = replace(controls, edit=replace(controls.edit, mode=_mode(value)))
        elif name == "gains":
            gains = _gains(controls.edit.gains, value)
            controls = replace(controls, edit=replace(controls.edit, gains=gains))
        elif name in switches:
            if not isinstance(value, bool):
                raise InputError(f"{name} must be true or false")
            controls = controls.switched(switches[name], on=value)
        else:
            known = ", ".join(("mode", "gains", "portrait", *SWITCHES))
            raise InputError(f"there is no setting {name[:40]!r}: use {known}")
    return controls


def _mode(wanted: object) -> Mode:
    mode = next((mode for mode in MODES if mode == wanted), None)
    if mode is None:
        raise InputError(f"mode must be one of {', '.join(MODES)}")
    return mode


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
