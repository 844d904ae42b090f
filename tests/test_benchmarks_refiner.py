"""The refiner's evaluation: each measure on something whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.leaks import Sample, leak_matrix, leaked, measured, units
from benchmarks.quality.nearness import psnr
from benchmarks.quality.rim import rim_mask
from benchmarks.quality.steadiness import flicker
from benchmarks.refiner import flicker as refiner_flicker
from benchmarks.refiner import identity, same_person
from benchmarks.refiner.flicker import unrest
from benchmarks.refiner.pose_leak import angle_deg, rim_share
from benchmarks.refiner.report import Section, Verdict, find_missing, verdict_of
from benchmarks.refiner.subjects import REFINED, RIG
from engine.faces.face import Face
from engine.motion import FACTORS, Factor
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS
from tests.faces_made import made_face, textured

REGIONS = ("face", "mouth")


def errors(**of_clips: float) -> dict[str, dict[str, float]]:
    """The same error in both regions of each clip."""
    return {clip: dict.fromkeys(REGIONS, value) for clip, value in of_clips.items()}


@pytest.mark.parametrize(
    ("refined", "better", "nowhere_worse"),
    [
        (errors(one=3.0, two=4.9), True, True),
        (errors(one=3.0, two=5.05), True, True),  # 1 % worse
        (errors(one=3.0, two=5.15), True, False),  # 3 % worse
        (errors(one=4.05, two=5.05), False, True),
    ],
)
def test_a_clip_that_loses_three_percent_is_a_no(
    refined: dict[str, dict[str, float]], *, better: bool, nowhere_worse: bool
) -> None:
    on_average, everywhere = same_person.judge("L1", errors(one=4.0, two=5.0), refined)
    assert (on_average.holds, everywhere.holds) == (better, nowhere_worse)


def test_one_region_that_loses_is_found_and_named() -> None:
    refined = errors(one=3.0, two=4.0)
    refined["two"]["mouth"] = 6.5
    on_average, everywhere = same_person.judge("L1", errors(one=4.0, two=5.0), refined)
    assert not on_average.holds
    assert not everywhere.holds
    assert "two, mouth, +30.0%" in everywhere.detail


def verdict(*, holds: bool, decides: bool = True) -> Verdict:
    return Verdict(question="does it hold", holds=holds, detail="so", decides=decides)


@pytest.mark.parametrize(
    ("verdicts", "ships"),
    [
        ([verdict(holds=True)], True),
        ([verdict(holds=True), verdict(holds=False)], False),
        ([verdict(holds=True), verdict(holds=False, decides=False)], True),
        ([verdict(holds=True, decides=False)], False),
        ([], False),
    ],
)
def test_it_ships_only_if_everything_that_decides_holds(
    verdicts: list[Verdict], *, ships: bool
) -> None:
    section = Section(result={}, table="", verdicts=tuple(verdicts))
    assert verdict_of([section], []).holds is ships


def test_nothing_is_decided_while_a_section_is_missing() -> None:
    section = Section(result={}, table="", verdicts=(verdict(holds=True),))
    undecided = verdict_of([section], ["flicker"])
    assert not undecided.holds
    assert undecided.detail == "undecided: flicker not measured"


def test_missing_files_are_named() -> None:
    here = Path(__file__)
    assert find_missing([("--clips", here)]) is None
    assert find_missing([("--clips", here), ("--models", None)]) == "--models is not given"
    assert "nowhere is missing" in (find_missing([("--clips", here / "nowhere")]) or "")


def test_a_picture_that_stands_still_does_not_flicker() -> None:
    picture = textured(64)
    assert flicker([picture] * 5, (8, 8, 40, 40)) == 0.0
    assert flicker([picture], (8, 8, 40, 40)) == 0.0


def test_flicker_is_the_mean_step_inside_the_box() -> None:
    dark, outside = np.full((64, 64, 3), 100, np.uint8), np.full((64, 64, 3), 100, np.uint8)
    light = dark + np.uint8(6)
    outside[:, 40:] = 255
    assert flicker([dark, light, dark], (8, 8, 40, 40)) == pytest.approx(6.0)
    assert flicker([dark, outside, dark], (8, 8, 40, 40)) == 0.0


@pytest.mark.parametrize(("after", "holds"), [(0.30, True), (0.305, True), (0.32, False)])
def test_flicker_that_is_added_is_a_no(after: float, *, holds: bool) -> None:
    found = {"driver": {"portrait": {RIG: 0.30, REFINED: after}}}
    assert refiner_flicker.judge(found).holds is holds


def test_a_face_that_goes_a_hundredth_of_its_height_is_that_restless() -> None:
    face = made_face()
    _, top, _, bottom = face.box
    step = (bottom - top) / 100.0
    faces = [face.moved(1.0, (step * k, 0.0)) for k in range(4)]
    assert unrest(faces) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("after", "holds"), [(0.81, True), (0.797, True), (0.78, False)])
def test_a_portrait_that_becomes_another_person_is_a_no(after: float, *, holds: bool) -> None:
    found = {"portrait": {RIG: [0.9, 0.7], REFINED: [after + 0.1, after - 0.1]}}
    assert identity.judge(found).holds is holds


def moved_face(factor: Factor, amount: float) -> Face:
    """A face of which one thing alone moved."""
    offsets = np.zeros((478, 3))
    if factor == "pose":
        return made_face(yaw=12.0 * amount)
    if factor == "lips":
        offsets[[*INNER_LIPS, *OUTER_LIPS], 1] = -0.8 * amount
    elif factor == "gaze":
        offsets[468:, 0] = 0.4 * amount
    elif factor == "emotion":
        offsets[[70, 63, 105, 66, 107, 300, 293, 334, 296, 336], 1] = 0.6 * amount
    else:
        points = made_face().landmarks
        for eye in EYES:
            gap = (points[eye.upper] - points[eye.lower])[:, 1]
            offsets[eye.lower, 1] = -gap / (0.0265 * 256) * amount
    return made_face(offsets=offsets)


def samples_of(share: float) -> list[Sample]:
    return [(factor, measured(made_face(), moved_face(factor, share))) for factor in FACTORS]


def test_a_model_that_moves_one_thing_at_a_time_has_a_diagonal_matrix() -> None:
    exact = samples_of(1.0)
    matrix = leak_matrix(samples_of(0.5), units(exact))
    # Lids are read as closed before they touch: half a blink counts for seven tenths.
    halves = [0.7 if factor == "blink" else 0.5 for factor in FACTORS]
    np.testing.assert_allclose(np.diag(matrix), halves, atol=0.05)
    off = matrix - np.diag(np.diag(matrix))
    assert off.max() < 0.06
    assert leaked(leak_matrix(exact, units(exact))) < 0.06


def test_a_model_that_nods_when_it_smiles_is_seen() -> None:
    exact = samples_of(1.0)
    smiling = measured(made_face(), moved_face("lips", 1.0))
    nodding = {**smiling, "pose": measured(made_face(), made_face(yaw=6.0))["pose"]}
    matrix = leak_matrix([("lips", nodding), *exact[1:]], units(exact))
    assert matrix[FACTORS.index("lips"), FACTORS.index("pose")] == pytest.approx(0.5, abs=0.03)


def test_a_factor_that_nothing_moved_has_no_row() -> None:
    exact = samples_of(1.0)
    matrix = leak_matrix([sample for sample in exact if sample[0] != "gaze"], units(exact))
    row = FACTORS.index("gaze")
    assert np.isnan(matrix[row]).all()
    assert np.isfinite(np.delete(matrix, row, axis=0)).all()


def test_a_turned_head_is_read_to_a_tenth_of_a_degree() -> None:
    assert angle_deg(made_face(), made_face(yaw=3.0)) == pytest.approx(3.0, abs=0.1)
    assert angle_deg(made_face(pitch=4.0), made_face(pitch=4.0)) == pytest.approx(0.0, abs=0.01)


def test_the_rim_tells_a_turned_head_from_a_moved_mouth() -> None:
    rest, face = textured(256), made_face()
    rim = rim_mask(face, (256, 256))
    assert not rim[tuple(np.round(face.landmarks[[0, 9, 152], 1::-1]).astype(int).T)].any()
    spoken = rest.copy()
    mouth = np.round(face.landmarks[[*OUTER_LIPS], :2]).astype(int)
    (left, top), (right, bottom) = mouth.min(axis=0), mouth.max(axis=0)
    spoken[top:bottom, left:right] = 0
    half_a_degree = [np.roll(rest, 1, axis=axis) for axis in (0, 1)]
    assert rim_share(rest, spoken, half_a_degree, rim) == 0.0
    assert rim_share(rest, np.roll(rest, 3, axis=1), half_a_degree, rim) > 2.0


def test_psnr_is_in_decibels_of_255() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(black, black) == 99.0
    assert psnr(black, black + np.uint8(255)) == pytest.approx(0.0)
    assert psnr(black, black + np.uint8(51)) == pytest.approx(20 * np.log10(5), rel=1e-6)
