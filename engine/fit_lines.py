"""The lines of a face that show whoever puts its points by hand how it lies."""

from collections.abc import Mapping

from engine.faces.face import Face
from engine.rig.landmarks import INNER_LIPS, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_EYE

LINES: Mapping[str, tuple[int, ...]] = {
    "right_eye": tuple(RIGHT_EYE.contour),
    "left_eye": tuple(LEFT_EYE.contour),
    "right_iris": tuple(range(RIGHT_EYE.iris + 1, RIGHT_EYE.iris + 5)),
    "left_iris": tuple(range(LEFT_EYE.iris + 1, LEFT_EYE.iris + 5)),
    "outer_lips": OUTER_LIPS,
    "inner_lips": INNER_LIPS,
    "outline": OVAL,
}
"""Name -> landmarks of a closed line."""


def lines_of(face: Face) -> dict[str, list[tuple[float, float]]]:
    """Name -> x and y in px of the landmarks along a closed line."""
    return {
        name: [(float(x), float(y)) for x, y in face.landmarks[list(of), :2]]
        for name, of in LINES.items()
    }
