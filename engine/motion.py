"""The vocabulary of motion: modes, named factors, the 52 ARKit names, and how a user edits them.

The five factors are PD-FGC's controls (arXiv 2211.14506, Sec. 3). An ARKit name moves one muscle
group; its left and right are the subject's own. Each family of models says in its own file how an
edit acts on its kind of motion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

Mode: TypeAlias = Literal["expression", "pose", "both"]
"""What of the driver moves the portrait: the face alone, the head alone, or both."""

MODES: tuple[Mode, ...] = get_args(Mode)

Factor: TypeAlias = Literal["lips", "gaze", "blink", "emotion", "pose"]
"""lips: mouth and jaw; gaze: where the eyes look; blink: eyelid closure; emotion: brows, cheeks and
nose; pose: rotation, translation and scale of the head."""

FACTORS: tuple[Factor, ...] = get_args(Factor)

ARKIT_NAMES: tuple[str, ...] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight",
    "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""Apple's 52 blend shape locations, alphabetically (ARFaceAnchor.BlendShapeLocation)."""

GAIN_LIMIT = 4.0
"""Beyond this a face folds over itself; a larger gain is a typing error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LipShape:
    """Lips and jaw at one moment, by whatever knows no face: a sound, a text."""

    arkit: Mapping[str, float] = field(default_factory=dict)
    """ARKit name -> coefficient in 0..1; a name that is missing is 0."""
    contact: float = 0.0
    """1 where the lips touch, 0 where they are apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What the user changes between the driver's motion and the portrait's."""

    mode: Mode = "both"
    gains: dict[str, float] = field(default_factory=dict)
    """Factor or ARKit name -> gain in [0, GAIN_LIMIT]; a name that is missing has gain 1."""
    refine: bool = True
    """Whether the family's refining network, if it has one, draws on top of the warp."""

    def __post_init__(self) -> None:
        """Refuse a name or a gain that cannot be meant."""
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        for name, gain in self.gains.items():
            if name not in FACTORS and name not in ARKIT_NAMES:
                raise ValueError(
                    f"unknown factor {name!r}: use {', '.join(FACTORS)} "
                    "or an ARKit name such as jawOpen"
                )
            if not 0.0 <= gain <= GAIN_LIMIT:
                raise ValueError(
                    f"the gain of {name} must lie in [0, {GAIN_LIMIT:g}], got {gain:g}"
                )

    def gain(self, name: str) -> float:
        """The gain of a factor or an ARKit name; 1 where the user named none."""
        return self.gains.get(name, 1.0)
