"""Films and driving clips: brows are read where their pictures show them."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.brow_strip import BrowStrip, strip_of
from engine.faces.face import Face
from engine.rig.driver.reading import read_face
from engine.rig.edit.brows import checked
from engine.rig.edit.editor import RigEditor
from tests.brows_made import RAISED, drawn, heights, made_face

RISES = 5
"""The first of 8 frames whose brows are up, which the tracker overlooks."""
COUNT = 8
LOST = 2


class Overlooked:
    """A face that stays in each frame, as a tracker has it."""

    shots = np.zeros(COUNT, np.int64)
    times_s = np.arange(COUNT) / 25.0
    size = (512, 512)
    seen = np.arange(COUNT) != LOST

    def __init__(self, told: Face, *, kept: bool = True) -> None:
        self._told = told
        faces = [made_face(**(RAISED if k >= RISES else {})) for k in range(COUNT)]
        self._strips = [strip_of(drawn(face), told) if kept else None for face in faces]
        self._strips[LOST] = None

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        found = np.repeat(self._told.landmarks[None], COUNT, axis=0)
        found[LOST] = np.nan
        return found[begin:end]

    def brows(self, begin: int, end: int) -> Sequence[BrowStrip | None]:
        return self._strips[begin:end]


def raised(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(2,) cm"""
    points = read_face(Face(landmarks=landmarks, confidence=1.0)).points
    return np.asarray(heights(points - read_face(made_face()).points))


def test_overlooked_brows_are_where_the_pictures_show_them() -> None:
    found = checked(Overlooked(made_face())).landmarks(0, COUNT)
    truth = raised(made_face(**RAISED).landmarks)
    assert np.all(raised(found[6]) > 0.6 * truth)
    assert np.all(np.abs(raised(found[0])) < 0.05)
    assert np.isnan(found[LOST]).all()


def test_blocks_of_frames_are_read_alike() -> None:
    track = checked(Overlooked(made_face()))
    assert np.array_equal(track.landmarks(5, 7), track.landmarks(0, COUNT)[5:7])


def test_without_pictures_the_tracker_is_taken_at_its_word() -> None:
    track = Overlooked(made_face(), kept=False)
    assert checked(track) is track


def test_a_followed_driver_raises_the_brows_that_its_pictures_show() -> None:
    def unread(index: int) -> object:
        raise AssertionError("no picture is decoded again")

    performer = RigEditor().follow(Overlooked(made_face()), unread)  # type: ignore[arg-type]
    ways = [performer.at(k / 25.0) for k in (0, 6)]
    rest, up = (heights(way.offsets) for way in ways if way is not None)
    assert np.all(up - rest > 0.15)
    assert rest == pytest.approx(0.0, abs=0.1)
