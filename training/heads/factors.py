"""Motion factors: each a small frozen value, each drawn from its own seed.

Lips and emotion are weights of ARKit shapes without a side ("mouthSmile" moves both sides, shared
out by `asymmetry`). Brows are a factor of their own: in an emotion they would move with the mouth.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from training.heads.posing import Pose
from training.heads.seeds import generator

Weights: TypeAlias = dict[str, float]

VISEMES: dict[str, Weights] = {
    "rest": {},
    "AA": {"jawOpen": 0.6, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    "EE": {
        "jawOpen": 0.18, "mouthStretch": 0.45, "mouthSmile": 0.2,
        "mouthLowerDown": 0.35, "mouthUpperUp": 0.25,
    },
    "EH": {"jawOpen": 0.32, "mouthStretch": 0.25, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
    "OH": {"jawOpen": 0.38, "mouthFunnel": 0.55, "mouthPucker": 0.25},
    "UW": {"jawOpen": 0.12, "mouthPucker": 0.8, "mouthFunnel": 0.3},
    "MBP": {"mouthPress": 0.45, "mouthRollLower": 0.35, "mouthRollUpper": 0.25},
    "FV": {"mouthRollLower": 0.5, "mouthUpperUp": 0.35, "jawOpen": 0.1},
    "TH": {"jawOpen": 0.22, "mouthLowerDown": 0.3, "mouthUpperUp": 0.15},
    "SZ": {"jawOpen": 0.06, "mouthStretch": 0.25, "mouthLowerDown": 0.4, "mouthUpperUp": 0.35},
    "CH": {"jawOpen": 0.1, "mouthFunnel": 0.6, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2},
}  # fmt: skip

EMOTIONS: dict[str, Weights] = {
    "neutral": {},
    "happy": {
        "mouthSmile": 0.8, "cheekSquint": 0.5, "eyeSquint": 0.3,
        "mouthDimple": 0.15, "mouthUpperUp": 0.15,
    },
    "laugh": {
        "mouthSmile": 0.9, "cheekSquint": 0.8, "eyeSquint": 0.5,
        "mouthUpperUp": 0.45, "jawOpen": 0.25, "noseSneer": 0.15,
    },
    "smile": {"mouthSmile": 0.5, "cheekSquint": 0.2},
    "sad": {"mouthFrown": 0.6, "mouthShrugLower": 0.3, "eyeSquint": 0.15},
    "angry": {"eyeSquint": 0.4, "noseSneer": 0.3, "mouthPress": 0.3, "mouthFrown": 0.2},
    "surprise": {"eyeWide": 0.8, "jawOpen": 0.15},
    "disgust": {
        "noseSneer": 0.9, "mouthUpperUp": 0.4, "mouthShrugUpper": 0.3, "eyeSquint": 0.3,
    },
    "fear": {"eyeWide": 0.7, "mouthStretch": 0.4},
    "doubt": {"mouthDimple": 0.4, "mouthPress": 0.2},
    "puff": {"cheekPuff": 0.7, "mouthPress": 0.2},
}  # fmt: skip

BROW_MOVES: dict[str, Weights] = {
    "rest": {},
    "up": {"browInnerUp": 0.9, "browOuterUp": 0.9},
    "worry": {"browInnerUp": 0.8},
    "frown": {"browDown": 0.9},
    "arch": {"browOuterUp": 0.7},
    "tension": {"browInnerUp": 0.5, "browDown": 0.5},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """ARKit weights of one factor, before sides and couplings."""

    weights: Weights = field(default_factory=dict)
    asymmetry: float = 0.0
    """The left side gets (1 + asymmetry) of a weight, the right side (1 - asymmetry)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Everything the face does; the default is a resting face that looks straight ahead."""

    lips: Shapes = Shapes()
    gaze: tuple[float, float] = (0.0, 0.0)
    """Yaw (positive: the subject's left) and pitch (positive: down), radians."""
    blink: tuple[float, float] = (0.0, 0.0)
    """Closure of the left and of the right eye, 0..1."""
    brows: Shapes = Shapes()
    emotion: Shapes = Shapes()


def sample_pose(seed: int, amount: float = 1.0) -> Pose:
    """Draw a head pose as webcam users hold it; `amount` scales all of it."""
    draw = generator(seed, "pose")
    degree = np.pi / 180 * amount
    return Pose(
        yaw=float(np.clip(draw.normal(0, 17), -45, 45) * degree),
        pitch=float(np.clip(draw.normal(2, 9), -25, 25) * degree),
        roll=float(np.clip(draw.normal(0, 6), -22, 22) * degree),
        shift_x=float(draw.normal(0, 0.9) * amount),
        shift_y=float(draw.normal(0, 0.8) * amount),
        scale=float(np.exp(draw.normal(0, 0.05) * amount)),
        torso_yaw=float(draw.normal(0, 5) * degree),
        torso_roll=float(draw.normal(0, 2.5) * degree),
    )


def sample_lips(seed: int) -> Shapes:
    """Draw a blend of two visemes, sometimes with the jaw or the mouth aside."""
    draw = generator(seed, "lips")
    names = list(VISEMES)
    first, second = (names[k] for k in draw.choice(len(names), 2))
    share, strength = draw.random(), draw.uniform(0.4, 1.25)
    weights: Weights = {}
    for name, part in ((first, share), (second, 1 - share)):
        for shape, weight in VISEMES[name].items():
            weights[shape] = weights.get(shape, 0.0) + weight * part * strength
    for pair in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        if draw.random() < 0.3:
            weights[pair[int(draw.integers(2))]] = float(draw.uniform(0, 0.35))
    if draw.random() < 0.15:
        weights["jawForward"] = float(draw.uniform(0, 0.5))
    if draw.random() < 0.1:
        weights["jawOpen"] = float(draw.uniform(0.6, 1.0))
    return Shapes(weights=weights, asymmetry=float(draw.normal(0, 0.12)))


def sample_gaze(seed: int) -> tuple[float, float]:
    """Draw where the eyes look: (yaw, pitch) in radians."""
    draw = generator(seed, "gaze")
    yaw = np.clip(draw.normal(0, 0.22), -0.55, 0.55)
    pitch = np.clip(draw.normal(0.02, 0.14), -0.35, 0.4)
    return float(yaw), float(pitch)


def sample_blink(seed: int) -> tuple[float, float]:
    """Draw the lids: mostly open, often half, 15 % shut, 5 % winks."""
    draw = generator(seed, "blink")
    kind, half, shut = draw.random(), draw.uniform(0.12, 0.8), draw.uniform(0.85, 1.0)
    relaxed, side = draw.uniform(0, 0.12), draw.random() < 0.5
    if kind < 0.55:
        return float(relaxed), float(relaxed)
    if kind < 0.80:
        return float(half), float(half)
    if kind < 0.95:
        return float(shut), float(shut)
    return (1.0, 0.0) if side else (0.0, 1.0)


def sample_brows(seed: int) -> Shapes:
    """Draw what the brows do."""
    draw = generator(seed, "brows")
    names = list(BROW_MOVES)
    move = BROW_MOVES[names[int(draw.integers(len(names)))]]
    strength = draw.uniform(0.25, 1.1)
    weights = {shape: weight * strength for shape, weight in move.items()}
    one_sided = draw.random() < 0.2
    asymmetry = draw.choice([-0.9, 0.9]) if one_sided else draw.normal(0, 0.12)
    return Shapes(weights=weights, asymmetry=float(asymmetry))


def sample_emotion(seed: int) -> Shapes:
    """Draw an emotion of eyes, cheeks, nose and mouth."""
    draw = generator(seed, "emotion")
    names = list(EMOTIONS)
    emotion = EMOTIONS[names[int(draw.integers(len(names)))]]
    strength = draw.uniform(0.3, 1.15)
    weights = {shape: weight * strength for shape, weight in emotion.items()}
    return Shapes(weights=weights, asymmetry=float(draw.normal(0, 0.15)))
