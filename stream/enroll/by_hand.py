"""A portrait of one picture whose points a person has put in their places, in a file of JSON."""

import json
import logging
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.faces.by_hand import POINTS, laid_over, placed_by_hand, points_of
from engine.faces.canonical import is_face_shaped
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.pictures import open_picture
from stream.enroll.footage import kind_of_portrait
from stream.files.output_place import failures_named
from stream.files.portrait_layout import FARTHEST_PX, KeptPortrait

logger = logging.getLogger(__name__)

LARGEST_BYTES = 1 << 16
"""Of a file with eight points."""

_CLOSE = 0.02
"""Eyes that lie over each other, mouth corners that do: distance over the picture's longer side."""


def portrait_by_hand(path: Path, points: Path | None, tracker: Tracker) -> KeptPortrait:
    """The portrait of a picture, its face as found and then with the points of a file.

    Where no face is found, the file must name all eight. The tracker has forgotten all afterwards.

    Raises:
        InputError: the picture or the file cannot be used.
    """
    if kind_of_portrait(path) != "picture":
        raise InputError(f"{path} is no picture: points are put right in a JPEG, PNG or WebP.")
    picture = open_picture(path)
    tracker.reset()
    face = tracker.find(picture)
    tracker.reset()
    if points is not None:
        face = _with_points(face, points, picture)
    if face is None:
        raise InputError(
            f"no face was found in {path}. Write the places of {', '.join(POINTS)} into a file of "
            'JSON, such as {"chin": [310, 420], ...} in pixels, and give it by --points.'
        )
    return KeptPortrait(picture=picture, face=face)


def save_points(path: Path, face: Face) -> None:
    """Write where a face has the eight points, to be put right by hand."""
    rounded = {name: [round(x, 1), round(y, 1)] for name, (x, y) in points_of(face).items()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(at)}" for name, at in rounded.items())
    with failures_named(path):
        path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def load_points(path: Path) -> dict[str, tuple[float, float]]:
    """The points of a file; InputError names what is wrong with it."""
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(f"{path} is too large for a file with eight points.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}.") from error
    if not isinstance(content, dict) or not content:
        raise InputError(f'{path} does not name points, such as {{"chin": [310, 420]}}.')
    return {name: _place(path, name, at) for name, at in content.items()}


def _place(path: Path, name: str, at: object) -> tuple[float, float]:
    if name not in POINTS:
        raise InputError(f"{path}: {name!r} is none of {', '.join(POINTS)}.")
    if not isinstance(at, list) or len(at) != 2 or not all(map(_is_place, at)):
        raise InputError(f"{path}: {name} is not [x, y] in pixels of the picture.")
    return float(at[0]), float(at[1])


def _is_place(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and abs(value) <= FARTHEST_PX  # type: ignore[arg-type]


def _with_points(face: Face | None, path: Path, picture: Pixels) -> Face:
    points = load_points(path)
    if face is None:
        if missing := [name for name in POINTS if name not in points]:
            raise InputError(
                f"no face was found in the picture, so {path} must name all of the eight points: "
                f"{', '.join(missing)} are missing."
            )
        logger.warning("no face was found in the picture: it is taken to look straight ahead")
        made = laid_over(points)
    else:
        made = placed_by_hand(face, points)
    _check(path, points_of(made), max(picture.shape[:2]))
    if not np.isfinite(made.landmarks).all() or not is_face_shaped(made.landmarks):
        raise InputError(f"{path}: these points are far from any face's. Check them one by one.")
    return made


def _check(path: Path, points: Mapping[str, tuple[float, float]], longer_px: int) -> None:
    """Refuse points in one place, and left taken for right, along the line of the eyes."""
    right, left = np.array(points["right_eye_outer"]), np.array(points["left_eye_outer"])
    along = left - right
    if np.linalg.norm(along) < _CLOSE * longer_px:
        raise InputError(f"{path}: both eyes lie in the same place.")
    down = np.array([-along[1], along[0]])
    if (np.array(points["chin"]) - (left + right) / 2.0) @ down <= 0.0:
        raise InputError(
            f"{path}: right and left are taken for each other. They are the subject's own: the "
            "right eye of a face that looks at you is at the picture's left."
        )
    order = ("right_eye_outer", "right_eye_inner", "left_eye_inner", "left_eye_outer")
    for first, second in (*pairwise(order), ("mouth_right", "mouth_left")):
        if (np.array(points[second]) - points[first]) @ along <= 0.0:
            raise InputError(f"{path}: {second} does not lie to the left of {first}.")
