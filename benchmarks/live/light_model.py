"""A model that costs next to nothing: a face is a disc, and its motion is where the disc went.

What is measured with it is everything around the model: server, connections, threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.model import Capabilities, Mixer, Neutral
from engine.motion import MODES, Edit, Mode

DISC = (255, 0, 255)
"""The colour of the fake face: magenta, which 4:2:0 video keeps well on a grey ground."""
GROUND = 90


def disc_picture(
    width: int, height: int, centre: tuple[float, float] | None, radius: float = 20.0
) -> Pixels:
    """A grey picture with a disc as its face; without a centre, a picture without a face."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    if centre is not None:
        y, x = np.mgrid[:height, :width]
        picture[np.hypot(x - centre[0], y - centre[1]) <= radius] = DISC
    return picture


def disc_face(centre: tuple[float, float], radius: float) -> Face:
    """A face whose mesh fills the box of a disc: a circle of points, the irises at its centre."""
    angles = np.linspace(0.0, 2.0 * np.pi, 468, endpoint=False)
    landmarks = np.zeros((LANDMARKS, 3), np.float32)
    landmarks[:, :2] = centre
    landmarks[:468, 0] += radius * np.cos(angles)
    landmarks[:468, 1] += radius * np.sin(angles)
    return Face(landmarks=landmarks, confidence=1.0)


def disc_mask(picture: Pixels) -> NDArray[np.bool_]:
    """Where the picture shows the disc: (H, W)."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    is_magenta: NDArray[np.bool_] = (np.minimum(red, blue) - green) > 120
    return is_magenta


class DiscTracker:
    """Finds the disc; a picture without one has no face."""

    def __init__(self) -> None:
        self.resets = 0

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The disc; a picture without one has no face."""
        rows, columns = np.nonzero(disc_mask(picture))
        if not rows.size:
            return None
        centre = (float(columns.mean()), float(rows.mean()))
        return disc_face(centre, float(np.sqrt(rows.size / np.pi)))

    def reset(self) -> None:
        """Count it."""
        self.resets += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The fake motion: how far the face moved, in pixels right and down."""

    x: float
    y: float

    def eased(self, amount: float) -> "Shift":
        """The same, so much nearer to rest."""
        return Shift(x=self.x * (1.0 - amount), y=self.y * (1.0 - amount))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShiftedPortrait:
    """Moves the whole picture around by the motion; what leaves on one side enters on the other."""

    picture: Pixels
    modes: frozenset[Mode] = frozenset(MODES)

    def render(self, motion: Shift, edit: Edit) -> Pixels:
        """The picture, moved."""
        gain = 0.0 if edit.mode == "expression" else edit.gain("pose")
        shift = (round(motion.y * gain), round(motion.x * gain))
        return np.ascontiguousarray(np.roll(self.picture, shift, axis=(0, 1)))

    def still(self) -> Pixels:
        """The picture."""
        return self.picture.copy()

    def prepare(self) -> None:
        """Nothing is needed."""

    def for_stream(self) -> Self:
        """It has no state."""
        return self


class ShiftDriver:
    """Reads how far the face is from its neutral place; the first frame read is the neutral one."""

    def __init__(self) -> None:
        self.neutral: Neutral = "none yet"
        self._centre: NDArray[np.float32] | None = None

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> Shift:
        """How far the face is from its neutral place."""
        centre = face.landmarks[468, :2]
        if self._centre is None:
            self._centre = centre
            self.neutral = "automatic" if self.neutral == "none yet" else "yours"
        x, y = (centre - self._centre).tolist()
        return Shift(x=x, y=y)

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """This is the neutral place."""
        self._centre, self.neutral = face.landmarks[468, :2], "yours"

    def recalibrate(self) -> None:
        """The next face is at the neutral place."""
        self._centre, self.neutral = None, "next face"


class ShiftModel:
    """The fake family."""

    can = Capabilities(
        named_factors=False,
        neutral=True,
        refine=False,
        driver_teeth=False,
        pastes_back=frozenset(MODES),
    )

    def mixer(self) -> Mixer[Shift] | None:
        """It has none."""
        return None

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> ShiftedPortrait:
        """A portrait of this picture."""
        return ShiftedPortrait(picture=picture)

    def driver(self) -> ShiftDriver:
        """A driver that has seen nobody."""
        return ShiftDriver()
