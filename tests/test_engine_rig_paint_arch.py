"""Teeth turn with the head: an arch is spread out on the side that comes nearer, and folds away."""

from typing import Any

import numpy as np
import pytest

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import INNER_LIPS
from engine.rig.motion.motion import still_motion
from engine.rig.paint.arch import Arch, Row
from engine.rig.paint.mouth import mouth_painter
from engine.rig.paint.mouth_place import MouthPlace
from engine.rig.warp.target import PortraitFace, head_motion
from tests.faces_made import made_face

SIZE = 384
PALE = (215, 170, 145)
YAW = np.radians(30.0)
SMILE: dict[str, Any] = {
    "mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "mouthUpperUpLeft": 0.8,
    "mouthUpperUpRight": 0.8, "mouthLowerDownLeft": 0.8, "mouthLowerDownRight": 0.8,
}  # fmt: skip


def points_of(face: Face) -> Array:
    return face.landmarks[:, :2].astype(np.float64)


def with_teeth(face: Face) -> Pixels:
    """A smile with bright teeth of its own from corner to corner."""
    picture = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    lips = points_of(face)[list(INNER_LIPS)]
    low, high = lips.min(axis=0).astype(int), lips.max(axis=0).astype(int)
    picture[low[1] : high[1], low[0] : high[0]] = 240
    return picture


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_turned_row_is_broad_where_it_comes_nearer_and_narrow_where_it_goes(side: float) -> None:
    across = np.linspace(-0.6, 0.6, 241)
    arch = Arch.of(across, 1.0 / 47.0)
    places = arch.places(np.linspace(-1.5, 1.5, 1001), side * np.tan(YAW))
    shown = arch.at(across, places[places >= 0.0])
    near, far = (shown[shown * side > 0.0], shown[shown * side < 0.0])
    assert len(near) > 2 * len(far)
    assert np.abs(near).max() > 0.55, "the near row is seen up to its end"
    assert np.abs(far).max() < 0.45, "the far one's end is hidden"


def turned_mouth(portrait: Pixels, own: Face, side: float) -> Array:
    """(W, 3): a row of the picture amid the teeth of a smile, its head turned to that side."""
    motion = still_motion()
    motion.rotation[1] = side * YAW
    head = head_motion(PortraitFace.from_face(own), motion)
    target = points_of(made_face(SIZE, yaw=side * np.degrees(YAW), **SMILE))
    painter = mouth_painter(portrait, points_of(own), PortraitFace.from_face(own))
    layer = painter.find_layer((SIZE, SIZE), target, head)
    assert layer is not None
    shown = np.zeros((SIZE, SIZE, 3), np.float32)
    left, top, right, bottom = layer.box
    shown[top:bottom, left:right] = layer.colours * (layer.mask > 0.5)
    amid = int(np.mean(target[[13, 14], 1]))
    row: Array = shown[amid - 2 : amid + 3].mean(axis=0)
    return row[int(target[[78, 308], 0].min()) : int(target[[78, 308], 0].max())]


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_laugh_seen_from_aside_shows_teeth_up_to_the_near_corner(side: float) -> None:
    flat = np.full((SIZE, SIZE, 3), PALE, np.uint8)
    row = turned_mouth(flat, made_face(SIZE), side).mean(axis=1)[:: int(side)]
    assert row[len(row) // 6 : len(row) // 3].mean() > 0.5 * row.max()


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_portraits_own_teeth_turn_along_and_leave_no_gap_at_the_near_corner(
    side: float,
) -> None:
    own = made_face(SIZE, **SMILE)
    row = turned_mouth(with_teeth(own), own, side).mean(axis=1)[:: int(side)]
    assert row[len(row) // 6 : len(row) // 3].min() > 0.5 * row.max()


def test_teeth_at_rest_lie_where_they_are_drawn() -> None:
    texture = np.random.default_rng(3).uniform(0.0, 255.0, (9, 31, 4)).astype(np.float32)
    texture[..., 3] = 1.0
    to_widths = np.array([[0.04, 0.0, -0.6], [0.0, 0.04, -0.2], [0.0, 0.0, 1.0]])
    row = Row.of(texture, to_widths, 1.0 / 47.0)
    canvas = np.zeros((9, 31, 3), np.float32)
    frame = np.linalg.inv(to_widths)
    row.lay_over(canvas, frame, np.zeros(2), 0.0, (0, 0, 31, 9))
    np.testing.assert_allclose(canvas, texture[..., :3], atol=1e-3)


def test_the_back_of_a_fallen_jaws_teeth_comes_up() -> None:
    texture = np.zeros((8, 61, 4), np.float32)
    texture[4] = 255.0, 255.0, 255.0, 1.0
    to_widths = np.array([[0.02, 0.0, -0.6], [0.0, 0.02, -0.08], [0.0, 0.0, 1.0]])
    row = Row.of(texture, to_widths, 1.0 / 47.0)
    canvas = np.zeros((40, 61, 3), np.float32)
    frame = np.array([[50.0, 0.0, 30.0], [0.0, 50.0, 34.0], [0.0, 0.0, 1.0]])
    row.lay_over(canvas, frame, np.array([0.0, -0.4]), 0.0, (0, 0, 61, 40))
    edge = canvas[..., 0].argmax(axis=0)
    assert edge[30] == 34
    assert edge[30] - edge[10] > 3
    np.testing.assert_allclose(edge[10], edge[50], atol=1)


def test_a_mouth_keeps_its_width_wherever_the_head_turns() -> None:
    """So a smile is told from a turn: its width is compared with what the turn leaves of it."""
    own = made_face(SIZE)
    place = MouthPlace.of(points_of(own), PortraitFace.from_face(own))
    motion = still_motion()
    motion.rotation[1] = YAW
    head = head_motion(PortraitFace.from_face(own), motion)
    seen = place.seen(points_of(made_face(SIZE, yaw=np.degrees(YAW))), head)
    expected = np.cos(YAW) * np.linalg.norm(np.diff(points_of(own)[[78, 308]], axis=0))
    assert seen.width == pytest.approx(expected, rel=0.03)
    assert abs(seen.behind[0]) == pytest.approx(np.tan(YAW), rel=0.05)
