"""The rig moves a portrait where the motion asks, keeps still what should, and never raises."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import MachineError
from engine.faces.canonical import head_pose
from engine.geometry import yaw_pitch_roll
from engine.motion import MODES, Edit
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.grid import SampleGrid
from engine.rig.warp.head_field import HeadField
from engine.rig.warp.layers import Matte
from engine.rig.warp.mesh_flow import MeshFlower
from engine.rig.warp.mesh_flow_twin import mesh_flow_reference
from engine.rig.warp.own_head import OwnHead
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from engine.rig.warp.unseen import Unseen
from tests.faces_made import made_face, textured

SIZE = 256


def motion_to(**moved: float) -> RigMotion:
    return difference(read_face(made_face()), read_face(made_face(**moved)))  # type: ignore[arg-type]


def about_the_neck(**moved: float) -> RigMotion:
    """As people turn their heads; a made face turns about its middle."""
    return replace(motion_to(**moved), shift=np.zeros(2))


def person(size: int = SIZE) -> NDArray[np.float32]:
    """A matte: a head on shoulders."""
    rows, columns = np.indices((size, size)) / size
    head = ((columns - 0.5) / 0.24) ** 2 + ((rows - 0.47) / 0.34) ** 2 < 1.0
    body = (rows > 0.8) & (np.abs(columns - 0.5) < 0.4)
    return np.asarray(head | body, np.float32)


def test_without_motion_the_portrait_is_itself() -> None:
    picture = textured()
    for matte in (None, person):
        portrait = RigPortrait(picture, made_face(), matte)
        moved = portrait.render(still_motion(), Edit()).astype(int)
        assert np.abs(moved - picture).mean() < 0.6
        np.testing.assert_array_equal(portrait.still(), picture)


def test_the_same_person_lands_on_the_drivers_own_landmarks() -> None:
    face = PortraitFace.from_face(made_face())
    driving = made_face(yaw=14.0, roll=5.0, jawOpen=0.8, mouthSmileLeft=0.5)
    motion = difference(read_face(made_face()), read_face(driving))
    target = target_landmarks(face, motion, head_motion(face, motion))
    outside_lids = np.linalg.norm(
        (target - driving.landmarks)[[1, 10, 61, 14, 152, 105], :2], axis=1
    )
    assert outside_lids.max() < 0.05


def test_a_turned_portrait_reads_back_as_turned() -> None:
    face = PortraitFace.from_face(made_face(yaw=-8.0))
    motion = motion_to(yaw=15.0)
    target = target_landmarks(face, motion, head_motion(face, motion))
    from engine.faces.face import Face

    pose = head_pose(Face(landmarks=target.astype(np.float32), confidence=1.0))
    assert yaw_pitch_roll(pose.placement.rotation)[0] == pytest.approx(7.0, abs=0.5)


def test_closed_lids_meet_and_closed_lips_touch() -> None:
    face = PortraitFace.from_face(made_face(jawOpen=0.1))
    motion = motion_to(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert motion.lip_contact > 0.9
    target = target_landmarks(face, motion, head_motion(face, motion))
    assert np.linalg.norm(target[386, :2] - target[374, :2]) < 0.5
    assert np.linalg.norm(target[159, :2] - target[145, :2]) < 0.5


def test_lips_never_pass_each_other() -> None:
    face = PortraitFace.from_face(made_face())
    motion = difference(read_face(made_face(jawOpen=0.6)), read_face(made_face()))
    target = target_landmarks(face, motion, head_motion(face, motion))
    assert target[14, 1] - target[13, 1] > -1e-6


@pytest.mark.parametrize("moved", [{"yaw": 18.0}, {"jawOpen": 1.0}, {"roll": 10.0, "pitch": 8.0}])
def test_the_fast_mesh_flow_equals_its_slow_twin(moved: dict[str, float]) -> None:
    source = made_face(128).landmarks.astype(np.float64)
    target = made_face(128, **moved).landmarks.astype(np.float64)  # type: ignore[arg-type]
    box = (20, 10, 110, 120)
    slow, _ = mesh_flow_reference(source, target, box)
    fast = MeshFlower(source).flow(target, SampleGrid.of_pixels(box))
    both = fast.covered & ~np.isnan(slow[..., 0])
    assert both.sum() > 0.99 * max(fast.covered.sum(), (~np.isnan(slow[..., 0])).sum())
    error = np.hypot(fast.x - slow[..., 0], fast.y - slow[..., 1])[both]
    # Perspective bends what is drawn by a thousandth; at an outline either triangle may win.
    assert np.percentile(error, 99) < 0.005


def test_an_opencv_that_cannot_draw_triangles_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TriangleRasterizeSettings", "triangleRasterize"):
        monkeypatch.delattr(cv2, name)
    portrait = RigPortrait(textured(), made_face())  # whose pixels a GPU may draw, without OpenCV
    with pytest.raises(MachineError, match=r"needs OpenCV 5.*pip install"):
        portrait.render(motion_to(yaw=12.0), Edit())


def test_a_flow_at_every_second_pixel_is_that_at_every_pixel() -> None:
    face = PortraitFace.from_face(made_face(SIZE))
    motion = motion_to(yaw=12.0, roll=6.0, jawOpen=0.6)
    head = head_motion(face, motion)
    target = target_landmarks(face, motion, head)
    found = [PortraitFlow(face, (SIZE, SIZE), half_width=None, step=step) for step in (1, 2)]
    (box, *full), (same_box, *half) = (flow.backward(head, target) for flow in found)
    assert box == same_box
    error = np.hypot(full[0] - half[0], full[1] - half[1])
    assert full[0].shape == (box[3] - box[1], box[2] - box[0])
    # Lips that part and the nose's outline bend the flow within a step.
    assert np.median(error) < 0.005
    assert np.percentile(error, 95) < 0.2


def test_a_face_beside_the_heads_field_is_laid_all_the_same() -> None:
    face = PortraitFace.from_face(made_face(SIZE))
    still = head_motion(face, still_motion())
    target = target_landmarks(face, still_motion(), still) + np.array([0.0, 420.0, 0.0])
    flow = PortraitFlow(face, (3 * SIZE, SIZE), half_width=None)
    assert flow.head.grid.box[3] < target[1, 1], "else this proves nothing"
    (left, top, _, _), x, y = flow.backward(still, target)
    nose = np.round(target[1, :2]).astype(int) - (left, top)
    found = np.array([x[nose[1], nose[0]], y[nose[1], nose[0]]])
    np.testing.assert_allclose(found, face.landmarks[1, :2], atol=1.0)


def test_the_heads_backward_field_undoes_its_forward_one() -> None:
    face = PortraitFace.from_face(made_face())
    field = HeadField(face, (SIZE, SIZE))
    motion = motion_to(roll=12.0)
    head = head_motion(face, motion)
    target = target_landmarks(face, motion, head)
    backward = field.backward(head, target)
    crown = np.array([SIZE / 2, 40.0])
    moved = head.apply(np.array([*crown, 0.0]))[:2]
    column, row = np.round((moved - (field.grid.left, field.grid.top)) / field.grid.spacing).astype(
        int
    )
    found = field.grid.points[row, column] + backward[row, column]
    expected = head.apply(np.array([*crown, 0.0]))[:2] - moved + crown
    node_offset = field.grid.points[row, column] - moved
    turned_back = head.linear[:2, :2].T @ node_offset
    assert np.linalg.norm(found - (expected + turned_back)) < 1.5


def test_only_the_head_moves_when_the_head_turns() -> None:
    picture = textured()
    portrait = RigPortrait(picture, made_face(), person)
    moved = portrait.render(about_the_neck(yaw=15.0, roll=6.0), Edit()).astype(int)
    change = np.abs(moved - picture).mean(axis=-1)
    assert change[100:150, 100:150].mean() > 8.0, "the face moves"
    assert change[:190, :40].mean() < 0.5, "background stays"
    assert change[245:].mean() < 0.5, "shoulders stay"


def leaning(aside_faces: float, *, is_cut_out: bool = True, height: int = SIZE) -> list[float]:
    """How far chin, shoulders and the picture's bottom go aside with the head, as shares of it."""
    face = PortraitFace.from_face(made_face())
    field = HeadField(face, (height, SIZE), half_width=0.6 if is_cut_out else None)
    way_px = aside_faces * field.face_height
    motion = replace(still_motion(), shift=np.array([way_px / face.pose.placement.scale, 0.0]))
    head = head_motion(face, motion)
    moved = -field.backward(head, target_landmarks(face, motion, head))[..., 0] / way_px
    column = int(np.argmin(np.abs(field.grid.points[0, :, 0] - 128.0)))
    along = (field.grid.points[:, column, 1] - 128.0) / field.face_height
    return [float(moved[np.argmin(np.abs(along - at)), column]) for at in (0.45, 1.1, 9.0)]


