"""The rig family behind the engine's protocol: a geometric stage, and a network that refines it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from engine.appearances import Appearance
from engine.faces.face import Face
from engine.faces.segmentation import PersonSegmenter
from engine.frame import Pixels
from engine.model import Capabilities
from engine.motion import MODES
from engine.rig.driver.driver import RigDriver
from engine.rig.motion.mixer import RigMixer
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import Refiner

Mouth: TypeAlias = Literal["generic", "driver"]
"""What is seen between the lips: a drawn mouth, or the driver's own, which shows the driver's
teeth."""

MOUTHS: tuple[Mouth, ...] = get_args(Mouth)


CAN = Capabilities(named_factors=True, neutral=True, refine=True, pastes_back=frozenset(MODES))


class RigModel:
    """Enrols portraits and reads drivers by their landmarks."""

    def __init__(self, *, mouth: Mouth = "generic", refiner: Refiner | None = None) -> None:
        """`refiner` None shows the geometric stage alone."""
        if mouth not in MOUTHS:
            raise ValueError(f"mouth must be one of {', '.join(MOUTHS)}, got {mouth!r}")
        self._mouth = mouth
        self._refiner = refiner
        self._segmenter = PersonSegmenter()

    @property
    def can(self) -> Capabilities:
        """As its family; refined where a network refines what the geometric stage makes."""
        return replace(CAN, refine=self._refiner is not None)

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> RigPortrait:
        """Compute once what every frame needs; `picture` has the output's size."""
        return RigPortrait(
            picture,
            face,
            lambda: self._segmenter.matte(picture, face.box),
            self._refiner,
            appearances,
        )

    def driver(self) -> RigDriver:
        """A fresh reader for a new driving stream."""
        return RigDriver(shows_mouth=self._mouth == "driver")

    def mixer(self) -> RigMixer:
        """A mixer that takes everything from the driver."""
        return RigMixer()
