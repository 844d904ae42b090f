"""Takes factors of the rig's motion away from the driver: a frozen pose, eyes on the camera.

For the reenactor's `override`: it runs before the user's edit, and passes over within a fraction of
a second when a switch is turned, so that nothing is seen to jump.
"""

from dataclasses import replace

import numpy as np

from engine.geometry import Array, rotation_from_vector
from engine.motion import Edit
from engine.rig.factors import with_factor
from engine.rig.motion import RigMotion, still_motion

PASS_S = 0.3
"""From the driver's own to the held one and back."""
EYE_RADIUS_CM = 1.2
"""From the centre of an eyeball to its iris."""
LARGEST_TURN = 0.6
"""Sine of the widest turn of an eye in its socket, about 37 degrees; beyond it the head must."""
_IRISES = slice(468, 478)
_LEAST_GAIN = 0.1


class RigOverride:
    """The switches of one driving stream; other threads may turn them between two frames."""

    def __init__(self) -> None:
        self.freezes_pose = False
        """Keep the head as it was when this was set."""
        self.looks_at_camera = False
        """Turn the eyes against the head, so that they stay on the camera."""
        self._held = still_motion()
        self._frozen = Fade()
        self._looking = Fade()

    def __call__(self, motion: RigMotion, edit: Edit, captured_ns: int) -> RigMotion:
        """The motion with what is held put in."""
        was_frozen = self._frozen.is_on
        frozen = self._frozen.step(captured_ns, on=self.freezes_pose)
        if self._frozen.is_on and not was_frozen:
            self._held = motion
        if frozen > 0.0:
            motion = _towards_pose(motion, self._held, frozen)
        looking = self._looking.step(captured_ns, on=self.looks_at_camera)
        return _towards_camera(motion, edit, looking) if looking > 0.0 else motion


class Fade:
    """A switch that takes its time: 0 off, 1 on."""

    def __init__(self) -> None:
        self.is_on = False
        self._amount = 0.0
        self._last_ns: int | None = None

    def step(self, now_ns: int, *, on: bool) -> float:
        """How far it is on at this moment."""
        elapsed_s = 0.0 if self._last_ns is None else max(now_ns - self._last_ns, 0) / 1e9
        self._last_ns, self.is_on = now_ns, on
        step = elapsed_s / PASS_S
        self._amount = min(1.0, self._amount + step) if on else max(0.0, self._amount - step)
        return self._amount


def gaze_at_camera(motion: RigMotion, edit: Edit) -> RigMotion:
    """The eyes turned by as much as the head will be shown turned away."""
    turned = 0.0 if edit.mode == "expression" else edit.gain("pose")
    to_head = rotation_from_vector(motion.rotation * turned).T
    aim = np.clip(to_head @ np.array([0.0, 0.0, 1.0]), -LARGEST_TURN, LARGEST_TURN)
    offsets: Array = motion.offsets.copy()
    # The edit will multiply by the gaze's gain; where that is 0 the eyes are the portrait's own.
    offsets[_IRISES] = 0.0
    offsets[_IRISES, :2] = EYE_RADIUS_CM * aim[:2] / max(edit.gain("gaze"), _LEAST_GAIN)
    return replace(motion, offsets=offsets)


def _towards_camera(motion: RigMotion, edit: Edit, amount: float) -> RigMotion:
    aimed = gaze_at_camera(motion, edit)
    if amount >= 1.0:
        return aimed
    return replace(motion, offsets=motion.offsets + amount * (aimed.offsets - motion.offsets))


def _towards_pose(motion: RigMotion, held: RigMotion, amount: float) -> RigMotion:
    if amount >= 1.0:
        return with_factor(motion, "pose", held)
    return replace(
        motion,
        rotation=motion.rotation + amount * (held.rotation - motion.rotation),
        shift=motion.shift + amount * (held.shift - motion.shift),
        log_scale=motion.log_scale + amount * (held.log_scale - motion.log_scale),
    )