def test_shoulders_lean_with_the_head_and_walk_with_it() -> None:
    chin, shoulders, bottom = leaning(0.05)
    assert chin == pytest.approx(1.0, abs=0.05)
    assert (shoulders, bottom) == pytest.approx((0.4, 0.4), abs=0.03)
    assert leaning(0.6) == pytest.approx([1.0, 1.0, 1.0], abs=0.05)
    assert leaning(-0.05) == pytest.approx([chin, shoulders, bottom], abs=0.02)


def test_a_body_that_is_shown_to_its_hips_hinges_there() -> None:
    assert leaning(0.05, height=3 * SIZE)[2] == pytest.approx(0.0, abs=0.02)
    assert leaning(0.6, height=3 * SIZE)[1] * 0.6 < 0.2, "and leans no farther than a body does"


def test_a_person_who_was_not_cut_out_keeps_the_body_where_it_is() -> None:
    """Else the background would go along."""
    assert leaning(0.3, is_cut_out=False)[2] == pytest.approx(0.0, abs=0.02)


def test_what_lies_beside_the_head_turns_less_than_its_top() -> None:
    face = PortraitFace.from_face(made_face())
    motion = about_the_neck(yaw=20.0)
    head = head_motion(face, motion)
    field = HeadField(face, (SIZE, SIZE))
    backward = field.backward(head, target_landmarks(face, motion, head))

    def sideways(x: float, y: float) -> float:
        place = (np.array([x, y]) - (field.grid.left, field.grid.top)) / field.grid.spacing
        column, row = np.round(place).astype(int)
        return float(abs(backward[row, column, 0]))

    brow, ear = face.landmarks[10, :2], face.landmarks[234, :2]
    beside = 0.15 * field.face_height
    assert sideways(brow[0], brow[1] - beside) > 2.0 * sideways(ear[0] - beside, ear[1])


