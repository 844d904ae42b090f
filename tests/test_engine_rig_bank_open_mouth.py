"""Own teeth for a mouth that was not filmed: those that are seen best, or none."""

from typing import Any

import cv2
import numpy as np
import pytest

from engine.appearances import Appearance
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.bank.cutting import cut
from engine.rig.bank.open_mouth import find_open_mouth, teeth_of
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import INNER_LIPS, OUTER_LIPS
from engine.rig.portrait import RigPortrait
from engine.rig.warp.target import PortraitFace
from tests.faces_made import made_face

SKIN, LIP, DARK, TOOTH = (200, 150, 120), (170, 80, 80), (60, 25, 25), (235, 230, 215)
SMILE: dict[str, Any] = {
    **{
        f"mouth{name}{side}": value
        for side in ("Left", "Right")
        for name, value in (("Smile", 0.9), ("UpperUp", 0.5), ("LowerDown", 0.3))
    },
    "jawOpen": 0.25,
}


def smiling(*, teeth: float, yaw: float = 0.0) -> Appearance:
    """A mouth whose opening shows teeth down to a share of its height."""
    face = made_face(yaw=yaw, **SMILE)
    picture = np.full((256, 256, 3), SKIN, np.uint8)
    outer, inner = (
        np.round(face.landmarks[list(ring), :2]).astype(np.int32)
        for ring in (OUTER_LIPS, INNER_LIPS)
    )
    cv2.fillPoly(picture, [outer], LIP)
    opening = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(opening, [inner], 255)
    picture[opening > 0] = DARK
    top, bottom = inner[:, 1].min(), inner[:, 1].max()
    white = (opening > 0) & (np.arange(256)[:, None] < top + teeth * (bottom - top))
    picture[white] = TOOTH
    return cut("mouth", picture, face, portrait=portrait(), own=made_face())


def portrait() -> Pixels:
    return np.full((256, 256, 3), SKIN, np.uint8)


def own_face() -> PortraitFace:
    return PortraitFace.from_face(made_face())


def test_teeth_are_told_from_lips_and_dark() -> None:
    upper, lower = teeth_of(smiling(teeth=0.5))
    assert upper > 0.25
    assert lower < 0.05
    assert sum(teeth_of(smiling(teeth=0.0))) == pytest.approx(0.0, abs=0.02)


def test_the_mouth_that_shows_upper_teeth_best_is_put_where_it_lies_in_the_portrait() -> None:
    without, with_teeth = smiling(teeth=0.0), smiling(teeth=0.55)
    opened = find_open_mouth([without, with_teeth], portrait(), own_face())
    assert opened is not None
    picture, points = opened
    middle = points[[13, 14]].mean(axis=0)
    assert np.linalg.norm(middle - made_face(**SMILE).landmarks[[13, 14], :2].mean(axis=0)) < 4.0
    assert (np.abs(picture.astype(int) - TOOTH).max(axis=2) < 30).sum() > 50


def test_no_teeth_or_teeth_seen_from_aside_are_none() -> None:
    assert find_open_mouth([smiling(teeth=0.0)], portrait(), own_face()) is None
    assert find_open_mouth([smiling(teeth=0.55, yaw=25.0)], portrait(), own_face()) is None
    assert find_open_mouth([], portrait(), own_face()) is None


def test_a_mouth_that_was_not_filmed_shows_them() -> None:
    wide = difference(read_face(made_face()), read_face(made_face(jawOpen=1.0)))
    own = RigPortrait(portrait(), made_face(), appearances=[smiling(teeth=0.55)])
    shown = own.render(wide, Edit())
    whiteness = (np.abs(shown.astype(int) - TOOTH).max(axis=2) < 12).sum()
    drawn = RigPortrait(portrait(), made_face()).render(wide, Edit())
    assert whiteness > 10 + (np.abs(drawn.astype(int) - TOOTH).max(axis=2) < 12).sum()
