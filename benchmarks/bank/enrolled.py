"""A clip's neutral frame as a portrait, with and without what its other frames show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.same_person import Take, most_neutral
from engine.appearances import Appearance
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.bank.cutting import cut
from engine.rig.bank.selection import select
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.mouth_choice import Mouth
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import Refiner


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolled:
    """One person."""

    picture: Pixels
    """The portrait."""
    face: Face
    appearances: tuple[Appearance, ...]

    def portrait(
        self, *, refiner: Refiner | None, bank: bool = False, mouth: Mouth = "auto"
    ) -> RigPortrait:
        """A fresh one, which remembers nothing."""
        model = RigModel(mouth=mouth, refiner=refiner)
        return model.enroll(self.picture, self.face, self.appearances if bank else ())

    def motions(
        self, take: Take, indices: Sequence[int], *, mouth: Mouth = "auto"
    ) -> list[RigMotion]:
        """Those of some frames of this person's own clip, against the portrait's face."""
        driver = RigModel(mouth=mouth).driver()
        driver.calibrate(self.picture, self.face)
        return [
            driver.read(take.pictures[index], take.faces[index], (index + 1) * 33_000_000)
            for index in indices
        ]


def enroll(take: Take, among: Sequence[int]) -> Enrolled:
    """Enrol a clip's person by some of its frames."""
    faces = [take.faces[index] for index in among]
    neutral = among[most_neutral(faces)]
    picture, face = take.pictures[neutral], take.faces[neutral]
    appearances = tuple(
        cut(
            part,
            take.pictures[among[index]],
            take.faces[among[index]],
            portrait=picture,
            own=face,
        )
        for part, kept in select(faces, face).items()
        for index in kept
    )
    return Enrolled(picture=picture, face=face, appearances=appearances)


def performed(
    portrait: RigPortrait, motions: Sequence[RigMotion], shown: set[int]
) -> Iterator[tuple[int, Pixels]]:
    """The pictures of some of the motions; the others pass unseen, and ease what is shown."""
    stream = portrait.for_stream()
    for index, motion in enumerate(motions):
        if index in shown:
            yield index, stream.render(motion, Edit())
        else:
            stream.placed(stream.edited(motion, Edit()))
