"""The faces that one person makes for the reader, drawn from the person's seed.

Natural faces (visemes, emotions, brows, gaze, blinks together) alone would teach the reader that a
smile squints; so there are single factors and odd mixes of shapes as well, and faces at rest in
other poses, which have to be read as nothing.
"""

from dataclasses import dataclass, replace

from training.heads.factors import Expression, Shapes, Weights, sample_pose
from training.heads.posing import Pose
from training.heads.scene import sample_expression
from training.heads.seeds import Seeds, generator

NATURAL, SINGLE, ODD, RESTING = 8, 4, 10, 2
"""Faces of each kind; the neutral face comes on top."""

RELAXED = (0.04, 0.04)
"""Closure of the eyes of a face at rest."""

SHAPES: tuple[str, ...] = (
    "browDown_L", "browDown_R", "browInnerUp", "browOuterUp_L", "browOuterUp_R", "cheekPuff",
    "cheekSquint_L", "cheekSquint_R", "eyeSquint_L", "eyeSquint_R", "eyeWide_L", "eyeWide_R",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthDimple_L", "mouthDimple_R", "mouthFrown_L", "mouthFrown_R", "mouthFunnel", "mouthLeft",
    "mouthLowerDown_L", "mouthLowerDown_R", "mouthPress_L", "mouthPress_R", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmile_L", "mouthSmile_R", "mouthStretch_L", "mouthStretch_R",
    "mouthUpperUp_L", "mouthUpperUp_R", "noseSneer_L", "noseSneer_R",
)  # fmt: skip
"""What an odd mix is drawn from: FaceKit's shapes but gaze, blinks and mouthClose, which is
nothing without an open jaw."""

_ODD_BOTH_SIDES = 0.6
_ODD_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one pose."""

    expression: Expression
    pose: Pose


def neutral_face(seed: int) -> Face:
    """The face that the driver is calibrated by: at rest, nearly straight, nearly into the lens."""
    draw = generator(seed, "reader rest")
    gaze = float(draw.normal(0, 0.03)), float(draw.normal(0, 0.03))
    return Face(
        expression=Expression(blink=RELAXED, gaze=gaze), pose=sample_pose(50 * seed + 49, 0.25)
    )


def faces_of(seed: int) -> list[Face]:
    """What the person of a seed does; the same seed gives the same."""
    draw = generator(seed, "reader faces")
    rest = Expression(blink=RELAXED)
    drawn = [
        sample_expression(Seeds.all(0).with_expression(50 * seed + k))
        for k in range(NATURAL + SINGLE)
    ]
    lips, emotion, brows, eyes = drawn[NATURAL:]
    expressions = [
        *drawn[:NATURAL],
        replace(rest, lips=lips.lips),
        replace(rest, emotion=emotion.emotion),
        replace(rest, brows=brows.brows),
        replace(rest, gaze=eyes.gaze, blink=eyes.blink),
        *(replace(rest, lips=Shapes(weights=_odd(seed, k))) for k in range(ODD)),
        *([rest] * RESTING),
    ]
    poses = [
        sample_pose(50 * seed + k, float(draw.uniform(0.1, 1.0))) for k in range(len(expressions))
    ]
    return [Face(expression=e, pose=p) for e, p in zip(expressions, poses, strict=True)]


def probes_of(seed: int) -> list[tuple[str, Face]]:
    """Single movements on a face at rest, nearly straight: what else is read shows as a leak."""
    rest, pose = Expression(blink=RELAXED), sample_pose(50 * seed + 48, 0.3)
    moves: dict[str, Expression] = {
        name: replace(rest, lips=Shapes(weights=weights)) for name, weights in PROBES.items()
    }
    moves["blink"] = replace(rest, blink=(1.0, 1.0))
    moves["wink left"] = replace(rest, blink=(1.0, RELAXED[1]))
    moves["look left"] = replace(rest, gaze=(0.35, 0.0))
    moves["look down"] = replace(rest, gaze=(0.0, 0.25))
    return [(name, Face(expression=face, pose=pose)) for name, face in moves.items()]


PROBES: dict[str, Weights] = {
    "jaw opened by half": {"jawOpen": 0.5},
    "jaw open": {"jawOpen": 0.9},
    "smile": {"mouthSmile": 0.8},
    "smile left": {"mouthSmile_L": 0.8},
    "pucker": {"mouthPucker": 0.8},
    "mouth left": {"mouthLeft": 0.6},
    "lips pressed": {"mouthPress": 0.7},
    "brows up": {"browInnerUp": 0.8, "browOuterUp": 0.8},
    "brows down": {"browDown": 0.8},
    "nose sneer": {"noseSneer": 0.7},
}
"""Name -> weights of shapes."""


def _odd(seed: int, number: int) -> Weights:
    """A few shapes that have nothing to do with each other, often on both sides."""
    draw = generator(50 * seed + number, "reader odd")
    weights: Weights = {}
    for name in draw.choice(SHAPES, int(draw.integers(1, _ODD_MOST + 1)), replace=False):
        weight = float(draw.uniform(0.15, 1.0))
        both = draw.random() < _ODD_BOTH_SIDES
        weights[str(name)] = weight
        if both and name[-2:] in ("_L", "_R"):
            other = "_R" if name.endswith("_L") else "_L"
            weights[str(name[:-2]) + other] = weight * float(draw.uniform(0.8, 1.2))
    return weights
