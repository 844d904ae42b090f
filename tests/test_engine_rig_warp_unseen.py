"""A turned head shows skin below its ear, not what the tracker guessed there."""

import cv2
import numpy as np
import pytest

from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import OVAL
from engine.rig.motion.motion import still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from engine.rig.warp.unseen import Unseen
from tests.faces_made import made_face

SIZE = 256
SKIN, BEHIND = (205, 160, 140), (20, 60, 230)
FACE = made_face(SIZE)
LANDMARKS = FACE.landmarks.astype(np.float64)


def guessed_too_wide(by_px: float = 3.0) -> Pixels:
    """Skin that ends a little within the outline the tracker has found, before a blue wall."""
    outline = LANDMARKS[list(OVAL), :2]
    middle = outline.mean(axis=0)
    away = outline - middle
    skin = middle + away * (1.0 - by_px / np.linalg.norm(away, axis=1, keepdims=True))
    picture = np.full((SIZE, SIZE, 3), BEHIND, np.uint8)
    cv2.fillPoly(picture, [np.round(skin).astype(np.int32)], SKIN)
    return picture


def covered_by_hair() -> Pixels:
    """Something else than skin on all of the cheek, up to where it is well seen."""
    picture = guessed_too_wide()
    outline = LANDMARKS[list(OVAL), :2]
    left, right = outline[:, 0].min(), outline[:, 0].max()
    picture[:, : int(left + 0.09 * (right - left))] = BEHIND
    picture[:, int(right - 0.09 * (right - left)) :] = BEHIND
    return picture


def turned(yaw: float, **moved: float) -> tuple[Array, Array]:
    """Where the portrait's mesh goes, and where it has its colours, (468, 2) each, px."""
    portrait = PortraitFace.from_face(FACE)
    face = made_face(SIZE, yaw=yaw, **moved)  # type: ignore[arg-type]
    motion = difference(read_face(FACE), read_face(face))
    head = head_motion(portrait, motion)
    target = target_landmarks(portrait, motion, head)
    return target[:468, :2], Unseen(LANDMARKS, guessed_too_wide()).source(target, head)


def test_at_rest_every_point_has_its_own_colour() -> None:
    portrait = PortraitFace.from_face(FACE)
    head = head_motion(portrait, still_motion())
    source = Unseen(LANDMARKS, guessed_too_wide()).source(LANDMARKS, head)
    np.testing.assert_array_equal(source, LANDMARKS[:468, :2])


@pytest.mark.parametrize("moved", [{"scale": 1.4}, {"jawOpen": 1.0}, {"browInnerUp": 1.0}])
def test_a_nearer_or_talking_head_keeps_its_outline(moved: dict[str, float]) -> None:
    _, source = turned(0.0, **moved)
    assert np.linalg.norm(source - LANDMARKS[:468, :2], axis=1).max() < 1.5


@pytest.mark.parametrize("yaw", [25.0, -25.0])
def test_the_cheek_that_comes_into_view_shows_skin(yaw: float) -> None:
    """Nothing of the wall is seen amid the face, where a turn had widened it to a hole."""
    picture = guessed_too_wide()
    output = RigPortrait(picture, FACE).render(
        difference(read_face(FACE), read_face(made_face(SIZE, yaw=yaw))), Edit(refine=False)
    )
    target, source = turned(yaw)
    moved = np.linalg.norm(source - LANDMARKS[:468, :2], axis=1)
    assert moved.max() > 3.0, "else nothing was taken back"
    inner = target[list(OVAL)]
    inner = inner.mean(axis=0) + 0.86 * (inner - inner.mean(axis=0))
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.round(inner).astype(np.int32)], 255)
    mask[int(target[:, 1].min()) : int(LANDMARKS[105, 1])] = 0  # below the brows
    is_wall = np.abs(output.astype(int) - BEHIND).sum(axis=2) < 150
    assert is_wall[mask > 0].mean() < 0.001


def test_hair_that_hangs_before_the_cheek_stays() -> None:
    portrait = PortraitFace.from_face(FACE)
    motion = difference(read_face(FACE), read_face(made_face(SIZE, yaw=25.0)))
    head = head_motion(portrait, motion)
    target = target_landmarks(portrait, motion, head)
    shifts = [
        np.linalg.norm(
            (Unseen(LANDMARKS, picture).source(target, head) - LANDMARKS[:468, :2])[list(OVAL)],
            axis=1,
        ).sum()
        for picture in (guessed_too_wide(), covered_by_hair())
    ]
    assert shifts[1] < 0.5 * shifts[0]


def test_a_face_that_is_seen_from_nowhere_is_left_as_it_is() -> None:
    """A tracker's nonsense: points all in one place."""
    lost = np.zeros((478, 3))
    portrait = PortraitFace.from_face(FACE)
    source = Unseen(lost, guessed_too_wide()).source(lost, head_motion(portrait, still_motion()))
    assert np.isfinite(source).all()
