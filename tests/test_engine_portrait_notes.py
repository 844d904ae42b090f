"""A portrait whose face hardly fits, or whose mouth is open, is said to be so; others are not."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import stream
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.portrait_notes import OPEN, Doubt, doubts_of, doubts_told, notes_on
from tests.drawn_faces import drawn_picture
from tests.fakes import DiscTracker, disc_picture

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2] / "shared/media/portraits"


def doubts(picture: Pixels) -> tuple[Doubt, ...]:
    tracker = MeshTracker()
    face = tracker.find(picture)
    assert face is not None
    return doubts_of(picture, face, tracker)


def notes(picture: Pixels) -> tuple[str, ...]:
    tracker = MeshTracker()
    face = tracker.find(picture)
    assert face is not None
    return (*doubts_told(doubts_of(picture, face, tracker)), *notes_on(face))


def cartoon(eye: tuple[int, int], *, apart: int, mouth: tuple[int, int]) -> Pixels:
    """A round-eyed figure as in a comic strip; half axes in px."""
    picture = np.full((700, 700, 3), (190, 205, 215), np.uint8)

    def ellipse(
        at: tuple[int, int], axes: tuple[int, int], colour: tuple[int, int, int], line: int = -1
    ) -> None:
        middle = (350 + at[0], 370 + at[1])
        cv2.ellipse(picture, middle, axes, 0, 0, 360, colour, line, cv2.LINE_AA)

    ellipse((0, -60), (240, 275), (60, 40, 30))
    ellipse((0, 0), (200, 250), (235, 200, 175))
    ellipse((0, 0), (200, 250), (40, 30, 25), 4)
    cv2.ellipse(picture, (350, 220), (190, 110), 0, 180, 360, (60, 40, 30), -1, cv2.LINE_AA)
    iris = round(0.6 * min(eye))
    for side in (-1, 1):
        ellipse((side * apart, -30), eye, (255, 255, 255))
        ellipse((side * apart, -30), eye, (30, 20, 20), 4)
        ellipse((side * apart, -30), (iris, iris), (60, 110, 170))
        ellipse((side * apart, -30), (iris // 2, iris // 2), (10, 10, 15))
    ellipse((0, 75), (12, 5), (150, 110, 90))
    ellipse((0, 150), mouth, (170, 60, 60))
    return picture


@pytest.mark.parametrize(
    ("eye", "apart", "mouth"),
    [((60, 90), 95, (40, 14)), ((70, 110), 95, (25, 8)), ((55, 70), 62, (80, 20))],
    ids=["tall eyes", "huge eyes", "close eyes"],
)
def test_eyes_that_no_human_has_are_doubted(
    eye: tuple[int, int], apart: int, mouth: tuple[int, int]
) -> None:
    assert "eyes" in doubts(cartoon(eye, apart=apart, mouth=mouth))


def test_a_mouth_that_the_tracker_guesses_is_doubted() -> None:
    """A small one: its corners are found 10 % of the eyes' distance beside it."""
    assert "mouth" in doubts(cartoon((55, 70), apart=62, mouth=(25, 8)))


def test_what_is_doubted_is_one_line() -> None:
    assert doubts_told(()) == ()
    (line,) = doubts_told(("mouth",))
    assert line.startswith("the mouth of the portrait may be off")
    (both,) = doubts_told(("eyes", "mouth"))
    assert both.startswith("eyes and mouth of the portrait may be off")


@pytest.mark.parametrize("lid_gap", [1.0, 0.5])
def test_a_drawing_with_a_natural_face_is_not(lid_gap: float) -> None:
    assert notes(drawn_picture(lid_gap=lid_gap)) == ()


def test_an_open_mouth_is_told() -> None:
    assert notes(drawn_picture(mouth_gap=1.0)) == (OPEN,)


@pytest.mark.parametrize("path", sorted((Path(stream.__file__).parent / "assets").rglob("*.png")))
def test_nothing_is_said_of_the_bundled_portraits(path: Path) -> None:
    assert notes(open_picture(path)) == ()


def test_nothing_is_said_of_photographs_and_paintings() -> None:
    paths = sorted(SHARED.glob("*.*")) if SHARED.is_dir() else []
    if not paths:
        pytest.skip("the photographs of ../shared/media/portraits are not here")
    assert {path.name: notes(open_picture(path)) for path in paths} == {p.name: () for p in paths}


def test_whoever_lends_the_tracker_gets_it_back_without_a_memory() -> None:
    tracker, picture = DiscTracker(), disc_picture(256, 256, (128.0, 120.0))
    face = tracker.find(picture)
    assert face is not None
    assert doubts_of(picture, face, tracker) == ()
    assert tracker.resets == 5
