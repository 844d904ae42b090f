"""Named factors of a rig motion: gains, sources, and the 52 ARKit names.

Each landmark's offset is shared out among lips, emotion and gaze by where the landmark lies; blink
and pose have fields of their own. An ARKit name acts through its displacement of the landmarks; how
much of it a driver does is read by `engine/rig/motion/arkit_reader.py`.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from engine.faces.canonical import load_basis
from engine.geometry import Array, smoothstep
from engine.motion import ARKIT_NAMES, Edit, Factor
from engine.rig.landmarks import LIDS
from engine.rig.motion.arkit_reader import load_reader
from engine.rig.motion.motion import RigMotion, still_motion

_LIPS_TOP_CM, _LIPS_FULL_CM = -1.5, -3.2
"""Canonical heights between which a point passes from emotion to lips: nose wings, upper lip."""

_SQUINT_CLOSES, _WIDE_OPENS = 0.4, 0.35
"""Share of the neutral opening that a full eyeSquint takes away, a full eyeWide adds."""

_RIDGE = 0.003
"""Pull of ARKit coefficients to zero, over the mean square displacement of a shape."""


@cache
def factor_weights() -> dict[Factor, Array]:
    """The share of each landmark's offset that belongs to lips, emotion and gaze; (478,) each."""
    height = load_basis().canonical[:, 1]
    lips = 1.0 - smoothstep(_LIPS_FULL_CM, _LIPS_TOP_CM, height)
    gaze = np.zeros(len(height))
    lips[468:], gaze[468:] = 0.0, 1.0
    return {"lips": lips, "gaze": gaze, "emotion": 1.0 - lips - gaze}


def edited(motion: RigMotion, edit: Edit) -> RigMotion:
    """The motion as the user wants it: mode, then ARKit gains, then factor gains."""
    if edit.mode == "pose":
        motion = _only_pose(motion)
    elif edit.mode == "expression":
        motion = _only_expression(motion)
    if not edit.gains:
        return motion
    return _with_factor_gains(_with_arkit_gains(motion, edit), edit)


def with_factor(motion: RigMotion, factor: Factor, source: RigMotion) -> RigMotion:
    """`motion`, with one factor taken from another source."""
    match factor:
        case "pose":
            return replace(
                motion,
                rotation=source.rotation,
                shift=source.shift,
                log_scale=source.log_scale,
                rim_share=source.rim_share,
                nod=source.nod,
            )
        case "blink":
            return replace(motion, aperture=source.aperture)
        case _:
            share = factor_weights()[factor][:, None]
            offsets = motion.offsets * (1.0 - share) + source.offsets * share
            if factor != "lips":
                return replace(motion, offsets=offsets)
            return replace(
                motion, offsets=offsets, lip_contact=source.lip_contact, mouth=source.mouth
            )


def motion_from_arkit(coefficients: dict[str, float]) -> RigMotion:
    """Sliders, presets or another tracker's ARKit values (0..1) as a motion."""
    values = np.array([coefficients.get(name, 0.0) for name in ARKIT_NAMES])
    unknown = sorted(set(coefficients) - set(ARKIT_NAMES))
    if unknown:
        raise ValueError(f"not ARKit names: {', '.join(unknown)}")
    return replace(still_motion(), offsets=_arkit_offsets(values), aperture=_arkit_aperture(values))


def arkit_from_motion(motion: RigMotion) -> Array:
    """(52,) coefficients in 0..1.2 that explain the motion best, in the order of ARKIT_NAMES.

    The inverse of `motion_from_arkit`. It takes a tracker's errors for expressions: what a driver
    does is read by `engine/rig/motion/arkit_reader.py`.
    """
    coefficients: Array = arkit_from_motions(motion.offsets[None], motion.aperture[None])[0]
    return coefficients


def arkit_from_motions(offsets: Array, aperture: Array) -> Array:
    """(N, 478, 3) and (N, 2) as in RigMotion -> (N, 52): many motions at the price of a few.

    Ridge regression with bounds, by projected gradient steps on the normal equations; the lids'
    coefficients come from the apertures.
    """
    shapes = _lidless_shapes()
    gram, reach = shapes.T @ shapes, offsets.reshape(len(offsets), -1) @ shapes
    gram = gram + _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    step = 1.0 / np.linalg.eigvalsh(gram)[-1]
    values = np.zeros((len(offsets), len(ARKIT_NAMES)))
    for _ in range(400):
        values = np.clip(values - step * (values @ gram - reach), 0.0, 1.2)
    for side, opening in zip(("Left", "Right"), aperture.T, strict=True):
        values[:, ARKIT_NAMES.index(f"eyeBlink{side}")] = np.clip(1.0 - opening, 0.0, 1.0)
        wide = np.clip((opening - 1.0) / _WIDE_OPENS, 0.0, 1.0)
        values[:, ARKIT_NAMES.index(f"eyeWide{side}")] = wide
        values[:, ARKIT_NAMES.index(f"eyeSquint{side}")] = 0.0
    return values


def _only_pose(motion: RigMotion) -> RigMotion:
    # Without the driver's landmarks a face nods as its head does.
    return with_factor(still_motion(), "pose", motion.nodded)


def _only_expression(motion: RigMotion) -> RigMotion:
    return with_factor(motion, "pose", still_motion())


def _with_arkit_gains(motion: RigMotion, edit: Edit) -> RigMotion:
    gains = np.array([edit.gain(name) for name in ARKIT_NAMES])
    if (gains == 1.0).all():
        return motion
    read = load_reader().read(motion.offsets[None], motion.aperture[None])[0]
    extra = read * (gains - 1.0)
    aperture = np.maximum(motion.aperture + _arkit_aperture(extra) - 1.0, 0.0)
    return replace(motion, offsets=motion.offsets + _arkit_offsets(extra), aperture=aperture)


def _with_factor_gains(motion: RigMotion, edit: Edit) -> RigMotion:
    shares = factor_weights()
    gain = sum(shares[factor] * edit.gain(factor) for factor in shares)
    return replace(
        motion,
        offsets=motion.offsets * np.asarray(gain)[:, None],
        aperture=np.maximum(1.0 + (motion.aperture - 1.0) * edit.gain("blink"), 0.0),
        lip_contact=motion.lip_contact * min(edit.gain("lips"), 1.0),
        rotation=motion.rotation * edit.gain("pose"),
        shift=motion.shift * edit.gain("pose"),
        log_scale=motion.log_scale * edit.gain("pose"),
        nod=motion.nod * edit.gain("pose"),
    )


@cache
def _lidless_shapes() -> Array:
    """(478 * 3, 52) cm: the ARKit displacements without the lids' own points."""
    shapes = load_basis().arkit.copy()
    shapes[LIDS] = 0.0
    return shapes.reshape(-1, len(ARKIT_NAMES))


def _arkit_offsets(values: Array) -> Array:
    return (_lidless_shapes() @ values).reshape(-1, 3)


def _arkit_aperture(values: Array) -> Array:
    def opening(side: str) -> float:
        blink, squint, wide = (
            values[ARKIT_NAMES.index(name + side)] for name in ("eyeBlink", "eyeSquint", "eyeWide")
        )
        return float(1.0 - blink - _SQUINT_CLOSES * squint + _WIDE_OPENS * wide)

    return np.array([opening("Left"), opening("Right")])
