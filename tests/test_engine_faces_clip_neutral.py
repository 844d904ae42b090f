"""The neutral face is the frontal one at rest: lips closed, eyes open, brows as usual."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.faces.clip_neutral import find_neutral, find_neutrals
from engine.faces.face import LANDMARKS, Face


def face(
    *,
    gap: float = 0.0,
    lids: float = 1.0,
    brows: float = 0.0,
    smile: float = 0.0,
    smirk: float = 0.0,
    gaze: float = 0.0,
    yaw: float = 0.0,
    noise: int | None = None,
) -> Face:
    """A face of the few points that matter, eye corners 100 px apart; angles in degrees."""
    points: NDArray[np.float32] = np.zeros((LANDMARKS, 3), np.float32)
    for index, along in ((33, -50), (133, -20), (362, 20), (263, 50)):
        points[index] = (along, 0, 0)
    for upper, lower, brow, along in ((159, 145, 105, -35), (386, 374, 334, 35)):
        points[upper, :2] = (along, -4 * lids)
        points[lower, :2] = (along, 4 * lids)
        points[brow, :2] = (along, -25 - brows)
    points[13, :2], points[14, :2] = (0, 60 - gap / 2), (0, 60 + gap / 2)
    points[61, :2], points[291, :2] = (-25 - smile, 60 - smile), (25 + smile, 60 - smile - smirk)
    points[468, :2], points[473, :2] = (-35 + gaze, 0), (35 + gaze, 0)
    points[10, :2], points[152, :2] = (0, -60), (0, 100)
    if noise is not None:
        points += np.random.default_rng(noise).normal(0, 0.2, points.shape).astype(np.float32)
    turn = np.radians(yaw)
    x, z = points[:, 0].copy(), points[:, 2].copy()
    points[:, 0] = x * np.cos(turn) - z * np.sin(turn)
    points[:, 2] = x * np.sin(turn) + z * np.cos(turn)
    return Face(landmarks=points + 200, confidence=1.0)


def talking(count: int) -> list[Face | None]:
    """Somebody who talks, blinks and looks around, and never rests."""
    random = np.random.default_rng(3)
    return [
        face(
            gap=float(random.uniform(4, 20)),
            lids=0.1 if index % 7 == 0 else 1.0,
            brows=float(random.uniform(-3, 6)),
            yaw=float(random.uniform(10, 25)) * (-1) ** index,
            noise=index,
        )
        for index in range(count)
    ]


def test_the_one_face_at_rest_is_found_among_talking_ones() -> None:
    faces = talking(60)
    faces[41] = face(noise=99)
    assert find_neutral(faces) == 41


def test_frames_without_a_face_are_passed_over() -> None:
    assert find_neutral([None, None, face(gap=12), None, face(), face(gap=15)]) == 4


def test_without_any_face_there_is_no_neutral_one() -> None:
    assert find_neutral([None, None]) is None
    assert find_neutral([]) is None


def test_a_single_face_is_the_neutral_one() -> None:
    assert find_neutral([None, face(gap=20, yaw=30)]) == 1


def test_each_expression_loses_against_rest() -> None:
    """One odd frame among rest in many small variations is never chosen."""
    rest: list[Face | None] = [face(noise=index) for index in range(30)]
    for odd in (
        face(gap=10, noise=77),
        face(lids=0.2, noise=77),
        face(lids=1.6, noise=77),
        face(brows=9, noise=77),
        face(smile=8, noise=77),
        face(smirk=8, noise=77),
        face(gaze=7, noise=77),
        face(yaw=20, noise=77),
    ):
        assert find_neutral([odd, *rest]) != 0


def test_a_steady_turn_of_the_head_still_prefers_the_frontal_frames() -> None:
    """The camera stands aside: most frames are turned by 20 degrees, some by 5."""
    faces: list[Face | None] = [face(yaw=20, noise=index) for index in range(30)]
    faces[10:14] = [face(yaw=5, noise=index) for index in range(4)]
    assert find_neutral(faces) in range(10, 14)


def test_each_person_of_each_shot_has_a_neutral_face_who_is_seen_longest_first() -> None:
    """Somebody calmer than the first is in the clip, and doesn't become the first's neutral."""
    faces = talking(60)
    faces[11] = face(noise=99)
    for index in range(20, 32):
        calm = face(gap=0.5 if index != 25 else 0.0, smile=6, noise=index)
        faces[index] = replace(calm, shot=1, person=1)
    for index in range(55, 60):
        faces[index] = replace(face(smile=-5, gap=4, noise=index), shot=1, person=2)
    found = find_neutrals(faces)
    assert found[0] == 11
    assert found[1] in range(20, 32)
    assert found[2] in range(55, 60)


def test_a_clip_without_a_face_has_no_neutral_faces() -> None:
    assert find_neutrals([None, None]) == []
