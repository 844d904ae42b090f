"""A cheek that comes into view is painted: with skin, with its own light, and hair stays hair."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.rig.landmarks import OVAL
from engine.rig.motion.motion import still_motion
from engine.rig.paint.cheeks import cheek_painters
from engine.rig.paint.hidden_skin import hidden_skin
from engine.rig.paint.smooth import spread
from engine.rig.paint.unwrapped import unwrapped
from engine.rig.portrait import RigPortrait
from engine.rig.warp.target import HeadMotion, PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face

SIZE = 256
SKIN, EAR, HAIR = (205, 160, 140), (150, 60, 60), (40, 25, 20)


def painted(face: PortraitFace, beyond: float, other: tuple[int, int, int]) -> Pixels:
    """Skin up to so much of the way from the face's middle to its outline, and something else."""
    outline = face.landmarks[list(OVAL), :2]
    middle = outline.mean(axis=0)
    picture = np.full((SIZE, SIZE, 3), other, np.uint8)
    inner = middle + (outline - middle) * (beyond, 1.2)
    cv2.fillPoly(picture, [np.round(inner).astype(np.int32)], SKIN)
    return picture


def turned(face: PortraitFace, yaw: float) -> tuple[HeadMotion, Array]:
    motion = replace(still_motion(), rotation=np.array([0.0, np.radians(yaw), 0.0]))
    head = head_motion(face, motion)
    return head, target_landmarks(face, motion, head)


def inside(target: Array) -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    outline = target[list(OVAL), :2]
    middle = outline.mean(axis=0)
    cv2.fillPoly(mask, [np.round(middle + 0.85 * (outline - middle)).astype(np.int32)], 1)
    return mask > 0


@pytest.mark.parametrize("yaw", [30.0, -30.0])
def test_a_cheek_that_comes_into_view_has_skin_and_no_stretched_ear(yaw: float) -> None:
    face = PortraitFace.from_face(made_face(SIZE))
    picture = painted(face, beyond=0.88, other=EAR)
    motion = replace(still_motion(), rotation=np.array([0.0, np.radians(yaw), 0.0]))
    shown = RigPortrait(picture, made_face(SIZE)).render(motion, Edit(refine=False))
    _, target = turned(face, yaw)
    is_ear = np.abs(shown.astype(int) - EAR).sum(axis=2) < 100
    assert is_ear[inside(target)].mean() < 0.01


def test_hair_that_hangs_before_a_cheek_is_not_painted_over() -> None:
    face = PortraitFace.from_face(made_face(SIZE))
    flat = unwrapped(painted(face, beyond=0.6, other=HAIR), face.landmarks, 6.8)
    bare = unwrapped(painted(face, beyond=0.95, other=HAIR), face.landmarks, 6.8)
    middle = slice(flat.seen.shape[0] // 2, flat.seen.shape[0] * 3 // 4)
    hung, free = (hidden_skin(each)[middle, ..., 3].max(initial=0) for each in (flat, bare))
    assert hung < 0.2 * free
    assert free > 200


def test_hair_that_hangs_before_a_cheek_comes_from_above() -> None:
    """There it may be as light as skin: filled in, it would end amid the temple."""
    face = PortraitFace.from_face(made_face(SIZE))
    bare, picture = painted(face, beyond=0.95, other=HAIR), painted(face, beyond=0.6, other=HAIR)
    eyes = int(face.landmarks[33, 1])
    picture[:eyes] = bare[:eyes]
    flat = unwrapped(picture, face.landmarks, 6.8)
    above = slice(int(flat.places[10, 1]) + 8, int(flat.places[33, 1]) - 8)
    assert hidden_skin(flat)[above, ..., 3].max() < 50
    assert hidden_skin(unwrapped(bare, face.landmarks, 6.8))[above, ..., 3].max() > 200


@pytest.mark.parametrize("yaw", [0.0, 2.0])
def test_at_rest_nothing_is_painted(yaw: float) -> None:
    face = PortraitFace.from_face(made_face(SIZE))
    painters = cheek_painters(painted(face, beyond=0.9, other=EAR), face)
    assert len(painters) == 2
    head, target = turned(face, yaw)
    assert all(each.find_layer((SIZE, SIZE), target, head) is None for each in painters)


def test_the_far_half_of_a_three_quarter_view_shows_what_the_near_half_has() -> None:
    """A mole on the near cheek is mirrored, where the far cheek itself is not in the picture."""
    face = PortraitFace.from_face(made_face(SIZE, yaw=25.0))
    ahead = face.pose.placement.rotation[:, 2]
    picture = painted(face, beyond=1.2, other=EAR)
    near, far = (352, 123) if ahead[0] < 0.0 else (123, 352)  # between eye, mouth and ear
    x, y = face.landmarks[near, :2].round().astype(int).tolist()
    cv2.circle(picture, (x, y), 3, (110, 60, 50), -1)
    flat = unwrapped(picture, face.landmarks, 6.8)
    skin = hidden_skin(flat)
    column, row = flat.places[far, :2].round().astype(int).tolist()
    assert skin[row, column, 3] > 100, "hidden"
    around = skin[row - 3 : row + 4, column - 3 : column + 4, :3].astype(int).sum(axis=2)
    assert around.min() < sum(SKIN) - 100


def test_light_from_one_side_stays_on_its_side() -> None:
    """What is filled in goes on from the skin beside it, it isn't the other half's colour."""
    face = PortraitFace.from_face(made_face(SIZE))
    picture = painted(face, beyond=1.2, other=EAR)
    middle = int(face.landmarks[1, 0])
    shade = np.clip((np.arange(SIZE) - middle) / 60.0, -1.0, 1.0) * 0.35 + 0.65
    picture = (picture * shade[:, None]).astype(np.uint8)
    skin = hidden_skin(unwrapped(picture, face.landmarks, 6.8))
    rows, columns = skin.shape[:2]
    row = skin[rows // 2, :, :3].astype(int).sum(axis=1)
    assert row[columns // 8] < 0.6 * row[-columns // 8]


def test_a_face_that_is_seen_from_nowhere_has_no_cheeks() -> None:
    """A tracker's nonsense: points all in one place."""
    face = PortraitFace.from_face(made_face(SIZE))
    lost = replace(face, landmarks=np.zeros((478, 3)))
    painters = cheek_painters(np.zeros((SIZE, SIZE, 3), np.uint8), lost)
    head, _ = turned(face, 20.0)
    assert all(each.find_layer((SIZE, SIZE), np.zeros((478, 3)), head) is None for each in painters)


def test_values_are_kept_where_they_are_known_and_go_on_around() -> None:
    values = np.zeros((40, 60, 3), np.float32)
    values[:, :20] = 100.0
    weights = np.zeros((40, 60), np.float32)
    weights[:, :20] = 1.0
    found = spread(values, weights)
    np.testing.assert_allclose(found[:, :20], 100.0, atol=1e-3)
    np.testing.assert_allclose(found[:, 20:], 100.0, atol=1.0)
