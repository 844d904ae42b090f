"""Where a face lies in PD-FGC's picture: eyes and lips in their places, the rest to be seen."""

import numpy as np
import pytest

from engine.faces.face import Face
from engine.pdfgc.alignment import (
    TARGETS,
    Alignment,
    AlignmentFollower,
    aligned,
    three_points,
)
from tests.faces_made import made_face, textured

FRAME_NS = 40_000_000


def followed(follower: AlignmentFollower, faces: list[Face]) -> Alignment:
    """The last face's."""
    found = [follower.update(face, index * FRAME_NS) for index, face in enumerate(faces)]
    return found[-1]


def test_the_places_are_those_of_the_authors_two_steps() -> None:
    """224 px aligned, rows 0-191 and columns 16-207 of it, enlarged from 192 to 224."""
    wanted = [[82.9, 68.9], [141.3, 68.9], [112.1, 140.1]]
    np.testing.assert_allclose(TARGETS, wanted, atol=0.06)


@pytest.mark.parametrize("roll", [-25.0, 0.0, 40.0])
def test_a_single_picture_loses_its_roll_and_its_size(roll: float) -> None:
    face = made_face(400, roll=roll, scale=1.4, shift=(30.0, -12.0))
    points = three_points(aligned(face).face(face))
    assert np.abs(points - TARGETS).max() < 8  # a face has its own proportions
    np.testing.assert_allclose(points[2], TARGETS[2], atol=1e-3)
    upright = three_points(aligned(made_face(256)).face(made_face(256)))
    np.testing.assert_allclose(points, upright, atol=0.5)


def test_a_cut_shows_the_picture_where_the_alignment_says() -> None:
    picture, face = textured(300), made_face(300, roll=20.0)
    alignment = aligned(face)
    cut = alignment.cut(picture)
    assert cut.shape == (224, 224, 3)
    for pixel in ([60, 100], [150, 90], [112, 140]):
        x, y = np.rint(alignment.to_picture() @ [*pixel, 1]).astype(int)
        shown = cut[pixel[1], pixel[0]].astype(int)
        assert np.abs(shown - picture[y, x]).max() < 25  # half a pixel off
    large = alignment.cut(picture, 448)
    assert np.abs(large[200:240:2, 200:240:2].astype(int) - cut[100:120, 100:120]).mean() < 4


def test_beyond_the_picture_it_is_black() -> None:
    picture = np.full((256, 256, 3), 200, np.uint8)
    cut = aligned(made_face(256, shift=(-110.0, 0.0))).cut(picture)
    assert (cut[:, :5] == 0).all()
    assert (cut[:, -60:] == 200).all()


def test_a_stream_keeps_its_mouth_in_place_and_shows_roll_turn_and_size() -> None:
    follower = AlignmentFollower()
    rolled = made_face(256, roll=12.0, shift=(20.0, 5.0))
    alignment = followed(follower, [made_face(256)] * 30 + [rolled] * 6)
    points = three_points(alignment.face(rolled))
    np.testing.assert_allclose(points[2], TARGETS[2], atol=0.1)
    still = three_points(aligned(made_face(256)).face(made_face(256)))
    across, level = points[1] - points[0], still[1] - still[0]
    turned = np.degrees(np.arctan2(across[1], across[0]) - np.arctan2(level[1], level[0]))
    assert abs(abs(turned) - 12.0) < 1.0
    near = made_face(256, scale=1.2)
    alignment = followed(AlignmentFollower(), [made_face(256)] * 30 + [near] * 6)
    wide = three_points(alignment.face(near))
    assert np.linalg.norm(wide[1] - wide[0]) == pytest.approx(
        1.2 * np.linalg.norm(still[1] - still[0]), rel=0.02
    )


def test_a_shift_is_four_fifths_of_this_picture_and_one_of_the_last() -> None:
    follower = AlignmentFollower()
    for index in range(30):
        follower.update(made_face(256), index * FRAME_NS)
    moved = made_face(256, shift=(40.0, 0.0))
    alignment = follower.update(moved, 30 * FRAME_NS)
    scale = float(np.hypot(*alignment.to_crop[:, 0]))
    behind = three_points(alignment.face(moved))[2] - TARGETS[2]
    assert behind[0] == pytest.approx(0.2 * 40.0 * scale, rel=0.02)


@pytest.mark.parametrize("change", ["shot", "size"])
def test_another_face_is_aligned_anew(change: str) -> None:
    from dataclasses import replace

    follower = AlignmentFollower()
    for index in range(30):
        follower.update(made_face(256), index * FRAME_NS)
    other = made_face(256, roll=25.0, scale=2.0 if change == "size" else 1.0)
    if change == "shot":
        other = replace(other, shot=1)
    alignment = follower.update(other, 31 * FRAME_NS)
    np.testing.assert_allclose(alignment.to_crop, aligned(other).to_crop, atol=1e-6)
