"""A face's eight points as a person has put them: checked, and the face that they make.

The same for `enroll --points` and for the page.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from engine.drawn_eyes import with_drawn_eyes
from engine.errors import InputError
from engine.faces.by_hand import POINTS, Points, laid_over, placed_by_hand, points_of
from engine.faces.canonical import is_face_shaped
from engine.faces.face import Face
from engine.frame import Pixels
from stream.files.portrait_layout import FARTHEST_PX

_CLOSE = 0.02
"""Eyes that lie over each other, mouth corners that do: distance over the picture's longer side."""


def checked_points(content: object) -> dict[str, tuple[float, float]]:
    """The points that parsed JSON names.

    Raises:
        InputError: these are no points; says of which, and why.
    """
    if not isinstance(content, dict) or not content:
        raise InputError('no points are named, such as {"chin": [310, 420]}.')
    return {name: _place(name, at) for name, at in content.items()}


def face_with(found: Face | None, points: Points, picture: Pixels) -> Face:
    """The face that was found, with some of its points moved; without one, all eight make it.

    Args:
        found: the tracker's; None where it found none.
        points: at least one.
        picture: that it is in; the lids of drawn eyes are found there.

    Raises:
        InputError: points are missing, or lie as no face's do.
    """
    if found is None:
        if missing := [name for name in POINTS if name not in points]:
            raise InputError(
                "no face was found in the picture, so all of the eight points must be named: "
                f"{', '.join(missing)} are missing."
            )
        made = laid_over(points)
    else:
        made = placed_by_hand(found, points)
    _check(points_of(made), max(picture.shape[:2]))
    if not np.isfinite(made.landmarks).all() or not is_face_shaped(made.landmarks):
        raise InputError("these points are far from any face's. Check them one by one.")
    fitted = with_drawn_eyes(made, picture)
    return fitted if is_face_shaped(fitted.landmarks) else made


def _place(name: object, at: object) -> tuple[float, float]:
    if name not in POINTS:
        raise InputError(f"{str(name)[:40]!r} is none of {', '.join(POINTS)}.")
    if not isinstance(at, list) or len(at) != 2 or not all(map(_is_place, at)):
        raise InputError(f"{name} is not [x, y] in pixels of the picture.")
    return float(at[0]), float(at[1])


def _is_place(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= FARTHEST_PX  # type: ignore[arg-type]


def _check(points: Mapping[str, tuple[float, float]], longer_px: int) -> None:
    """Refuse points in one place, and left taken for right, along the line of the eyes."""
    right, left = np.array(points["right_eye_outer"]), np.array(points["left_eye_outer"])
    along = left - right
    if np.linalg.norm(along) < _CLOSE * longer_px:
        raise InputError("both eyes lie in the same place.")
    down = np.array([-along[1], along[0]])
    if (np.array(points["chin"]) - (left + right) / 2.0) @ down <= 0.0:
        raise InputError(
            "right and left are taken for each other. They are the subject's own: the "
            "right eye of a face that looks at you is at the picture's left."
        )
    order = ("right_eye_outer", "right_eye_inner", "left_eye_inner", "left_eye_outer")
    for first, second in (*pairwise(order), ("mouth_right", "mouth_left")):
        if (np.array(points[second]) - points[first]) @ along <= 0.0:
            raise InputError(f"{second} does not lie to the left of {first}.")
