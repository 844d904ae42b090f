"""What frames of a person add to a picture of them: chosen, and cut out to go with a portrait.

For whoever films a person and knows no family; today the rig alone shows such parts.
"""

from collections.abc import Sequence

from engine.appearances import Appearance
from engine.faces.face import Face
from engine.frame import Pixels
from engine.rig.bank.cutting import cut
from engine.rig.bank.selection import select


def worth_keeping(faces: Sequence[Face], own: Face) -> tuple[int, ...]:
    """Which of these faces show more of a person than the portrait's own; in their order."""
    return tuple(sorted({index for kept in select(faces, own).values() for index in kept}))


def own_parts(
    frames: Sequence[tuple[Pixels, Face]], portrait: Pixels, own: Face
) -> tuple[Appearance, ...]:
    """The parts of these frames that are worth keeping; what lies outside a frame is left out."""
    found = []
    for part, kept in select([face for _, face in frames], own).items():
        for index in kept:
            picture, face = frames[index]
            try:
                found.append(cut(part, picture, face, portrait=portrait, own=own))
            except ValueError:
                continue  # cut off by the picture's border
    return tuple(found)
