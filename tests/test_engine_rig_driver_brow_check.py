"""Brows are where the picture shows them, whatever a tracker's landmarks say."""

import numpy as np
import pytest

from engine.faces.canonical import load_basis
from engine.faces.face import Face
from engine.geometry import Array
from engine.motion import ARKIT_NAMES
from engine.rig.driver.brow_check import BrowCheck
from engine.rig.driver.driver import RigDriver, difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import LIDS
from tests.brows_made import LOWERED, RAISED, drawn, heights, made_face


def corrected_heights(seen: Face, told: Face, **drawing: float) -> tuple[Array, Array]:
    """What is read where the picture shows one face and the tracker tells another; and the truth.

    Both in cm against the face at rest.
    """
    rest = made_face()
    neutral = read_face(rest)
    check = BrowCheck(neutral, drawn(rest))
    corrected = check.corrected(read_face(told), drawn(seen, **drawing))  # type: ignore[arg-type]
    truth = read_face(seen).points - neutral.points
    return heights(corrected.points - neutral.points), heights(truth)


@pytest.mark.parametrize("moved", [RAISED, LOWERED], ids=["raised", "lowered"])
def test_brows_that_the_tracker_overlooks_are_read(moved: dict[str, float]) -> None:
    read, truth = corrected_heights(made_face(**moved), made_face())
    assert np.all(read / truth > 0.6)
    assert np.all(read / truth < 1.2)


def test_brows_that_the_tracker_draws_down_are_read_raised() -> None:
    read, truth = corrected_heights(made_face(**RAISED), made_face(browDownLeft=0.5))
    assert np.all(read / truth > 0.6)


def test_one_raised_brow_leaves_the_other_where_it_is() -> None:
    read, truth = corrected_heights(made_face(browOuterUpLeft=0.9), made_face())
    assert truth[1] > 0.3
    assert read[1] > 0.6 * truth[1]
    assert abs(read[0]) < 0.06


def test_a_light_that_changes_and_noise_move_no_brow() -> None:
    read, _ = corrected_heights(made_face(), made_face(), light=0.7, noise=4.0)
    assert np.all(np.abs(read) < 0.06)


def test_brows_too_faint_to_be_seen_are_taken_as_told() -> None:
    rest, told = made_face(), made_face(**RAISED)
    check = BrowCheck(read_face(rest), drawn(rest, brow=184))
    reading = read_face(told)
    assert check.corrected(reading, drawn(rest, brow=184)) is reading


def test_grey_brows_are_read() -> None:
    rest, seen = made_face(), made_face(**RAISED)
    neutral = read_face(rest)
    check = BrowCheck(neutral, drawn(rest, brow=165))
    corrected = check.corrected(neutral, drawn(seen, brow=165))
    truth = heights(read_face(seen).points - neutral.points)
    assert np.all(heights(corrected.points - neutral.points) > 0.6 * truth)


def test_a_head_that_is_turned_far_is_taken_as_told() -> None:
    rest, turned = made_face(), made_face(yaw=35.0)
    reading = read_face(turned)
    assert BrowCheck(read_face(rest), drawn(rest)).corrected(reading, drawn(turned)) is reading


@pytest.mark.parametrize("turn", [{"yaw": 8.0}, {"pitch": -8.0}, {"roll": 12.0}, {"scale": 1.15}])
def test_a_head_that_moves_moves_no_brow(turn: dict[str, float]) -> None:
    moved = made_face(**turn)
    read, _ = corrected_heights(moved, moved)
    assert np.all(np.abs(read) < 0.1)


def test_forehead_follows_and_lids_nose_and_mouth_stay() -> None:
    rest, seen = made_face(), made_face(**RAISED)
    neutral = read_face(rest)
    corrected = BrowCheck(neutral, drawn(rest)).corrected(neutral, drawn(seen))
    way = (corrected.points - neutral.points)[:, 1]
    assert not way[LIDS].any()
    low = np.flatnonzero(load_basis().canonical[:468, 1] < 1.5)
    assert np.abs(way[low]).max() < 0.02
    assert 0.1 < way[151] / heights(corrected.points - neutral.points).mean() < 1.0  # forehead


def test_a_driver_reads_brows_from_its_pictures() -> None:
    rest, seen = made_face(), made_face(**RAISED)
    driver = RigDriver()
    driver.calibrate(drawn(rest), rest)
    motion = driver.read(drawn(seen), rest, 0)
    truth = difference(read_face(rest), read_face(seen))
    assert np.all(heights(motion.offsets) > 0.6 * heights(truth.offsets))
    assert np.abs(driver.read(drawn(rest), rest, 0).offsets).max() < 1e-6


@pytest.mark.parametrize("size", [(1, 1), (40, 512), (512, 40)])
def test_a_face_beyond_the_pictures_border_breaks_nothing(size: tuple[int, int]) -> None:
    rest = made_face()
    check = BrowCheck(read_face(rest), drawn(rest))
    picture = np.ascontiguousarray(drawn(rest)[: size[0], : size[1]])
    assert np.isfinite(check.corrected(read_face(rest), picture).points).all()


def test_names_of_the_basis_are_arkits() -> None:
    assert {*RAISED, *LOWERED} <= set(ARKIT_NAMES)


def test_a_nod_tells_less_of_brows_than_a_turn() -> None:
    rest = made_face()
    check = BrowCheck(read_face(rest), drawn(rest))

    def told(**turn: float) -> float:
        """How much of raised brows that the tracker overlooks is found, cm."""
        moved = made_face(**turn)
        return float(check.higher(read_face(moved), drawn(made_face(**turn, **RAISED))).mean())

    assert told(pitch=-9.0) < 0.6 * told(yaw=9.0)
