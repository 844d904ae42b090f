"""A person before a camera, for tests of enrolments: a rendered head whose expression is told.

The picture stays; what the tracker finds in it is what the test asks for, so that each expression
is there at once and for as long as it is wanted.
"""

from itertools import islice
from pathlib import Path

import av
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from stream.session.prompts import PROMPTS, Prompt
from tests.faces_made import made_face

HEAD = Path(__file__).parents[1] / "stream" / "assets" / "driving.mp4"
SIDE = 256


def acted(prompt: Prompt, size: int = SIDE, scale: float = 1.4) -> Face:
    """A made face that does what is asked for, by ARKit's names."""
    match prompt:
        case "straight":
            return made_face(size, scale=scale)
        case "smile":
            return made_face(
                size,
                scale=scale,
                mouthSmileLeft=1.0,
                mouthSmileRight=1.0,
                mouthUpperUpLeft=0.6,
                mouthUpperUpRight=0.6,
            )
        case "ee":
            return made_face(
                size,
                scale=scale,
                mouthStretchLeft=1.0,
                mouthStretchRight=1.0,
                mouthSmileLeft=0.3,
                mouthSmileRight=0.3,
                jawOpen=0.15,
            )
        case "aah":
            return made_face(size, scale=scale, jawOpen=0.8)
        case "ooh":
            return made_face(size, scale=scale, mouthFunnel=0.9, jawOpen=0.15)
        case "pucker":
            return made_face(size, scale=scale, mouthPucker=1.0)
        case "eyes":
            return made_face(size, scale=scale, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
        case "brows":
            return made_face(
                size, scale=scale, browInnerUp=0.6, browOuterUpLeft=0.6, browOuterUpRight=0.6
            )
        case "left":
            return made_face(size, scale=scale, yaw=20.0)
        case "right":
            return made_face(size, scale=scale, yaw=-20.0)


FACES: dict[Prompt, Face] = {prompt: acted(prompt) for prompt in PROMPTS}


def head(number: int = 0) -> Pixels:
    """The rendered head in one frame of the bundled clip."""
    with av.open(str(HEAD)) as clip:
        (picture,) = islice(clip.decode(video=0), number, number + 1)
        pixels = picture.to_ndarray(format="rgb24", width=SIDE, height=SIDE)
    return np.ascontiguousarray(pixels)


class Actor:
    """A tracker that finds whatever face it is told to; a black picture has none."""

    def __init__(self) -> None:
        self.acts: Prompt | None = "straight"
        """None turns away."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return FACES[self.acts] if self.acts is not None and picture.any() else None

    def reset(self) -> None:
        """Nothing is remembered."""
