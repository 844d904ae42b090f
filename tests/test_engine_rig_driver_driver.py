"""The motion read from a driving stream is the motion that was put in."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.geometry import vector_from_rotation
from engine.motion import Edit, Mode
from engine.rig.driver.driver import RigDriver, apertures, difference
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import LIDS
from engine.rig.motion.factors import arkit_from_motion, edited, motion_from_arkit, with_factor
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face, textured

SECOND = 1_000_000_000


def motion_between(**moved: float) -> RigMotion:
    return difference(read_face(made_face()), read_face(made_face(**moved)))  # type: ignore[arg-type]


def test_a_turned_head_is_read_as_a_turn_and_no_expression() -> None:
    motion = motion_between(yaw=12.0, pitch=-5.0)
    assert np.degrees(np.linalg.norm(motion.rotation)) == pytest.approx(13.0, abs=0.1)
    assert np.abs(motion.offsets).max() < 1e-3


def test_a_nearer_head_is_read_as_scale() -> None:
    motion = motion_between(scale=1.2)
    assert np.exp(motion.log_scale) == pytest.approx(1.2, abs=1e-4)


def test_an_open_jaw_hardly_turns_the_head() -> None:
    motion = motion_between(jawOpen=1.0)
    assert np.degrees(np.linalg.norm(motion.rotation)) < 1.0
    assert motion.offsets[152, 1] < -1.0  # the chin falls


def test_closed_eyes_are_read_as_closed() -> None:
    motion = motion_between(eyeBlinkLeft=1.0)
    assert motion.aperture[0] == pytest.approx(0.0, abs=0.05)
    assert motion.aperture[1] == pytest.approx(1.0, abs=0.05)
    assert not motion.offsets[LIDS].any()


def test_an_eye_is_closed_where_trackers_still_read_a_slit_and_open_where_they_read_it_open() -> (
    None
):
    np.testing.assert_array_equal(apertures(np.array([0.1, 0.4])), 0.0)
    np.testing.assert_array_equal(apertures(np.array([0.7, 1.2])), [0.7, 1.2])
    shown = apertures(np.linspace(0.0, 1.0, 201))
    assert np.diff(shown).min() >= 0.0
    assert np.diff(shown).max() < 3.0 / 200, "a lid that closes does not snap"


def test_the_users_neutral_face_stays() -> None:
    driver = RigDriver()
    smiling = made_face(mouthSmileLeft=1.0, mouthSmileRight=1.0)
    driver.calibrate(textured(), smiling)
    for second in range(10):
        driver.read(textured(), made_face(), second * SECOND)
    assert np.abs(driver.read(textured(), smiling, 11 * SECOND).offsets).max() < 1e-6


def test_a_driver_says_where_its_neutral_face_comes_from() -> None:
    driver = RigDriver()
    said = [driver.neutral]
    driver.read(textured(), made_face(), 0)
    said.append(driver.neutral)
    driver.recalibrate()
    said.append(driver.neutral)
    driver.read(textured(), made_face(), SECOND)
    said.append(driver.neutral)
    assert said == ["none yet", "automatic", "next face", "yours"]
    calibrated = RigDriver()
    calibrated.calibrate(textured(), made_face())
    assert calibrated.neutral == "yours"


def test_the_running_choice_passes_over_to_a_calmer_face_slowly() -> None:
    driver = RigDriver()
    shouting = made_face(jawOpen=1.0)
    first = driver.read(textured(), shouting, 0)
    assert np.abs(first.offsets).max() < 1e-6, "the first face is all there is to compare with"
    soon = driver.read(textured(), made_face(), SECOND // 30)
    assert np.abs(soon.offsets).max() > 1.0, "still compared with the open mouth"
    chins = [
        driver.read(textured(), made_face(), SECOND // 30 * frame).offsets[152, 1]
        for frame in range(2, 90)
    ]
    assert abs(chins[-1]) < 0.05, "in the end the calm face is neutral"
    assert max(abs(np.diff(chins))) < 0.15, "and no frame jumps"


def test_recalibration_takes_the_next_face() -> None:
    driver = RigDriver()
    driver.read(textured(), made_face(), 0)
    driver.recalibrate()
    frown = made_face(browDownLeft=1.0, browDownRight=1.0)
    assert np.abs(driver.read(textured(), frown, SECOND).offsets).max() < 1e-6


def test_expression_has_no_pose_and_pose_no_expression() -> None:
    motion = motion_between(yaw=10.0, jawOpen=1.0, eyeBlinkLeft=1.0)
    expression = edited(motion, Edit(mode="expression"))
    assert not expression.rotation.any()
    assert not expression.shift.any()
    np.testing.assert_array_equal(expression.offsets, motion.offsets)
    pose = edited(motion, Edit(mode="pose"))
    assert not pose.offsets.any()
    np.testing.assert_array_equal(pose.aperture, [1.0, 1.0])
    np.testing.assert_array_equal(pose.rotation, motion.rotation)


@pytest.mark.parametrize("yaw", [12.6, -25.0])
def test_a_portrait_does_not_turn_by_a_turn_that_the_rim_denies(yaw: float) -> None:
    """In the mode expression; in the mode pose its face does turn, all the way."""
    driver = RigDriver()
    driver.calibrate(textured(), made_face())
    motion = driver.read(textured(), made_face(yaw=yaw, jawOpen=0.3), 0)
    portrait = PortraitFace.from_face(made_face(pitch=4.0))

    def turned(mode: Mode) -> float:
        shown = edited(motion, Edit(mode=mode))
        target = target_landmarks(portrait, shown, head_motion(portrait, shown))
        there = head_pose(Face(landmarks=target.astype(np.float32), confidence=1.0))
        rotation = there.placement.rotation @ portrait.pose.placement.rotation.T
        return float(np.degrees(vector_from_rotation(rotation)[1]))

    assert abs(turned("expression")) < 1.0
    assert turned("pose") == pytest.approx(yaw, abs=1.0)
    assert turned("both") == pytest.approx(yaw, abs=1.0)


@pytest.mark.parametrize(
    ("factor", "point", "arkit"),
    [("lips", 14, "jawOpen"), ("emotion", 105, "browOuterUpRight"), ("gaze", 473, "eyeLookInLeft")],
)
def test_a_gain_acts_on_its_own_factor_alone(factor: str, point: int, arkit: str) -> None:
    motion = motion_between(**{arkit: 1.0})
    without = edited(motion, Edit(gains={factor: 0.0}))
    assert np.linalg.norm(motion.offsets[point]) > 0.2
    assert np.linalg.norm(without.offsets[point]) < 0.05
    others = {"lips", "emotion", "gaze", "blink", "pose"} - {factor}
    kept = edited(motion, Edit(gains=dict.fromkeys(others, 0.0)))
    np.testing.assert_allclose(kept.offsets[point], motion.offsets[point], atol=0.05)


def test_an_arkit_gain_acts_on_its_shape() -> None:
    motion = motion_between(jawOpen=0.5, browInnerUp=0.5)
    louder = edited(motion, Edit(gains={"jawOpen": 2.0}))
    assert louder.offsets[14, 1] == pytest.approx(2.0 * motion.offsets[14, 1], rel=0.25)
    np.testing.assert_allclose(louder.offsets[9], motion.offsets[9], atol=0.08)


def test_arkit_values_are_read_back() -> None:
    asked = {"jawOpen": 0.6, "mouthSmileLeft": 0.8, "eyeBlinkRight": 1.0, "browInnerUp": 0.5}
    from engine.motion import ARKIT_NAMES

    read = dict(zip(ARKIT_NAMES, arkit_from_motion(motion_from_arkit(asked)), strict=True))
    for name, value in asked.items():
        assert read[name] == pytest.approx(value, abs=0.2), name


def test_an_unknown_arkit_name_is_refused() -> None:
    with pytest.raises(ValueError, match="jawOpened"):
        motion_from_arkit({"jawOpened": 1.0})


def test_a_factor_can_come_from_another_source() -> None:
    talking, turned = motion_between(jawOpen=1.0), motion_between(yaw=10.0, browInnerUp=1.0)
    mixed = with_factor(with_factor(turned, "lips", talking), "blink", still_motion())
    np.testing.assert_array_equal(mixed.rotation, turned.rotation)
    np.testing.assert_allclose(mixed.offsets[14], talking.offsets[14])
    np.testing.assert_allclose(mixed.offsets[9], turned.offsets[9])


def test_motion_eases_to_rest() -> None:
    motion = replace(motion_between(yaw=10.0, jawOpen=1.0), lip_contact=1.0)
    rest = motion.eased(1.0)
    assert not rest.offsets.any()
    assert not rest.rotation.any()
    assert rest.lip_contact == 0.0
    np.testing.assert_allclose(motion.eased(0.25).offsets, 0.75 * motion.offsets)


@pytest.mark.parametrize("kind", ["equal", "nan", "turned inside out", "folded", "shuffled"])
def test_a_first_face_that_is_none_does_not_become_the_neutral_one(kind: str) -> None:
    points = made_face().landmarks
    mirrored = points * np.array([-1, 1, 1]) + np.array([256, 0, 0])
    broken = {
        "equal": np.full_like(points, 50),
        "nan": points * np.float32(np.nan),
        "turned inside out": points * np.array([1, 1, -1]),
        "folded": np.where(points[:, :1] > 128, mirrored, points),
        "shuffled": points[np.random.default_rng(0).permutation(len(points))],
    }[kind]
    driver, sound = RigDriver(), RigDriver()
    bad = Face(landmarks=broken.astype(np.float32), confidence=1.0)
    driver.calibrate(textured(), bad)
    for index in range(3):
        motion = driver.read(textured(), bad, index)
        np.testing.assert_array_equal(motion.offsets, 0.0)
        np.testing.assert_array_equal(motion.rotation, 0.0)
    for index, yaw in enumerate((0.0, 5.0, 10.0), start=3):
        seen = made_face(yaw=yaw)
        expected = sound.read(textured(), seen, index)
        motion = driver.read(textured(), seen, index)
        np.testing.assert_array_equal(motion.rotation, expected.rotation)
        np.testing.assert_array_equal(motion.offsets, expected.offsets)


def test_a_broken_face_amid_a_stream_holds_the_motion() -> None:
    driver = RigDriver()
    driver.calibrate(textured(), made_face())
    before = driver.read(textured(), made_face(yaw=12), 0)
    broken = Face(landmarks=np.full((478, 3), 7, np.float32), confidence=1.0)
    assert driver.read(textured(), broken, 1) is before


def test_a_head_that_moves_far_is_no_expression_whatever_the_picture_shows() -> None:
    """The picture stays as it is: nothing confirms the movement."""
    driver = RigDriver()
    driver.calibrate(textured(), made_face())
    motion = driver.read(textured(), made_face(shift=(120.0, 0.0)), 0)
    assert np.abs(motion.offsets).max() < 1.0, (
        "brows, which are read in a picture of something else"
    )
    assert motion.of_rim.shift[0] > 14.0


@pytest.mark.parametrize(("yaw", "at_least", "at_most"), [(25.0, 16.0, 25.0), (-14.0, 5.0, 14.0)])
def test_the_rim_of_a_head_that_turns_far_turns_whatever_the_picture_shows(
    yaw: float, at_least: float, at_most: float
) -> None:
    """A turned head shows another rim."""
    driver = RigDriver()
    driver.calibrate(textured(), made_face())
    motion = driver.read(textured(), made_face(yaw=yaw), 0)
    turned = motion.of_rim.rotation
    assert at_least <= np.degrees(np.linalg.norm(turned)) <= at_most + 0.1
    assert np.degrees(motion.rotation[1]) == pytest.approx(yaw, abs=0.1), "the face turns all of it"
    assert np.abs(motion.offsets).max() < 0.2, "and of a turn only brows, read in a picture, err"


@pytest.mark.parametrize("is_users", [True, False])
def test_after_a_cut_to_the_same_person_the_neutral_face_stays_and_its_place_does_not(
    *, is_users: bool
) -> None:
    """The cut comes amid a word: the mouth stays open, and the head stays where it is."""
    driver, picture = RigDriver(), textured(512)
    if is_users:
        driver.calibrate(picture, made_face(512))
    driver.read(picture, made_face(512), 0)
    open_mouth = made_face(512, scale=0.6, shift=(120.0, -50.0), yaw=10.0, jawOpen=0.8)
    cut = replace(open_mouth, shot=1)
    motion = driver.read(textured(512, 8), cut, SECOND)
    expected = motion_between(yaw=10.0, jawOpen=0.8)
    assert motion.offsets[152, 1] == pytest.approx(expected.offsets[152, 1], abs=0.1)
    assert np.linalg.norm(motion.shift) < 0.5
    assert motion.log_scale == pytest.approx(0.0, abs=0.03)
    np.testing.assert_allclose(motion.rotation, expected.rotation, atol=0.02)


@pytest.mark.parametrize("size", [(64, 64), (96, 96), (256, 256), (130, 128)])
def test_a_view_that_comes_smaller_or_larger_is_no_movement(size: tuple[int, int]) -> None:
    """WebRTC halves the picture while the line is busy, also amid an expression."""
    picture = textured(128)
    talking = made_face(128, jawOpen=0.5, yaw=20.0, shift=(24.0, 0.0))
    expected, driver = RigDriver(), RigDriver()
    for reader in (expected, driver):
        reader.read(picture, made_face(128), 0)
    scale = float(np.sqrt(size[0] * size[1]) / 128)
    shift = (scale - 1.0) / 2.0
    scaled = np.asarray(cv2.resize(picture, size), np.uint8)
    whole = expected.read(picture, talking, SECOND)
    motion = driver.read(scaled, talking.moved(scale, (shift, shift)), SECOND)
    assert np.linalg.norm(whole.rotation) > 0.05
    np.testing.assert_allclose(motion.offsets, whole.offsets, atol=0.05)
    np.testing.assert_allclose(motion.rotation, whole.rotation, atol=0.02)
    np.testing.assert_allclose(motion.shift, whole.shift, atol=0.1)
    assert motion.log_scale == pytest.approx(whole.log_scale, abs=0.01)
