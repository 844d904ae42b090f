"""A portrait of one picture whose points a person has put in their places, in a file of JSON."""

import json
import logging
from pathlib import Path

from engine.errors import InputError
from engine.faces.by_hand import POINTS, face_amid, points_of
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.portrait_notes import warn_of
from stream.enroll.footage import kind_of_portrait
from stream.enroll.points import checked_points, face_with
from stream.files.output_place import failures_named
from stream.files.portrait_layout import KeptPortrait

logger = logging.getLogger(__name__)

LARGEST_BYTES = 1 << 16
"""Of a file with eight points."""


def portrait_by_hand(
    path: Path, points: Path | None, tracker: Tracker, points_out: Path | None = None
) -> KeptPortrait:
    """The portrait of a picture, its face as found and then with the points of a file.

    Where no face is found, the file must name all eight; `points_out` gets them in the middle of
    the picture then, to begin with. What its owner should know is logged, unless points are given.
    The tracker has forgotten all afterwards.

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
    elif face is not None:
        warn_of(picture, face, tracker)
    if face is None and points_out is not None:
        save_points(points_out, face_amid(picture.shape[:2]))
        raise InputError(
            f"no face was found in {path}. {points_out} has its eight points in the middle of the "
            "picture: put each where it belongs, then give the file by --points."
        )
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
    try:
        return checked_points(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _with_points(face: Face | None, path: Path, picture: Pixels) -> Face:
    points = load_points(path)
    if face is None:
        logger.warning("no face was found in the picture: it is taken to look straight ahead")
    try:
        return face_with(face, points, picture)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
