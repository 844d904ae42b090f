"""Closed lids show their lash line, on both eyes alike."""

import cv2
import numpy as np
import pytest

from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.landmarks import EYES
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.paint.lids import lash_colours
from engine.rig.portrait import RigPortrait
from tests.faces_made import made_face

SIZE = 512
SKIN, WHITE, LASH = (200, 150, 125), (225, 225, 225), (50, 35, 30)
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


def eyes(face: Face, lashes: tuple[bool, bool]) -> Pixels:
    """White eyes whose upper lids have lashes, or (left, right) have none that are seen."""
    picture = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for eye, are_seen in zip(EYES, lashes, strict=True):
        contour = face.landmarks[eye.contour, :2].round().astype(np.int32)
        cv2.fillPoly(picture, [contour], WHITE, cv2.LINE_AA)
        if are_seen:
            upper = face.landmarks[[eye.outer, *eye.upper, eye.inner], :2] - (0, 1.5)
            cv2.polylines(picture, [upper.round().astype(np.int32)], False, LASH, 2, cv2.LINE_AA)
    return picture


def line_of(picture: Pixels, target: np.ndarray, eye: int) -> float:
    """How dark the darkest row is where the lids of an eye meet, of the skin's light."""
    upper = target[EYES[eye].upper[2:5], :2].mean(axis=0).round().astype(int)
    near = picture[upper[1] - 4 : upper[1] + 5, upper[0] - 6 : upper[0] + 7]
    return float(near.mean(axis=(1, 2)).min() / np.mean(SKIN))


@pytest.mark.parametrize("lashes", [(True, True), (True, False), (False, True)])
def test_lids_close_to_a_dark_line_on_both_eyes(lashes: tuple[bool, bool]) -> None:
    face = made_face(SIZE)
    portrait = RigPortrait(eyes(face, lashes), face)
    warped = portrait.warp(motion_from_arkit(BLINK))
    shown = [line_of(warped.picture, warped.target, eye) for eye in (0, 1)]
    assert max(shown) < 0.6


def test_lids_without_a_lash_meet_in_their_shade() -> None:
    face = made_face(SIZE)
    portrait = RigPortrait(eyes(face, (False, False)), face)
    warped = portrait.warp(motion_from_arkit(BLINK))
    for eye in (0, 1):
        assert 0.6 < line_of(warped.picture, warped.target, eye) < 0.9


def test_each_eyes_lashes_keep_their_own_light() -> None:
    face = made_face(SIZE)
    picture = eyes(face, (True, True)).astype(np.float64)
    picture[:, : SIZE // 2] *= 0.5
    left, right = lash_colours(picture.astype(np.uint8), face.landmarks[:, :2].astype(np.float64))
    assert right.mean() == pytest.approx(left.mean() / 2.0, rel=0.15)


def test_eyes_at_rest_have_no_line_drawn() -> None:
    face = made_face(SIZE)
    picture = eyes(face, (True, True))
    shown = RigPortrait(picture, face).render(motion_from_arkit({}), Edit())
    assert np.abs(shown.astype(int) - picture).mean() < 0.05
