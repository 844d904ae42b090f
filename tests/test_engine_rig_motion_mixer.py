"""Each factor comes from the source that was asked for, and a change of source is no jump."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from engine.motion import Edit
from engine.performance import SEAM_S
from engine.rig.motion.factors import (
    arkit_from_motion,
    factor_weights,
    motion_from_arkit,
    with_factor,
)
from engine.rig.motion.mixer import FADE_S, LIVE, Held, Replayed, RigMixer, ToCamera
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.motion.recording import Recording
from tests.motions_made import moving, recording_of

SECOND = 1_000_000_000
SMILE = motion_from_arkit({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "browInnerUp": 0.6})
LIPS = factor_weights()["lips"][:, None]


def mixed(
    mixer: RigMixer, live: RigMotion | None, edit: Edit | None = None, at: int = 0
) -> RigMotion:
    motion, _ = mixer.mix(live, edit or Edit(), at)
    assert motion is not None
    return motion


def test_without_sources_the_driver_passes_as_it_is() -> None:
    mixer, edit = RigMixer(), Edit(mode="pose")
    motion = moving(1)
    assert mixer.mix(motion, edit, 0) == (motion, edit)
    assert mixer.mix(None, edit, 1) == (None, edit)


def test_what_was_held_and_released_between_two_pictures_is_the_drivers() -> None:
    mixer, live = RigMixer(), moving(8)
    mixer.hold("pose", None)
    mixer.release("pose")
    np.testing.assert_allclose(mixed(mixer, live).rotation, live.rotation, atol=1e-6)


def test_lips_come_from_a_recording_and_all_else_from_the_driver() -> None:
    recorded, live = moving(3), moving(8)
    mixer = RigMixer({"lips": Replayed(recording_of([recorded]))})
    motion = mixed(mixer, live)
    expected = with_factor(live, "lips", recorded)
    np.testing.assert_allclose(motion.offsets, expected.offsets, atol=1e-6)
    np.testing.assert_allclose(
        motion.offsets, live.offsets * (1 - LIPS) + recorded.offsets * LIPS, atol=1e-6
    )
    assert motion.lip_contact == pytest.approx(recorded.lip_contact)
    np.testing.assert_array_equal(motion.rotation, live.rotation)
    np.testing.assert_array_equal(motion.aperture, live.aperture)


def test_a_pose_from_a_recording_is_shown_though_the_mode_takes_no_pose_of_the_driver() -> None:
    recorded, live = moving(3), moving(8)
    mixer = RigMixer({"pose": Replayed(recording_of([recorded]))})
    motion, edit = mixer.mix(live, Edit(mode="expression", gains={"lips": 0.5}), 0)
    assert motion is not None
    np.testing.assert_allclose(motion.rotation, recorded.rotation, atol=1e-6)
    np.testing.assert_array_equal(motion.offsets, live.offsets)
    assert (edit.mode, edit.gains) == ("both", {"lips": 0.5})


def test_the_mode_still_says_what_the_driver_gives() -> None:
    mixer = RigMixer({"lips": Held(SMILE)})
    motion = mixed(mixer, moving(8), Edit(mode="pose"))
    np.testing.assert_array_equal(motion.rotation, moving(8).nodded.rotation)
    np.testing.assert_allclose(motion.offsets, SMILE.offsets * LIPS)


def test_a_recording_goes_on_while_the_driver_is_away() -> None:
    mixer = RigMixer({"lips": Replayed(recording_of([moving(1), moving(2)]))})
    first, second = mixed(mixer, None), mixed(mixer, None, at=SECOND // 30)
    assert np.abs(second.offsets - first.offsets).max() > 0.01
    assert not second.rotation.any()


def test_rest_is_a_source() -> None:
    motion = mixed(RigMixer({"blink": Held()}), moving(8))
    np.testing.assert_array_equal(motion.aperture, [1.0, 1.0])
    np.testing.assert_array_equal(motion.offsets, moving(8).offsets)


def test_a_new_stream_begins_recordings_anew() -> None:
    """As after a warm-up, which is no frame of the stream."""
    mixer = RigMixer()
    mixer.replay("pose", recording_of([moving(0), moving(6)]))
    mixer.restart()
    shown = [mixed(mixer, None, at=SECOND), mixed(mixer, None, at=SECOND + SECOND // 30)]
    mixer.restart()
    shown.append(mixed(mixer, None, at=7 * SECOND))
    for motion, index in zip(shown, (0, 6, 0), strict=True):
        np.testing.assert_allclose(motion.rotation, moving(index).rotation, atol=1e-6)


def test_sliders_come_on_top_of_the_driver() -> None:
    mixer = RigMixer(sliders={"mouthSmileLeft": 0.4, "eyeBlinkLeft": 0.5})
    motion = mixed(mixer, None)
    names = arkit_from_motion(motion)
    from engine.motion import ARKIT_NAMES

    assert names[ARKIT_NAMES.index("mouthSmileLeft")] == pytest.approx(0.4, abs=0.1)
    assert motion.aperture.tolist() == pytest.approx([0.5, 1.0])
    driven = mixed(mixer, SMILE)
    np.testing.assert_allclose(driven.offsets, SMILE.offsets + motion.offsets, atol=1e-9)


@pytest.mark.parametrize(
    ("sliders", "complaint"),
    [({"smile": 0.4}, "unknown slider 'smile'"), ({"jawOpen": 1.5}, r"must lie in \[0, 1\]")],
)
def test_a_slider_that_cannot_be_meant_is_refused(
    sliders: dict[str, float], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        RigMixer(sliders=sliders)


def turned(yaw: float, pitch: float = 0.0) -> RigMotion:
    """A head turned to the picture's right by yaw and up by pitch, in radians."""
    return replace(still_motion(), rotation=np.array([-pitch, yaw, 0.0]))


