"""Eyes that are taller than a human's: lids and irises are found where they were drawn."""

from pathlib import Path

import numpy as np
import pytest

import stream
from benchmarks.odd_faces.drawing import DRAWN, OddFace, painted
from engine.drawn_eyes import with_drawn_eyes
from engine.faces.by_hand import laid_over, points_of
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.pictures import open_picture
from engine.rig.landmarks import EYES
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.portrait import RigPortrait
from tests.drawn_faces import drawn_picture
from tests.faces_made import made_face, textured

HALF = 320.0
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
TALL = ("cartoon", "cat", "dog")
HEIGHTS = {"cartoon": (-0.184, 0.144), "cat": (-0.115, 0.075), "dog": (-0.2, -0.035)}
"""Above and below, in units of half the picture's side, as they are drawn."""


def fitted(drawn: OddFace) -> Face:
    return with_drawn_eyes(laid_over(drawn.points), drawn.picture)


@pytest.mark.parametrize("name", TALL)
def test_lids_lie_where_the_eye_is_drawn_to_end(name: str) -> None:
    points = fitted(DRAWN[name]()).landmarks
    top, bottom = (HALF + HALF * height for height in HEIGHTS[name])
    for eye in EYES:
        assert points[eye.upper, 1].min() == pytest.approx(top, abs=7.0)
        assert points[eye.lower, 1].max() == pytest.approx(bottom, abs=7.0)


def test_an_iris_is_as_large_as_it_is_drawn() -> None:
    points = fitted(DRAWN["cartoon"]()).landmarks
    for eye, side in zip(EYES, (1.0, -1.0), strict=True):
        radius = np.linalg.norm(points[eye.iris + 1] - points[eye.iris + 3]) / 2.0
        assert radius == pytest.approx(0.07 * HALF, rel=0.2)
        assert points[eye.iris, 0] == pytest.approx(HALF + side * 0.17 * HALF, abs=4.0)


def test_what_is_above_a_lid_stays_above_it() -> None:
    """Brows as corners place them lie within a tall eye; the mesh would fold there."""
    points = fitted(DRAWN["cartoon"]()).landmarks
    brow = [63, 105, 66, 296, 334, 293]
    assert points[brow, 1].max() < min(points[eye.upper, 1].min() for eye in EYES)


def eye_colours(picture: Pixels, face: Face, away: Array) -> Array:
    """(2,) brightness where both irises are, and so far from there, px."""
    at = (face.landmarks[[468, 473], :2] + away).round().astype(int)
    return np.array([picture[y - 2 : y + 3, x - 2 : x + 3].mean() for x, y in at])


@pytest.mark.parametrize("name", TALL)
def test_tall_eyes_close(name: str) -> None:
    """Where the iris was, there is the face's own colour; beside the eyes nothing has changed."""
    drawn = DRAWN[name]()
    face = fitted(drawn)
    closed = RigPortrait(drawn.picture, face).render(motion_from_arkit(BLINK), Edit())
    lid = face.landmarks[EYES[0].lower[3], :2] + (0.0, 12.0)
    x, y = lid.round().astype(int)
    skin = drawn.picture[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
    for at in face.landmarks[[468, 473], :2] - (0.0, 10.0):
        x, y = at.round().astype(int)
        near = closed[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
        assert np.abs(near - skin).max() < 40.0
    mouth = slice(int(face.landmarks[13, 1]) - 10, int(face.landmarks[13, 1]) + 10)
    change = np.abs(closed[mouth].astype(int) - drawn.picture[mouth])
    assert change.mean() < 1.0


@pytest.mark.parametrize("aperture", [0.0, 0.5])
def test_a_comics_lids_are_painted_and_take_no_brow_along(aperture: float) -> None:
    drawn = DRAWN["cartoon"]()
    face = fitted(drawn)
    motion = motion_from_arkit({})
    motion.aperture[:] = aperture
    closing = RigPortrait(drawn.picture, face).render(motion, Edit())
    above = slice(0, int(0.5 * 640 - 0.19 * HALF))
    assert np.abs(closing[above].astype(int) - drawn.picture[above]).max() <= 4
    white = [((picture.min(axis=2) > 240).sum()) for picture in (drawn.picture, closing)]
    assert white[1] < (0.1 if aperture == 0.0 else 0.7) * white[0]


BUNDLED = sorted((Path(stream.__file__).parent / "assets").rglob("*.png"))


@pytest.mark.slow
@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_people_keep_their_lids(path: Path) -> None:
    """Whose brow is as dark as their lashes; in oil, too."""
    picture, tracker = open_picture(path), MeshTracker()
    face = tracker.find(picture)
    assert face is not None
    assert with_drawn_eyes(face, picture) is face
    oil = painted(picture, points_of(face))
    moved = face.moved(oil.picture.shape[0] / picture.shape[0], (0.0, 0.0))
    assert with_drawn_eyes(moved, oil.picture) is moved


def test_eyes_like_a_humans_and_what_is_no_eye_stay_as_they_are() -> None:
    face = made_face(320)
    for picture in (textured(320), drawn_picture(), np.full((320, 320, 3), 140, np.uint8)):
        assert with_drawn_eyes(face, picture) is face
