"""Where a head turns away, its cheek ends at its contour; no ear is seen within it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.topology import LIPS as LIPS_POINTS
from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.rig.landmarks import OUTER_LIPS, OVAL
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.paint.far_rim import far_rims
from engine.rig.portrait import RigPortrait
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.mesh_flow import MeshFlower
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face

SIZE = 256
FACE = PortraitFace.from_face(made_face(SIZE))
SKIN, EAR, LIPS = (205, 160, 140), (60, 30, 120), (170, 40, 50)


def beside_an_ear() -> Pixels:
    """Skin up to the face's outline, an ear of another colour all around."""
    picture = np.full((SIZE, SIZE, 3), EAR, np.uint8)
    outline = np.round(FACE.landmarks[list(OVAL), :2]).astype(np.int32)
    cv2.fillPoly(picture, [outline], SKIN)
    return picture


def turned(yaw: float) -> RigMotion:
    return replace(still_motion(), rotation=np.array([0.0, np.radians(yaw), 0.0]), rim_share=0.8)


def far_contour(target: Array, yaw: float) -> NDArray[np.bool_]:
    """Of the picture: within the face, next to its contour, from the eye to the jaw."""
    grid = SampleGrid.of_pixels((0, 0, SIZE, SIZE))
    covered = MeshFlower(FACE.landmarks).flow(target, grid).covered.astype(np.uint8)
    low, high = (cv2.erode(covered, np.ones((2 * px + 1,) * 2, np.uint8)) for px in (1, 4))
    rim = (np.asarray(low) > 0) & (np.asarray(high) == 0)
    rows, columns = np.indices(rim.shape)
    rim &= (rows > target[33, 1]) & (rows < target[152, 1] - 0.35 * FACE.height)
    return np.asarray(rim & ((columns > target[1, 0]) == (yaw > 0.0)))


@pytest.mark.parametrize("yaw", [28.0, -28.0])
def test_no_ear_is_seen_within_the_far_cheek(yaw: float) -> None:
    motion = turned(yaw)
    head = head_motion(FACE, motion)
    shown = RigPortrait(beside_an_ear(), made_face(SIZE)).render(motion, Edit(refine=False))
    rim = far_contour(target_landmarks(FACE, motion, head), yaw)
    is_ear = np.abs(shown.astype(int) - SKIN).sum(axis=2) > 120
    assert rim.sum() > 100
    assert is_ear[rim].mean() < 0.02


@pytest.mark.parametrize("yaw", [35.0, -35.0])
def test_lips_hide_the_cheek_behind_them(yaw: float) -> None:
    """Those of a mouth that is drawn far aside; the cheek was painted over their corner."""
    lips = FACE.landmarks[list(OUTER_LIPS), :2]
    picture = beside_an_ear()
    cv2.fillPoly(picture, [np.round(lips).astype(np.int32)], LIPS)
    (rim,) = far_rims(picture, FACE)
    head = head_motion(FACE, turned(yaw))
    target = head.apply(FACE.landmarks)
    aside = 0.1 * FACE.height * np.sign(yaw)
    target[list(set(LIPS_POINTS))] += np.array([aside, 0.0, -0.1 * FACE.height])
    layer = rim.find_layer((SIZE, SIZE), target, head)
    assert layer is not None
    inside = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(inside, [np.round(target[list(OUTER_LIPS), :2]).astype(np.int32)], 1)
    inside = np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)))
    left, top, right, bottom = layer.box
    seen = (inside[top:bottom, left:right] > 0) & (layer.mask[..., 0] > 0.5)
    assert seen.sum() > 10
    is_lip = np.abs(layer.colours[seen].astype(int) - LIPS).sum(axis=1) < 60
    assert is_lip.mean() > 0.8


@pytest.mark.parametrize("yaw", [0.0, 6.0, -6.0])
def test_a_head_that_hardly_turns_is_painted_nowhere(yaw: float) -> None:
    (rim,) = far_rims(beside_an_ear(), FACE)
    head = head_motion(FACE, turned(yaw))
    assert rim.find_layer((SIZE, SIZE), head.apply(FACE.landmarks), head) is None


def test_a_face_out_of_the_picture_is_painted_nowhere() -> None:
    (rim,) = far_rims(beside_an_ear(), FACE)
    head = head_motion(FACE, turned(25.0))
    gone = head.apply(FACE.landmarks) + np.array([3.0 * SIZE, 0.0, 0.0])
    assert rim.find_layer((SIZE, SIZE), gone, head) is None
