"""What is seen from near: lids close on skin, eyes have no seams, lips and brows are whole."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import stream
from engine.faces.canonical import load_basis
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.framing import fit_portrait
from engine.geometry import Array, rotation_from_yaw_pitch_roll
from engine.motion import Edit
from engine.pictures import open_picture
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS, Eye
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from tests.faces_made import made_face, textured

SIZE = 512
SKIN, WHITE, IRIS, CORNER = (205, 150, 120), (232, 232, 230), (60, 110, 150), (205, 110, 120)

BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
LOOKS: dict[str, dict[str, float]] = {
    "left": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "right": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    "up": {"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0},
    "down": {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0},
    "straight": {},
}
WIDE = {"eyeWideLeft": 1.0, "eyeWideRight": 1.0}
LOWER_LIP = [*INNER_LIPS[11:], *OUTER_LIPS[11:]]
UPPER_LIP = [*INNER_LIPS[1:10], *OUTER_LIPS[1:10]]
"""Without the corners between them."""


def corner_of(
    landmarks: Array | NDArray[np.float32], eye: Eye, reach: float = 0.2
) -> NDArray[np.bool_]:
    """What lies so near to an eye's inner corner, in eye widths."""
    rows, columns = np.indices((SIZE, SIZE))
    (x, y), width = landmarks[eye.inner, :2], landmarks[eye.inner] - landmarks[eye.outer]
    return np.asarray(np.hypot(columns - x, rows - y) < reach * np.linalg.norm(width))


def opening(points: Array | NDArray[np.float32], contour: NDArray[np.int64]) -> Pixels:
    inside = np.zeros((SIZE, SIZE), np.uint8)
    corners = np.round(points[contour, :2] * 16).astype(np.int32)
    return np.asarray(cv2.fillPoly(inside, [corners], 255, cv2.LINE_8, 4))


def painted_eyes() -> tuple[Pixels, Face]:
    """Flat colours: whatever is seen afterwards tells where it was taken from."""
    face = made_face(SIZE)
    picture = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for eye in EYES:
        inside = opening(face.landmarks, eye.contour) > 0
        picture[inside] = WHITE
        picture[inside & corner_of(face.landmarks, eye)] = CORNER
        middle = face.landmarks[eye.iris, :2]
        radius = np.linalg.norm(face.landmarks[eye.iris + 1] - face.landmarks[eye.iris + 3]) / 2
        disc = np.zeros((SIZE, SIZE), np.uint8)
        at = tuple(np.round(middle * 16).astype(int).tolist())
        cv2.circle(disc, at, round(float(radius) * 16), 255, -1, cv2.LINE_8, 4)
        picture[inside & (disc > 0)] = IRIS
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.uint8), face


def is_skin(picture: Pixels) -> NDArray[np.bool_]:
    """Redder than whatever the eyeball is mixed of."""
    red, _, blue = (picture[..., channel].astype(int) for channel in range(3))
    return np.asarray(red - blue > 40)


def is_white(picture: Pixels) -> NDArray[np.bool_]:
    return np.asarray(picture.min(axis=-1) > 175)


def is_iris(picture: Pixels) -> NDArray[np.bool_]:
    red, _, blue = (picture[..., channel].astype(int) for channel in range(3))
    return np.asarray(blue - red > 20)


def around_lids(target: Array) -> NDArray[np.bool_]:
    both = np.maximum(*(opening(target, eye.contour) for eye in EYES))
    return np.asarray(cv2.dilate(both, np.ones((9, 9), np.uint8)) > 0)


@pytest.mark.parametrize("look", LOOKS)
def test_no_white_and_no_iris_is_seen_through_closed_lids(look: str) -> None:
    picture, face = painted_eyes()
    portrait = RigPortrait(picture, face)
    warped = portrait.warp(motion_from_arkit(BLINK | LOOKS[look]))
    seen = warped.picture[around_lids(warped.target)]
    assert not is_white(seen).any()
    assert not is_iris(seen).any()


@pytest.mark.parametrize("widely", [{}, WIDE], ids=["open", "wide"])
@pytest.mark.parametrize("look", LOOKS)
def test_an_eye_that_looks_aside_shows_no_skin_between_its_lids(
    look: str, widely: dict[str, float]
) -> None:
    portrait = RigPortrait(*painted_eyes())
    warped = portrait.warp(motion_from_arkit(LOOKS[look] | widely))
    for eye in EYES:
        inside = cv2.erode(opening(warped.target, eye.contour), np.ones((5, 5), np.uint8)) > 0
        inside &= ~corner_of(warped.target, eye, 0.27)
        assert not is_skin(warped.picture[inside]).any()


