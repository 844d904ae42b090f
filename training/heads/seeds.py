"""One seed per factor, so that any factor can change alone and a picture repeats to the bit."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

FACTORS_OF_A_SCENE = (
    "identity", "appearance", "framing", "light", "backdrop", "occluder",
    "pose", "lips", "gaze", "blink", "brows", "emotion",
)  # fmt: skip


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """A random generator for one purpose; other purposes of the same seed are independent."""
    words = [int.from_bytes(word.encode()[:8], "little") for word in purpose]
    return np.random.default_rng([seed & 0x7FFFFFFF, *words])


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Who, where and how: twelve numbers make a picture."""

    identity: int
    appearance: int
    framing: int
    light: int
    backdrop: int
    occluder: int
    pose: int
    lips: int
    gaze: int
    blink: int
    brows: int
    emotion: int

    @classmethod
    def all(cls, seed: int) -> Self:
        """Every factor from the same number."""
        return cls(**dict.fromkeys(FACTORS_OF_A_SCENE, seed))

    def with_expression(self, seed: int) -> "Seeds":
        """The same person, place and pose with another face."""
        return replace(self, lips=seed, gaze=seed, blink=seed, brows=seed, emotion=seed)

    def with_pose(self, seed: int) -> "Seeds":
        """The same face with the head elsewhere."""
        return replace(self, pose=seed)


assert tuple(field.name for field in fields(Seeds)) == FACTORS_OF_A_SCENE
