"""Hair, ears and neck around a face that turns."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.warp.cut_off import CutOff
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.layers import head_half_width
from engine.rig.warp.skull import SKULL, Recess
from engine.rig.warp.target import PortraitFace, head_motion, passed_on, target_landmarks
from tests.faces_made import made_face

SIZE = 256
FACE = PortraitFace.from_face(made_face(SIZE))
LANDMARKS = FACE.landmarks
HEIGHT = float(np.linalg.norm(LANDMARKS[FOREHEAD, :2] - LANDMARKS[CHIN, :2]))
MIDDLE = (LANDMARKS[FOREHEAD, :2] + LANDMARKS[CHIN, :2]) / 2.0


def hair(*, crown: float) -> NDArray[np.float32]:
    """A matte: a round head whose crown is so far above the face's middle, on a neck."""
    rows, columns = np.indices((SIZE, SIZE))
    x, y = (columns - MIDDLE[0]) / HEIGHT, (rows - MIDDLE[1]) / HEIGHT
    head = (x / 0.55) ** 2 + (y / np.where(y < 0.0, crown, 0.55)) ** 2 < 1.0
    neck = (y > 0.0) & (np.abs(x) < 0.3)
    return np.asarray(head | neck, np.float32)


def moved(matte: NDArray[np.float32], **degrees: float) -> NDArray[np.bool_]:
    """Where the person is after a turn."""
    motion = turned(**degrees)
    head = head_motion(FACE, motion)
    width = head_half_width(matte, LANDMARKS)
    flow = PortraitFlow(FACE, matte.shape, half_width=width, matte=matte)
    target = target_landmarks(FACE, motion, head)
    (left, top, right, bottom), x, y = flow.backward(head, target)
    shown = matte.copy()
    part = cv2.remap(matte, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shown[top:bottom, left:right] = part
    return shown > 0.5


def turned(*, yaw: float = 0.0, pitch: float = 0.0, down: float = 0.0) -> RigMotion:
    rotation = np.radians([pitch, yaw, 0.0])
    return replace(still_motion(), rotation=rotation, shift=np.array([0.0, down]))


def widths(shown: NDArray[np.bool_], rows: range) -> Array:
    return np.array([shown[row].sum() for row in rows], float)


def test_depth_begins_at_the_outline_and_ends_at_the_back_without_a_step() -> None:
    recess = Recess(behind=0.05, back=0.2)
    beyond = np.linspace(0.0, 4.0, 400)
    for outline in (-0.5, -0.2, 0.15, 0.4):
        depth = recess.depth(np.full(400, outline), beyond)
        assert depth[0] == pytest.approx(outline + 0.05)
        assert depth[-1] == pytest.approx(0.2, abs=0.01)
        assert np.abs(np.diff(depth) / np.diff(beyond)).max() < 1.3


@pytest.mark.parametrize("yaw", [15.0, 30.0])
def test_a_turning_head_stays_as_wide_as_heads_are(yaw: float) -> None:
    """Seen from the side a head is longer than it is wide; as a sheet it would shrink."""
    matte = hair(crown=0.75)
    above_ears = range(int(MIDDLE[1] - 0.45 * HEIGHT), int(MIDDLE[1] - 0.1 * HEIGHT), 4)
    before, left, right = (
        widths(shown, above_ears)
        for shown in (matte > 0.5, moved(matte, yaw=-yaw), moved(matte, yaw=yaw))
    )
    for after in (left, right):
        assert (after / before).min() > 0.89
        assert (after / before).max() < 1.15
    np.testing.assert_allclose(left, right, atol=3.0)


def test_a_crown_that_the_border_cuts_is_no_column_when_the_head_nods() -> None:
    """The hair goes on up to the border, and widens downwards as a head does."""
    crown = float(MIDDLE[1] / HEIGHT) + 0.03
    matte = hair(crown=crown)
    assert 20 < matte[0].sum() < 100, "the border cuts little of the crown"
    across = widths(moved(matte, pitch=20.0, down=2.0), range(int(0.2 * HEIGHT)))
    assert across[0] >= matte[0].sum(), "no gap opens at the border"
    assert np.diff(across).min() >= -1.0
    assert across[-1] > 1.5 * across[0]


def test_hair_that_goes_out_of_the_picture_is_not_squeezed_at_its_border() -> None:
    """A bright line across the cut hair, on its way up, leaves."""
    points = np.array([[128.0, 0.0], [128.0, 6.0], [128.0, 80.0]])
    cut_off = CutOff(points, hair(crown=2.0), HEIGHT)
    up, down = np.tile([0.0, -9.0], (3, 1)), np.tile([0.0, 9.0], (3, 1))
    cut_off.hold(up)
    cut_off.hold(down)
    np.testing.assert_array_equal(up[:, 1], -9.0)
    assert down[0, 1] == 0.0
    assert 0.0 < down[1, 1] < 9.0
    assert down[2, 1] == 9.0


def test_a_head_that_no_border_cuts_is_held_nowhere() -> None:
    nodes = np.array([[0.0, 0.0], [128.0, 0.0], [255.0, 0.0], [0.0, 90.0], [255.0, 90.0]])
    forward = np.full((5, 2), 7.0)
    CutOff(nodes, hair(crown=0.7), HEIGHT).hold(forward)
    np.testing.assert_array_equal(forward, 7.0)


def test_a_nod_and_a_shake_take_the_ear_next_to_the_outline_along() -> None:
    """An ear lies beside the outline: it goes nearly as the outline does, and is not torn off."""
    for degrees in ({"yaw": 20.0}, {"pitch": 15.0}):
        motion = turned(**degrees)
        head = head_motion(FACE, motion)
        flow = PortraitFlow(FACE, (SIZE, SIZE), half_width=0.6, matte=hair(crown=0.75))
        field = flow.head.backward(head, target_landmarks(FACE, motion, head))
        grid = flow.head.grid
        outline = head.apply(LANDMARKS[list(OVAL)])[:, :2]
        at_ears = outline[np.abs(LANDMARKS[list(OVAL), 1] - MIDDLE[1]) < 0.1 * HEIGHT]
        own = LANDMARKS[list(OVAL), :2][np.abs(LANDMARKS[list(OVAL), 1] - MIDDLE[1]) < 0.1 * HEIGHT]
        places = (at_ears - (grid.left, grid.top)) / grid.spacing
        back = cv2.remap(field, places[:, None].astype(np.float32), None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        apart = np.linalg.norm(at_ears + back[:, 0] - own, axis=1)
        assert apart.max() < 0.05 * HEIGHT, degrees


def test_silhouettes_go_outward_whichever_way_the_head_turns() -> None:
    aside, along = np.array([-0.6, 0.0, 0.6]), np.array([0.0, -0.9, 0.0])
    columns = SKULL.bulges(aside, along, np.full(3, 0.3))
    to_left, to_right, down = columns.T
    assert to_right[0] < to_left[0] < 0.0, "the left side comes into view of what goes to the right"
    np.testing.assert_allclose(to_left, -to_right[::-1])
    assert down[1] < 0.0 == down[0] == to_left[1]


@pytest.mark.parametrize("degrees", [{"pitch": 10.0}, {"pitch": -8.0}, {"yaw": 20.0}])
def test_hair_next_to_a_face_goes_along_and_what_is_far_goes_as_its_rim(
    degrees: dict[str, float],
) -> None:
    """A driver's check confirms part of a turn: the rest must not tear the face from its hair."""
    motion = replace(turned(**degrees), rim_share=0.6)
    head, rim = head_motion(FACE, motion), head_motion(FACE, motion.of_rim)
    asked = target_landmarks(FACE, motion, head)
    flow = PortraitFlow(FACE, (SIZE, SIZE), half_width=0.6, matte=hair(crown=0.75))
    grid, field = flow.head.grid, flow.head.backward(rim, asked, head)
    outline = head.apply(LANDMARKS[list(OVAL)])[:, :2]
    on_skull = LANDMARKS[list(OVAL), 1] < MIDDLE[1]
    places = (outline[on_skull] - (grid.left, grid.top)) / grid.spacing
    back = cv2.remap(field, places[:, None].astype(np.float32), None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
    apart = np.linalg.norm(
        outline[on_skull] + back[:, 0] - LANDMARKS[list(OVAL), :2][on_skull], axis=1
    )
    assert apart.max() < 0.05 * HEIGHT
    by_rim = flow.head.backward(rim, rim.apply(LANDMARKS))
    far = np.linalg.norm(grid.points - MIDDLE, axis=-1) > 1.05 * HEIGHT
    assert np.linalg.norm(field - by_rim, axis=-1)[far].max() < 0.02 * HEIGHT


def test_of_a_far_turn_most_is_passed_on_to_what_lies_next_to_the_face() -> None:
    motion = replace(turned(pitch=20.0), rim_share=0.4)
    head, rim = head_motion(FACE, motion), head_motion(FACE, motion.of_rim)
    nose = LANDMARKS[4]
    left_out = np.linalg.norm(head.apply(nose) - rim.apply(nose))
    kept = np.linalg.norm(head.apply(nose) - passed_on(rim, head, FACE).apply(nose))
    assert kept < 0.1 * left_out


def test_a_small_turn_that_the_rim_denies_moves_no_hair() -> None:
    motion = replace(turned(yaw=5.0), rim_share=0.0)
    rim = head_motion(FACE, motion.of_rim)
    assert passed_on(rim, head_motion(FACE, motion), FACE) is rim
