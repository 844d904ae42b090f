"""The driving picture confirms a movement of the head or denies it."""

import numpy as np
import pytest

from engine.geometry import vector_from_rotation
from engine.rig.driver.driver import rigid_movement
from engine.rig.driver.head_check import HeadCheck
from engine.rig.driver.reading import read_face
from tests.faces_made import made_face, textured

SIZE = 256


def test_a_movement_that_the_picture_shows_is_trusted_and_no_other() -> None:
    picture = textured()
    neutral = read_face(made_face(), picture)
    head_check = HeadCheck(neutral, picture)
    moved = rigid_movement(neutral, read_face(made_face(shift=(9.0, -4.0))))
    shifted = np.roll(picture, (-4, 9), axis=(0, 1))
    assert head_check.trusted_share(moved, shifted) > 0.95
    assert head_check.trusted_share(moved, picture) < 0.2


def test_half_a_movement_is_half_trusted() -> None:
    picture = textured()
    neutral = read_face(made_face(), picture)
    moved = rigid_movement(neutral, read_face(made_face(shift=(12.0, 0.0))))
    halfway = np.roll(picture, 6, axis=1)
    assert HeadCheck(neutral, picture).trusted_share(moved, halfway) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize(("yaw", "pitch"), [(18.0, 0.0), (0.0, 12.0)], ids=["shake", "nod"])
def test_of_a_large_turn_eight_degrees_may_be_denied(yaw: float, pitch: float) -> None:
    picture = textured()
    neutral = read_face(made_face(), picture)
    moved = rigid_movement(neutral, read_face(made_face(yaw=yaw, pitch=pitch)))
    read = float(np.degrees(np.linalg.norm(vector_from_rotation(moved.rotation))))
    assert read > 9.0
    assert HeadCheck(neutral, picture).least_share(moved) == pytest.approx(1.0 - 8.0 / read)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (-130.0, 20.0), (140.0, 130.0)])
@pytest.mark.parametrize("size", [SIZE, 64, 1])
def test_a_stream_may_change_its_size_with_a_head_at_the_border(
    size: int, shift: tuple[float, float]
) -> None:
    picture = textured()
    neutral = read_face(made_face(shift=shift), picture)
    moved = rigid_movement(neutral, read_face(made_face(shift=shift, yaw=9.0)))
    share = HeadCheck(neutral, picture).trusted_share(
        moved, np.ascontiguousarray(picture[:size, :size])
    )
    assert 0.0 <= share <= 1.0
