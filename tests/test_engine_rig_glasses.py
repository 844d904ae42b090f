"""Glasses are told by their bridge, and raised brows leave them where they are."""

import cv2
import numpy as np
import pytest

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.glasses import Glasses
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.target import PortraitFace
from tests.brows_made import BROWS, RAISED, drawn
from tests.faces_made import made_face

BELOW = [222, 223, 224, 442, 443, 444]
"""Between lids and brows."""


def with_glasses(picture: Pixels, face: Face, colour: int = 40) -> Pixels:
    """Two rims around the eyes and a bridge between them."""
    worn = picture.copy()
    eyes = [face.landmarks[list(eye), :2].mean(axis=0) for eye in ((33, 133), (263, 362))]
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    for eye in eyes:
        centre = np.round(eye).astype(int).tolist()
        cv2.circle(worn, centre, round(0.33 * apart), (colour,) * 3, 5, cv2.LINE_AA)
    ends = [
        np.round(eyes[k] + (eyes[1 - k] - eyes[k]) * 0.33 - (0, 4)).astype(int).tolist()
        for k in (0, 1)
    ]
    cv2.line(worn, ends[0], ends[1], (colour,) * 3, 5, cv2.LINE_AA)
    return worn


def glasses_of(face: Face, picture: Pixels) -> Glasses:
    return Glasses(picture, PortraitFace.from_face(face))


def moved(**arkit: float) -> RigMotion:
    return difference(read_face(made_face()), read_face(made_face(**arkit)))  # type: ignore[arg-type]


def raised_by(motion: RigMotion, points: list[int]) -> Array:
    return motion.offsets[points, 1]


@pytest.mark.parametrize(
    ("colour", "turn"),
    [
        (40, {}),
        (120, {}),
        (250, {}),
        (40, {"yaw": 15.0}),
        (120, {"yaw": 15.0}),
        (40, {"roll": 12.0}),
    ],
)
def test_a_bridge_is_seen(colour: int, turn: dict[str, float]) -> None:
    face = made_face(512, **turn)  # type: ignore[arg-type]
    assert glasses_of(face, with_glasses(drawn(face), face, colour)).share > 0.5


@pytest.mark.parametrize("noise", [0.0, 6.0])
def test_bare_skin_has_none(noise: float) -> None:
    face = made_face(512)
    glasses = glasses_of(face, drawn(face, noise=noise))
    motion = moved(**RAISED)
    assert glasses.share == 0.0
    assert glasses.held(motion) is motion


def test_raised_brows_leave_the_frame_and_go_themselves() -> None:
    face, motion = made_face(512), moved(**RAISED)
    held = glasses_of(face, with_glasses(drawn(face), face)).held(motion)
    assert np.all(raised_by(held, BELOW) < 0.65 * raised_by(motion, BELOW))
    upper = [point for brow in BROWS for point in brow]
    assert raised_by(held, upper).mean() > 0.6 * raised_by(motion, upper).mean()


def test_a_smile_and_a_small_raise_pass() -> None:
    face = made_face(512)
    glasses = glasses_of(face, with_glasses(drawn(face), face))
    for motion in (moved(mouthSmileLeft=0.8, mouthSmileRight=0.8), moved(browInnerUp=0.15)):
        np.testing.assert_allclose(glasses.held(motion).offsets, motion.offsets, atol=0.02)
