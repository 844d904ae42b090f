"""Motions without a driver: what a user's sliders ask for."""

from dataclasses import replace

import numpy as np

from engine.geometry import rotation_from_yaw_pitch_roll, vector_from_rotation
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion


def _both(**values: float) -> dict[str, float]:
    """ARKit names without their side, for both sides."""
    return {name + side: value for name, value in values.items() for side in ("Left", "Right")}


_EXPRESSIONS: dict[str, dict[str, float]] = {
    "smile with teeth": {
        **_both(mouthSmile=0.9, mouthUpperUp=0.5, mouthLowerDown=0.4, cheekSquint=0.4),
        "jawOpen": 0.1,
    },
    "open mouth": {"jawOpen": 0.8},
    "blink": _both(eyeBlink=1.0),
    "wink": {"eyeBlinkLeft": 1.0},
    "gaze": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
    "brows up": {"browInnerUp": 1.0, **_both(browOuterUp=1.0)},
    "brows down": _both(browDown=1.0),
    "pucker": {"mouthPucker": 1.0, "mouthFunnel": 0.3},
}

EXPRESSIONS: dict[str, RigMotion] = {
    name: motion_from_arkit(values) for name, values in _EXPRESSIONS.items()
}
"""The head stays where it is."""


def turned(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> RigMotion:
    """The head alone, degrees; signs as in `rotation_from_yaw_pitch_roll`."""
    rotation = vector_from_rotation(rotation_from_yaw_pitch_roll(yaw, pitch, roll))
    return replace(still_motion(), rotation=np.asarray(rotation))


POSES: dict[str, RigMotion] = {
    "yaw 30": turned(yaw=30.0),
    "pitch 20": turned(pitch=20.0),
    "roll 20": turned(roll=20.0),
}