@pytest.mark.parametrize("look", ["left", "right"])
def test_an_iris_that_moves_into_the_corner_takes_no_white_along(look: str) -> None:
    picture, face = painted_eyes()
    warped = RigPortrait(picture, face).warp(motion_from_arkit(LOOKS[look]))
    for eye in EYES:
        corner = corner_of(face.landmarks, eye) & (opening(face.landmarks, eye.contour) > 0)
        inner = cv2.erode(corner.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        assert inner.sum() >= 5
        assert not is_white(warped.picture[inner]).any()


def test_eyes_at_rest_are_the_portraits_own() -> None:
    picture, face = painted_eyes()
    change = np.abs(RigPortrait(picture, face).render(still_motion(), Edit()).astype(int) - picture)
    assert change.max() <= 24
    assert change[around_lids(face.landmarks.astype(np.float64))].mean() < 1.0


BUNDLED = sorted((Path(stream.__file__).parent / "assets").rglob("*.png"))


@pytest.mark.slow
@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_closed_lids_of_the_bundled_portraits_show_no_eyeball(path: Path) -> None:
    """White and their green and blue irises are less red than skin and lashes."""
    picture = open_picture(path)
    face = MeshTracker().find(picture)
    assert face is not None
    portrait = RigPortrait(*fit_portrait(picture, face, frame="face", size=SIZE))
    for look in LOOKS.values():
        warped = portrait.warp(motion_from_arkit(BLINK | look))
        red, green, blue = warped.picture[around_lids(warped.target)].astype(int).T
        cold = (red - np.maximum(green, blue) < 6) & (red + green + blue > 240)
        assert cold.sum() == 0


def scream(much: float) -> RigMotion:
    """As a tracker reads a scream: the lips go far, the skin beside them goes with the jaw."""
    motion = motion_from_arkit({"jawOpen": 1.0})
    motion.offsets[LOWER_LIP, 1] -= 1.6 * much
    motion.offsets[UPPER_LIP, 1] += 1.6 * much
    return motion


def comes_from(face: Face, motion: RigMotion, axis: int) -> NDArray[np.int64]:
    """(SIZE, SIZE) px: the source column (axis 0) or row (1) of every pixel, as it is rendered."""
    first = int(face.landmarks[:468, axis].min()) - 20
    ramp = np.clip(np.indices((SIZE, SIZE))[1 - axis] - first, 0, 255)
    picture = np.ascontiguousarray(np.broadcast_to(ramp[..., None], (SIZE, SIZE, 3)), np.uint8)
    return RigPortrait(picture, face).render(motion, Edit())[..., 0].astype(np.int64)


def below_lip(target: Array) -> tuple[slice, slice]:
    """The skin from the lower lip to the chin, of the middle half of the mouth."""
    rows = slice(int(target[17, 1]) - 2, int(target[152, 1]) - 8)
    return rows, slice(int(target[91, 0]), int(target[321, 0]))


def above_lip(target: Array) -> tuple[slice, slice]:
    """The skin from the nose to the upper lip."""
    rows = slice(int(target[2, 1]), int(target[0, 1]) + 2)
    return rows, slice(int(target[40, 0]), int(target[270, 0]))


@pytest.mark.parametrize("much", [0.5, 0.75, 1.0])
def test_a_scream_is_not_drawn_over_the_skin_beside_the_lips(much: float) -> None:
    face, motion = made_face(SIZE), scream(much)
    target = RigPortrait(textured(SIZE), face).warp(motion).target
    assert np.linalg.norm(target[13] - target[14]) > 0.13 * SIZE, "else this proves nothing"
    row = comes_from(face, motion, axis=1)
    for part in (below_lip(target), above_lip(target)):
        steps = np.diff(row[part], axis=0)
        assert steps.min() >= -1, "skin is seen twice"
        assert steps.max() <= 8, "skin is hidden"


def a_face_beside_its_head(yaw: float) -> RigMotion:
    """What is left in the landmarks where the picture did not confirm a turn of the head."""
    own = load_basis().canonical
    turned = own @ rotation_from_yaw_pitch_roll(yaw, 0.0, 0.0).T
    offsets = turned - own + np.sin(np.radians(yaw)) * np.array([4.0, 0.0, 0.0])
    return RigMotion(
        offsets=offsets,
        aperture=np.ones(2),
        lip_contact=0.0,
        rotation=np.zeros(3),
        shift=np.zeros(2),
        log_scale=0.0,
    )


@pytest.mark.parametrize("yaw", [8.0, 13.0, -13.0, 17.0])
def test_a_brow_is_seen_once_where_face_and_head_part(yaw: float) -> None:
    face = made_face(SIZE)
    column = comes_from(face, a_face_beside_its_head(yaw), axis=0)
    brows = slice(int(face.landmarks[105, 1]) - 8, int(face.landmarks[33, 1]) - 12)
    left, right = (int(face.landmarks[point, 0]) for point in (127, 356))
    assert np.diff(column[brows, left : right + 1], axis=1).min() >= 0