@pytest.mark.parametrize("moved", [{"yaw": 40.0}, {"yaw": -40.0}, {"pitch": 25.0}])
def test_a_turning_head_does_not_fold_beside_the_face(moved: dict[str, float]) -> None:
    face = PortraitFace.from_face(made_face())
    motion = about_the_neck(**moved)
    head = head_motion(face, motion)
    field = HeadField(face, (SIZE, SIZE))
    target = target_landmarks(face, motion, head)
    comes_from = field.grid.points + field.backward(head, target)
    low, high = target[:468, :2].min(axis=0), target[:468, :2].max(axis=0)
    in_face = ((field.grid.points >= low) & (field.grid.points <= high)).all(axis=-1)
    comes_from[in_face] = np.nan  # the mesh lies there: a chin may hide the neck below it
    for axis in (0, 1):
        steps = np.diff(comes_from[..., axis], axis=1 - axis)
        assert np.nanmin(steps) > -2.0, "px: what is nearer may hide a little of what is farther"


def test_an_expression_leaves_everything_around_the_face_alone() -> None:
    picture = textured()
    portrait = RigPortrait(picture, made_face(), person)
    moved = portrait.render(motion_to(jawOpen=0.7, browInnerUp=1.0), Edit(mode="expression"))
    change = np.abs(moved.astype(int) - picture).mean(axis=-1)
    assert change[:40].max() == 0
    assert change[:, :40].max() == 0
    assert change[110:190, 100:156].mean() > 1.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "moved",
    [
        {"yaw": 80.0},
        {"yaw": -45.0, "pitch": 40.0, "roll": 60.0},
        {"scale": 3.0},
        {"scale": 0.1},
        {"jawOpen": 2.0, "mouthPucker": 2.0},
    ],
)
def test_no_motion_makes_it_raise(mode: str, moved: dict[str, float]) -> None:
    portrait = RigPortrait(textured(), made_face(), person)
    output = portrait.render(motion_to(**moved), Edit(mode=mode))  # type: ignore[arg-type]
    assert output.shape == (SIZE, SIZE, 3)
    assert output.dtype == np.uint8


@pytest.mark.parametrize("shift", [(-140.0, 0.0), (130.0, 120.0), (0.0, -135.0)])
def test_a_face_at_the_border_or_beyond_is_rendered(shift: tuple[float, float]) -> None:
    face = made_face(shift=shift)
    portrait = RigPortrait(textured(), face)
    output = portrait.render(motion_to(yaw=20.0, jawOpen=1.0), Edit())
    assert output.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("size", [(256, 454), (1080, 1080)])
def test_it_renders_at_the_size_of_the_portrait(size: tuple[int, int]) -> None:
    side = min(size)
    picture = np.ascontiguousarray(np.broadcast_to(textured(side)[:, :1], (*size, 3)))
    output = RigPortrait(picture, made_face(side)).render(motion_to(yaw=10.0), Edit())
    assert output.shape == picture.shape


def test_a_person_is_cut_out_only_when_the_head_moves() -> None:
    asked = []

    def matte() -> NDArray[np.float32]:
        asked.append(True)
        return person()

    portrait = RigPortrait(textured(), made_face(), matte)
    portrait.render(motion_to(jawOpen=0.5, yaw=9.0), Edit(mode="expression"))
    assert not asked
    portrait.render(motion_to(yaw=9.0), Edit())
    portrait.render(motion_to(yaw=5.0), Edit())
    assert len(asked) == 1
    assert portrait.has_layers


def test_a_person_who_is_cut_out_at_once_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(PortraitFlow):
        def __init__(
            self,
            face: PortraitFace,
            size: tuple[int, int],
            *,
            half_width: float | None,
            matte: Matte | None = None,
            unseen: Unseen | None = None,
            own: OwnHead | None = None,
        ) -> None:
            made.append(half_width)
            super().__init__(face, size, half_width=half_width, matte=matte, unseen=unseen, own=own)

    monkeypatch.setattr("engine.rig.portrait.PortraitFlow", Counted)
    portrait = RigPortrait(textured(), made_face(), person)
    portrait.prepare()
    portrait.render(motion_to(yaw=9.0), Edit())
    assert len(made) == 1
    assert made[0] is not None
