"""Which frames of a filmed person to keep: few, and as unlike each other as they come."""

from collections.abc import Sequence

import numpy as np

from engine.appearances import Part
from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.geometry import Array, angle_between
from engine.rig.bank.features import Seen, feature, seen_in
from engine.rig.driver.reading import eye_openings

_MOST_MOUTHS, _LEAST_MOUTHS, _MOST_BROWS = 24, 8, 24

_ALIKE_CM = 0.08
"""Feature distance below which a further frame shows nothing new."""

_LID_STEPS = ((-0.01, 0.08), (0.08, 0.25), (0.25, 0.4), (0.4, 0.55))
"""Of an eye's opening over the portrait's own: a frame is kept for each, closed to half open."""


def select(faces: Sequence[Face], own: Face) -> dict[Part, tuple[int, ...]]:
    """Choose frames of one person by their landmarks, beside the portrait's own face.

    Args:
        faces: of all frames that are sharp, well lit and show the portrait's person.
        own: the portrait's face.

    Returns:
        For each part the frames to keep for it, in the order of the clip; none where none shows
        more than the portrait does.
    """
    openings = eye_openings(head_pose(own).points)
    seen, still = [seen_in(face, openings) for face in faces], seen_in(own, openings)
    return {
        "mouth": _farthest("mouth", seen, still, least=_LEAST_MOUTHS, most=_MOST_MOUTHS),
        "lids": _closing(seen, still),
        "upper_face": _farthest("upper_face", seen, still, least=0, most=_MOST_BROWS),
    }


def _farthest(
    part: Part, seen: Sequence[Seen], still: Seen, *, least: int, most: int
) -> tuple[int, ...]:
    """Farthest-point sampling from the portrait's own on, until nothing is new."""
    if not seen:
        return ()
    features = np.array([feature(part, one) for one in seen])
    nearest = _apart(features, feature(part, still))
    picked: list[int] = []
    while len(picked) < min(most, len(seen)):
        farthest = int(np.argmax(nearest))
        if nearest[farthest] < (_ALIKE_CM if len(picked) >= least else 1e-6):
            break
        picked.append(farthest)
        nearest = np.minimum(nearest, _apart(features, features[farthest]))
    return tuple(sorted(picked))


def _closing(seen: Sequence[Seen], still: Seen) -> tuple[int, ...]:
    """For each step of the closing lids the frame that has the rest as the portrait has it."""
    picked = set()
    for low, high in _LID_STEPS:
        among = [index for index, one in enumerate(seen) if low < one.apertures.mean() <= high]
        if among:
            picked.add(min(among, key=lambda index: _unrest(seen[index], still)))
    return tuple(sorted(picked))


def _unrest(one: Seen, still: Seen) -> float:
    """How unlike the eyes are, and how far the head is turned, radians."""
    unlike = abs(float(one.apertures[0] - one.apertures[1]))
    return unlike + angle_between(one.rotation, still.rotation)


def _apart(features: Array, one: Array) -> Array:
    distances: Array = np.linalg.norm(features - one, axis=1)
    return distances
