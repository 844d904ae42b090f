"""Glints lie on the lens: lids and brows behind them leave them where and as they are."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.landmarks import EYES
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import still_motion
from engine.rig.paint.glints import find_glints
from engine.rig.portrait import RigPortrait
from engine.rig.warp.target import PortraitFace
from tests.faces_made import made_face
from tests.test_engine_rig_glasses import with_glasses

SIZE = 512
SKIN = (190, 140, 115)
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


def glinting(face: Face) -> Pixels:
    """Skin with dark eyes behind glasses; above each eye's middle a glint."""
    picture = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for eye in EYES:
        contour = face.landmarks[eye.contour, :2].round().astype(np.int32)
        cv2.fillPoly(picture, [contour], (60, 45, 40))
    worn = with_glasses(picture, face)
    for eye in EYES:
        upper, crease = face.landmarks[eye.upper[3], :2], face.landmarks[eye.crease[3], :2]
        at = np.round(upper + 1.1 * (crease - upper)).astype(int).tolist()
        cv2.ellipse(worn, at, (5, 3), 20.0, 0.0, 360.0, (250, 250, 250), -1, cv2.LINE_AA)
    return worn


def white(picture: Pixels) -> NDArray[np.int64]:
    """(N, 2) rows and columns."""
    return np.argwhere(picture.min(axis=2) > 225)


def test_a_blink_leaves_glints_where_and_as_they_are() -> None:
    face = made_face(SIZE)
    picture = glinting(face)
    blinks = RigPortrait(picture, face).render(motion_from_arkit(BLINK), Edit())
    before, after = white(picture), white(blinks)
    assert len(before) > 40
    assert len(after) == pytest.approx(len(before), rel=0.05)
    np.testing.assert_allclose(after.mean(axis=0), before.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(np.ptp(after, axis=0), np.ptp(before, axis=0), atol=1)


def test_a_head_at_rest_keeps_its_glints() -> None:
    face = made_face(SIZE)
    picture = glinting(face)
    change = np.abs(RigPortrait(picture, face).render(still_motion(), Edit()).astype(int) - picture)
    assert change[white(picture)[:, 0], white(picture)[:, 1]].max() <= 2


def test_a_head_that_turns_takes_glints_along_and_then_loses_them() -> None:
    face = made_face(SIZE)
    picture = glinting(face)
    glints = find_glints(picture, PortraitFace.from_face(face))
    assert len(glints) == 2
    portrait = RigPortrait(picture, face)
    counts = []
    for degrees in (0.0, 5.0, 25.0):
        motion = still_motion()
        motion.rotation[1] = np.radians(degrees)
        counts.append(len(white(portrait.render(motion, Edit()))))
    assert counts[1] == pytest.approx(counts[0], rel=0.25)
    assert counts[2] == 0


def test_without_glasses_nothing_is_a_glint() -> None:
    face = made_face(SIZE)
    picture = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    assert find_glints(picture, PortraitFace.from_face(face)) == ()
    large = picture.copy()
    x, y = face.landmarks[EYES[0].crease[3], :2].astype(int)
    large[y - 40 : y, x - 40 : x + 40] = 250
    assert find_glints(large, PortraitFace.from_face(face)) == (), "a bright wall is none"
