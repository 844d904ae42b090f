"""A portrait of the rig and motions for it, for the tests of its kernels."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.motion.motion import RigMotion
from engine.rig.portrait import RigPortrait
from tests.faces_made import made_face, textured

SIZE = 256
MOTIONS: dict[str, dict[str, float]] = {
    "still": {},
    "turned": {"yaw": 12.0, "roll": 4.0, "jawOpen": 0.5},
    "smiling": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "eyeBlinkLeft": 0.7},
}


def made_motion(name: str) -> RigMotion:
    """Against the neutral face."""
    return difference(read_face(made_face()), read_face(made_face(**MOTIONS[name])))  # type: ignore[arg-type]


def person() -> NDArray[np.float32]:
    """A matte: a head on shoulders."""
    rows, columns = np.indices((SIZE, SIZE)) / SIZE
    head = ((columns - 0.5) / 0.24) ** 2 + ((rows - 0.47) / 0.34) ** 2 < 1.0
    body = (rows > 0.8) & (np.abs(columns - 0.5) < 0.4)
    return np.asarray(head | body, np.float32)


@cache
def made_portrait(*, has_layers: bool) -> RigPortrait:
    """With or without a background of its own."""
    portrait = RigPortrait(textured(), made_face(), person if has_layers else None)
    portrait.prepare()
    return portrait
