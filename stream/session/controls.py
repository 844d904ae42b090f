"""What a user can set on a live session while it runs, for keys and for a page alike.

A switch is a name in `Switch` and a line in `SWITCH_KEYS`; what it does stands in `live_session`.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, Self, TypeAlias, get_args

from engine.motion import MODES, Edit

Switch: TypeAlias = Literal[
    "mirror_output", "paused", "freeze_pose", "gaze_to_camera", "voice_lips"
]
"""What is on or off."""

SWITCHES: tuple[Switch, ...] = get_args(Switch)

OF_FACTORS: frozenset[Switch] = frozenset({"freeze_pose", "gaze_to_camera", "voice_lips"})
"""Those that need a motion with named factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchKey:
    """The key of a switch, what it is for, and what is said when it has been turned."""

    key: str
    does: str
    on: str
    off: str


SWITCH_KEYS: dict[Switch, SwitchKey] = {
    "mirror_output": SwitchKey(
        key="x", does="mirror the output", on="output mirrored", off="output not mirrored"
    ),
    "paused": SwitchKey(key="p", does="pause", on="paused", off="running"),
    "freeze_pose": SwitchKey(key="h", does="freeze the head", on="head frozen", off="head moves"),
    "gaze_to_camera": SwitchKey(
        key="g", does="look into the camera", on="eyes on the camera", off="eyes follow yours"
    ),
    "voice_lips": SwitchKey(
        key="l",
        does="lips by voice while the mouth is hidden",
        on="the voice moves the lips while your mouth is hidden",
        off="lips follow yours",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """All that is set; swapped whole."""

    edit: Edit = field(default_factory=Edit)
    on: frozenset[Switch] = frozenset()

    def switched(self, switch: Switch, *, on: bool) -> Self:
        """The same with this switch on or off."""
        return replace(self, on=self.on | {switch} if on else self.on - {switch})

    def next_mode(self) -> Self:
        """The same in the next of the modes."""
        mode = MODES[(MODES.index(self.edit.mode) + 1) % len(MODES)]
        return replace(self, edit=replace(self.edit, mode=mode))