def test_eyes_on_the_camera_go_against_the_head() -> None:
    mixer = RigMixer({"gaze": ToCamera()})
    right, up = mixed(mixer, turned(0.2)), mixed(mixer, turned(0.0, 0.2))
    assert right.offsets[468, 0] < -0.15
    assert up.offsets[473, 1] < -0.15
    assert not right.offsets[:468].any()
    assert not mixed(mixer, turned(0.0)).offsets.any()


def test_eyes_on_the_camera_follow_the_pose_that_is_shown_not_the_drivers() -> None:
    mixer = RigMixer({"gaze": ToCamera()})
    assert not mixed(mixer, turned(0.2), Edit(mode="expression")).offsets.any()
    half = mixed(mixer, turned(0.2), Edit(gains={"pose": 0.5}))
    np.testing.assert_allclose(half.offsets, mixed(mixer, turned(0.1)).offsets, atol=1e-9)
    recorded = RigMixer({"gaze": ToCamera(), "pose": Held(turned(-0.2))})
    assert mixed(recorded, turned(0.2)).offsets[468, 0] > 0.15


def test_eyes_on_the_camera_stay_within_their_lids() -> None:
    mixer = RigMixer({"gaze": ToCamera()})
    assert abs(mixed(mixer, turned(1.4)).offsets[468, 0]) < 0.8


def test_a_gain_of_gaze_does_not_take_the_eyes_off_the_camera() -> None:
    _, edit = RigMixer({"gaze": ToCamera()}).mix(turned(0.2), Edit(gains={"gaze": 0.0}), 0)
    assert edit.gain("gaze") == 1.0


def test_another_source_is_faded_over_to_without_a_jump() -> None:
    mixer, live = RigMixer(), turned(0.4)
    mixer.mix(live, Edit(), 0)
    mixer.set("pose", Held())
    shown = [
        float(mixed(mixer, live, at=frame * SECOND // 30).rotation[1]) for frame in range(1, 20)
    ]
    assert shown[0] == pytest.approx(0.4, abs=0.01)
    assert shown[-1] == 0.0
    assert max(np.abs(np.diff(shown))) < 0.4 / (FADE_S * 30) * 1.6
    mixer.set("pose", LIVE)
    back = [
        float(mixed(mixer, live, at=frame * SECOND // 30).rotation[1]) for frame in range(20, 40)
    ]
    assert back[0] == pytest.approx(0.0, abs=0.01)
    assert back[-1] == pytest.approx(0.4)


def test_a_source_given_at_the_start_is_there_at_once() -> None:
    assert mixed(RigMixer({"pose": Held()}), turned(0.4)).rotation[1] == 0.0


def test_a_recording_gives_its_own_frames_at_their_times_and_runs_again() -> None:
    motions = [moving(index) for index in range(30)]
    recording = recording_of(motions)
    for index, motion in enumerate(motions):
        found = recording.at(int(recording.times_ns[index]))
        np.testing.assert_allclose(found.offsets, motion.offsets, atol=1e-6)
        np.testing.assert_allclose(found.rotation, motion.rotation, atol=1e-6)
    again = recording.length_ns
    np.testing.assert_allclose(recording.at(again).rotation, motions[-1].rotation, atol=1e-6)
    later = again + round(SEAM_S * SECOND)
    np.testing.assert_allclose(
        recording.at(later).rotation, recording.at(later - again).rotation, atol=1e-6
    )


def test_between_two_frames_a_recording_is_in_between() -> None:
    recording = recording_of([moving(1), moving(3)])
    np.testing.assert_allclose(
        recording.at(SECOND // 60).rotation,
        (moving(1).rotation + moving(3).rotation) / 2,
        atol=1e-5,
    )


def test_a_frame_at_rest_is_rest_as_a_source() -> None:
    recording = recording_of([moving(1), None])
    assert recording.motion(1) is None
    assert not recording.at(SECOND // 30).offsets.any()
    assert recording.rate == Fraction(30)
    assert isinstance(recording, Recording)


@pytest.mark.parametrize("refine", [False, True])
def test_whether_the_network_refines_is_not_the_mixers_to_say(refine: bool) -> None:
    mixer = RigMixer({"gaze": ToCamera()})
    edit = Edit(mode="expression", gains={"lips": 0.5, "gaze": 2.0}, refine=refine)
    _, left = mixer.mix(moving(1), edit, 0)
    assert left == Edit(gains={"lips": 0.5}, refine=refine)
