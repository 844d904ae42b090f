"""542 numbers in named slices: gains, modes, rest, recordings, sources and smoothing."""

from fractions import Fraction
from typing import get_args

import numpy as np
import pytest

from engine.errors import InputError
from engine.motion import FACTORS, Edit, Factor, Mode
from engine.pdfgc.arrays import PdfgcArrays
from engine.pdfgc.layout import INDICES, MOTION, PARTS
from engine.pdfgc.mixer import FADE_S, PdfgcMixer
from engine.pdfgc.motion import DEMO_GAINS, PdfgcMotion, between
from engine.pdfgc.recording import PdfgcRecording
from engine.pdfgc.smoothing import PERIOD_NS, PoseMean, bell, mean
from engine.runtimes.base import Array
from tests.motions_made import moving


def codes(seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(MOTION).astype(np.float32)


OWN = codes(0)


def recording(count: int = 5, seed: int = 7) -> PdfgcRecording:
    return PdfgcRecording(
        times_ns=np.arange(count, dtype=np.int64) * PERIOD_NS,
        tracked=np.ones(count, np.bool_),
        codes=np.stack([codes(seed + index) for index in range(count)]),
        share=np.ones(count, np.float32),
        rate=Fraction(25),
    )


def test_rest_is_the_portraits_own_and_zero_is_not() -> None:
    motion = PdfgcMotion.of(codes(1))
    np.testing.assert_array_equal(motion.eased(1.0).over(OWN), OWN)
    np.testing.assert_array_equal(PdfgcMotion.still().over(OWN), OWN)
    np.testing.assert_array_equal(PdfgcMotion.zero().over(OWN), np.zeros(MOTION))
    np.testing.assert_allclose(
        motion.eased(0.25).over(OWN), 0.75 * motion.codes + 0.25 * OWN, atol=1e-6
    )


@pytest.mark.parametrize("factor", FACTORS)
def test_the_default_edit_is_the_demos_and_a_gain_multiplies_it(factor: Factor) -> None:
    motion = PdfgcMotion.of(codes(1))
    shown = motion.edited(Edit()).over(OWN)
    place = INDICES[factor]
    np.testing.assert_allclose(shown[place], DEMO_GAINS[factor] * motion.codes[place], rtol=1e-5)
    half = motion.edited(Edit(gains={factor: 0.5})).over(OWN)
    np.testing.assert_allclose(half[place], shown[place] / 2, rtol=1e-4, atol=1e-6)
    others = [number for number in range(MOTION) if number not in place]
    np.testing.assert_array_equal(half[others], shown[others])


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_mode_leaves_the_rest_to_the_portrait(mode: Mode) -> None:
    shown = PdfgcMotion.of(codes(1)).edited(Edit(mode=mode)).over(OWN)
    for factor in FACTORS:
        kept = np.array_equal(shown[INDICES[factor]], OWN[INDICES[factor]])
        assert kept == ((mode == "pose") != (factor == "pose") and mode != "both")


def test_a_gain_for_a_muscle_is_refused() -> None:
    with pytest.raises(InputError, match="whole factors, not jawOpen"):
        PdfgcMotion.of(codes(1)).edited(Edit(gains={"jawOpen": 2.0}))


def test_between_two_motions_what_is_drawn_lies_on_a_line() -> None:
    one, other = PdfgcMotion.of(codes(1)), PdfgcMotion.of(codes(2)).eased(0.5)
    for weight in (0.0, 0.3, 1.0):
        wanted = (1 - weight) * one.over(OWN) + weight * other.over(OWN)
        np.testing.assert_allclose(between(one, other, weight).over(OWN), wanted, atol=1e-5)
    np.testing.assert_allclose(
        between(PdfgcMotion.still(), PdfgcMotion.still(), 0.5).over(OWN), OWN, atol=1e-6
    )


def test_a_recording_gives_its_motions_at_their_times_and_runs_again() -> None:
    performed = recording()
    for index in range(5):
        np.testing.assert_array_equal(performed.at(index * PERIOD_NS).codes, performed.codes[index])
    middle = performed.at(PERIOD_NS // 2).codes
    np.testing.assert_allclose(middle, performed.codes[:2].mean(axis=0), atol=1e-6)
    again = performed.at(performed.length_ns)
    np.testing.assert_allclose(again.codes, performed.codes[-1], atol=1e-6)  # and passes over


def test_a_recordings_frames_without_a_face_are_at_rest() -> None:
    performed = recording()
    performed.tracked[2] = False
    assert performed.motion(2) is None
    np.testing.assert_array_equal(performed.at(2 * PERIOD_NS).over(OWN), OWN)


def test_arrays_keep_a_motion_by_its_parts() -> None:
    arrays = PdfgcArrays()
    motion = PdfgcMotion.of(codes(3)).eased(0.25)
    row = arrays.row(motion)
    assert {name: np.size(row[name]) for name in PARTS} == dict(PARTS)
    assert row["share"] == 0.75
    assert arrays.row(None)["share"] == 0.0
    given = {name: np.asarray(row[name], np.float32)[None] for name in row}
    given |= {"times_ns": np.zeros(1, np.int64)}
    back = arrays.recording(given, np.ones(1, np.bool_), Fraction(25)).motion(0)
    assert back is not None
    np.testing.assert_allclose(back.over(OWN), motion.over(OWN), atol=1e-6)
    with pytest.raises(TypeError, match="RigMotion"):
        arrays.row(moving(0))


@pytest.mark.parametrize("factor", FACTORS)
def test_one_factor_from_another_source_moves_that_factor_only(factor: Factor) -> None:
    mixer, performed = PdfgcMixer(), recording()
    mixer.replay(factor, performed)
    mixer.restart()
    live = PdfgcMotion.of(codes(1))
    mixed, edit = mixer.mix(live, Edit(), 10)
    assert mixed is not None
    place = INDICES[factor]
    np.testing.assert_array_equal(mixed.codes[place], performed.codes[0][place])
    others = [number for number in range(MOTION) if number not in place]
    np.testing.assert_array_equal(mixed.codes[others], live.codes[others])
    assert edit.mode == "both"
    assert mixed.share.all()


def test_a_factor_can_be_held_the_portraits_own_zero_or_the_drivers_again() -> None:
    mixer, live = PdfgcMixer(), PdfgcMotion.of(codes(1))
    mixer.hold("emotion", None)
    mixer.switch_off("pose")
    mixer.hold("gaze", PdfgcMotion.of(codes(2)))
    mixer.restart()
    mixed, _ = mixer.mix(live, Edit(), 0)
    assert mixed is not None
    shown = mixed.over(OWN)
    np.testing.assert_array_equal(shown[INDICES["emotion"]], OWN[INDICES["emotion"]])
    np.testing.assert_array_equal(shown[INDICES["pose"]], np.zeros(6))
    np.testing.assert_array_equal(shown[INDICES["gaze"]], codes(2)[INDICES["gaze"]])
    mixer.release("pose")
    first, _ = mixer.mix(live, Edit(), PERIOD_NS)
    later, _ = mixer.mix(live, Edit(), PERIOD_NS + round(FADE_S * 1e9))
    assert first is not None
    assert later is not None
    assert np.abs(first.part("pose")).max() < 0.2 * np.abs(live.part("pose")).max()  # no jump
    np.testing.assert_array_equal(later.part("pose"), live.part("pose"))


def test_what_was_held_and_released_between_two_pictures_is_the_drivers() -> None:
    mixer, live = PdfgcMixer(), PdfgcMotion.of(codes(1))
    mixer.hold("pose", None)
    mixer.release("pose")
    mixed, _ = mixer.mix(live, Edit(), 0)
    assert mixed is not None
    np.testing.assert_array_equal(mixed.over(OWN), live.over(OWN))


def test_a_source_shows_whatever_the_mode_takes_of_the_driver() -> None:
    mixer = PdfgcMixer()
    mixer.replay("pose", recording())
    mixer.restart()
    mixed, edit = mixer.mix(PdfgcMotion.of(codes(1)), Edit(mode="expression"), 0)
    assert mixed is not None
    np.testing.assert_array_equal(mixed.share, np.ones(MOTION))
    mixer = PdfgcMixer()
    mixer.replay("lips", recording())
    mixer.restart()
    mixed, edit = mixer.mix(PdfgcMotion.of(codes(1)), Edit(mode="expression"), 0)
    assert mixed is not None
    shown = mixed.edited(edit).over(OWN)
    np.testing.assert_array_equal(shown[INDICES["pose"]], OWN[INDICES["pose"]])


def test_without_a_face_a_source_still_moves_its_factor() -> None:
    mixer, performed = PdfgcMixer(), recording()
    mixer.replay("lips", performed)
    mixer.restart()
    mixed, _ = mixer.mix(None, Edit(), 0)
    assert mixed is not None
    shown = mixed.over(OWN)
    np.testing.assert_array_equal(shown[INDICES["lips"]], performed.codes[0][INDICES["lips"]])
    np.testing.assert_array_equal(shown[INDICES["pose"]], OWN[INDICES["pose"]])


def test_a_head_that_stays_as_it_is_can_be_put_back_into_its_picture() -> None:
    mixer = PdfgcMixer()
    mixer.replay("lips", recording())
    mixer.restart()
    live = PdfgcMotion.of(codes(1))
    assert mixer.mix(live, Edit(mode="expression"), 0)[1].mode == "expression"
    assert mixer.mix(None, Edit(), 0)[1].mode == "expression"
    mixer.hold("pose", None)
    mixer.restart()
    assert mixer.mix(live, Edit(), 0)[1].mode == "expression"
    mixer.switch_off("pose")
    mixer.restart()
    assert mixer.mix(live, Edit(mode="expression"), 0)[1].mode == "both"


def test_what_it_has_not_is_refused_in_words() -> None:
    mixer = PdfgcMixer()
    mixer.set_sliders({})
    with pytest.raises(InputError, match="no slider jawOpen"):
        mixer.set_sliders({"jawOpen": 0.5})
    with pytest.raises(InputError, match="gaze=zero"):
        mixer.look_at_camera()


def test_at_25_pictures_a_second_the_smoothing_is_the_demos() -> None:
    values = np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32)
    times = np.arange(6, dtype=np.int64) * PERIOD_NS
    near = np.exp([-0.5, 0.0, -0.5])
    near /= near.sum()  # 0.274, 0.452, 0.274
    padded = np.pad(values, ((1, 1), (0, 0)))
    wanted = sum(near[k] * padded[k : k + 6] for k in range(3))
    np.testing.assert_allclose(bell(values, times), wanted, atol=1e-6)
    averaged = mean(values, times)
    np.testing.assert_allclose(averaged[2], values[1:4].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(averaged[0], values[:2].mean(axis=0), atol=1e-6)


def test_at_other_rates_the_smoothing_is_as_long() -> None:
    times = np.arange(40, dtype=np.int64) * (PERIOD_NS // 2)
    impulse = np.zeros((40, 1), np.float32)
    impulse[20] = 1.0
    smooth = bell(impulse, times)[:, 0]
    assert np.flatnonzero(smooth > 1e-9).tolist() == [18, 19, 20, 21, 22]
    assert smooth.sum() == pytest.approx(1.0)
    single = bell(np.ones((1, 2), np.float32), np.zeros(1, np.int64))
    np.testing.assert_allclose(single, 0.452, atol=1e-3)


def test_a_live_pose_is_the_mean_of_this_picture_and_two_before() -> None:
    smooth = PoseMean()
    poses = [codes(seed)[:6] for seed in range(4)]
    shown = [smooth(pose, index * PERIOD_NS) for index, pose in enumerate(poses)]
    np.testing.assert_allclose(shown[0], poses[0])
    np.testing.assert_allclose(shown[3], np.mean(poses[1:], axis=0), rtol=1e-5)
    np.testing.assert_allclose(smooth(poses[0], 10**11), poses[0])  # after a pause, anew
