"""The rig family behind the engine's protocol: a geometric stage, and a network that refines it."""

from collections.abc import Sequence
from dataclasses import replace

from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.segmentation import PersonSegmenter
from engine.frame import Pixels
from engine.model import Capabilities
from engine.motion import MODES
from engine.rig.driver.driver import RigDriver
from engine.rig.motion.mixer import RigMixer
from engine.rig.paint.mouth_choice import MOUTHS, Mouth
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import Refiner

CAN = Capabilities(
    named_factors=True,
    neutral=True,
    refine=True,
    driver_teeth=True,
    pastes_back=frozenset(MODES),
)

_NO_OWN_MOUTH = (
    "--mouth own: this portrait has no pictures of its own mouth. Make it from a clip of "
    "the person (`understudy enroll`), or leave the option away: a mouth is drawn then."
)


class RigModel:
    """Enrols portraits and reads drivers by their landmarks."""

    def __init__(self, *, mouth: Mouth = "auto", refiner: Refiner | None = None) -> None:
        """`refiner` None shows the geometric stage alone."""
        if mouth not in MOUTHS:
            raise ValueError(f"mouth must be one of {', '.join(MOUTHS)}, got {mouth!r}")
        self._mouth = mouth
        self._refiner = refiner
        self._segmenter = PersonSegmenter()

    @property
    def can(self) -> Capabilities:
        """As its family; refined where a network refines what the geometric stage makes."""
        is_chosen = self._mouth == "auto"
        return replace(CAN, refine=self._refiner is not None, driver_teeth=is_chosen)

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> RigPortrait:
        """Compute once what every frame needs; `picture` has the output's size.

        Raises:
            InputError: only own mouths are to be shown, and no appearance is one.
        """
        if self._mouth == "own" and not any(each.part == "mouth" for each in appearances):
            raise InputError(_NO_OWN_MOUTH)
        return RigPortrait(
            picture,
            face,
            lambda: self._segmenter.matte(picture, face.box),
            self._refiner,
            appearances,
            self._mouth,
        )

    def driver(self) -> RigDriver:
        """A fresh reader for a new driving stream."""
        return RigDriver(shows_mouth=self._mouth in {"auto", "driver"})

    def mixer(self) -> RigMixer:
        """A mixer that takes everything from the driver."""
        return RigMixer()
