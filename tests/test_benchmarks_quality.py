"""`understudy bench quality`: each measure finds what was done on purpose."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from benchmarks.cli.quality import app
from benchmarks.quality.estimator import aed, apd, fit, turn_deg
from benchmarks.quality.figures import figures
from benchmarks.quality.following import followed, lag_frames, traces
from benchmarks.quality.lip_sync import heard_jaw, lip_sync
from benchmarks.quality.measuring import measure
from benchmarks.quality.networks import MOBILEFACENET, Networks, find_networks
from benchmarks.quality.played import STILL, play
from benchmarks.quality.run import BUNDLED_CLIP, BUNDLED_PORTRAIT, Plan, find_sitter, run
from benchmarks.quality.shapes import EXPRESSIONS, load_shapes
from benchmarks.quality.steadiness import wobble
from benchmarks.quality.takes import other_person
from benchmarks.report.compare import changes
from benchmarks.report.record import as_record
from benchmarks.report.report import Report
from benchmarks.seeded_weights import write_checkpoint
from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.face import Face
from engine.families import find_family
from engine.family import Choice
from engine.frame import Pixels
from engine.geometry import rotation_from_yaw_pitch_roll, vector_from_rotation
from engine.model import Portrait
from engine.motion import Edit
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from tests.dpe_made import command
from tests.faces_made import made_face
from tests.speech_here import RATE, voiced

FEW = Plan(frames=90, every=1, stride=9, size=256, heads=0)
FACE = made_face(256)


class LeakingPortrait:
    """Turns the head whenever it is asked for an expression."""

    def __init__(self, portrait: Portrait[RigMotion], degrees: float) -> None:
        self._portrait = portrait
        self._turn = vector_from_rotation(rotation_from_yaw_pitch_roll(degrees, 0.0, 0.0))
        self.modes = portrait.modes

    def render(self, motion: RigMotion, edit: Edit) -> Pixels:
        if edit.mode != "expression":
            return self._portrait.render(motion, edit)
        still = replace(motion, rotation=np.zeros(3), shift=np.zeros_like(motion.shift))
        turned = replace(still, rotation=self._turn, log_scale=0.0)
        return self._portrait.render(turned, replace(edit, mode="both"))

    def still(self) -> Pixels:
        return self._portrait.still()

    def prepare(self) -> None:
        self._portrait.prepare()

    def for_stream(self) -> "LeakingPortrait":
        return self


class LeakingModel(RigModel):
    def enroll(self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()) -> Any:  # noqa: ANN401 (a portrait of another class)
        return LeakingPortrait(super().enroll(picture, face, appearances), 2.0)


@cache
def honest() -> Report:
    return run(RigModel(), FEW)


def value(report: Report, name: str) -> float:
    return next(figure.value for figure in report.figures if figure.name == name)


def told_of_expressions(model: RigModel) -> dict[str, Any]:
    """The record of the mode expression alone, of the portrait and the clip that ship."""
    sitter = find_sitter(BUNDLED_PORTRAIT, 256)
    assert sitter is not None
    drive = other_person(sitter, BUNDLED_CLIP, 256, most=90, stride=3)
    played = play(model, drive, ["expression"])
    found = measure(drive.thinned(), played, Networks(), every=1, is_same=False)
    report = Report(kind="quality", settings={}, figures=tuple(figures("cross", [found])))
    made = {"commit": "", "machine": {}, "versions": {}, "dirty": False, "command": ""}
    return as_record(report, made)


@pytest.mark.slow
def test_a_head_that_turns_by_two_degrees_with_an_expression_is_told_as_worse() -> None:
    found = changes(told_of_expressions(RigModel()), told_of_expressions(LeakingModel()))
    says = {change.figure.name: change.says for change in found}
    assert says["cross.expression.lean.source"] == "worse"
    assert says["cross.expression.turn.source"] == "worse"
    assert says["cross.expression.yaw.source"] == "changed"
    assert says["cross.expression.aed.driver"] == "the same"


@pytest.mark.slow
def test_a_still_picture_scores_as_one_that_never_moves_and_the_model_as_nearer() -> None:
    still = {figure.name: figure for figure in honest().figures if ".still_picture." in figure.name}
    assert still["same.still_picture.r.blink"].value == 0.0
    assert still["same.still_picture.gain.blink"].value == 0.0
    assert still["same.still_picture.excess"].value == pytest.approx(-100.0)
    assert still["same.still_picture.turn.source"].value == pytest.approx(0.0, abs=1e-4)
    assert all(figure.better is None for figure in still.values())
    for region in ("face", "mouth", "eyes"):
        name = f"psnr.{region}"
        assert value(honest(), f"same.both.{name}") > value(honest(), f"same.still_picture.{name}")
    assert value(honest(), "same.both.aed.driver") < value(
        honest(), "same.still_picture.aed.driver"
    )


@pytest.mark.slow
def test_what_is_missing_is_skipped_by_name() -> None:
    assert set(honest().skipped) == {"LPIPS", "CSIM", "lip sync", "rendered heads"}
    assert not any("lpips" in figure.name or "csim" in figure.name for figure in honest().figures)
    assert "only within one evaluator" in str(honest().tables)


def test_a_missing_network_is_named_with_its_file(tmp_path: Path) -> None:
    networks = find_networks(tmp_path)
    assert networks.lpips is None
    assert networks.recogniser is None
    assert MOBILEFACENET in networks.skipped["CSIM"]


def made_of_shapes(yaw: float, scale: float, seed: int, **weights: float) -> Face:
    """A face whose coefficients are known, as an exact tracker would see it."""
    shapes = load_shapes()
    person = np.random.default_rng(seed).normal(0.0, 0.7, shapes.identity.shape[2])
    expression = np.zeros(len(EXPRESSIONS))
    for name, weight in weights.items():
        expression[EXPRESSIONS.index(name)] = weight
    points = shapes.mean + shapes.identity @ person + shapes.expression @ expression
    turned = scale * points @ rotation_from_yaw_pitch_roll(yaw, 0.0, 0.0).T
    picture = turned * np.array([1.0, -1.0, -1.0]) + np.array([128.0, 128.0, 0.0])
    return replace(FACE, landmarks=np.vstack([picture, picture[:10]]).astype(np.float32))


def test_the_estimator_reads_back_what_a_face_was_made_of() -> None:
    found = fit(made_of_shapes(12.0, 7.0, 1, jawOpen=0.8, browInnerUp=0.5))
    expression = dict(zip(EXPRESSIONS, found.expression, strict=True))
    assert max(expression, key=lambda name: expression[name]) == "jawOpen"
    assert expression["browInnerUp"] > 0.2
    assert found.scale == pytest.approx(7.0, rel=0.05)
    assert np.degrees(found.angles) == pytest.approx([12.0, 0.0, 0.0], abs=1.0)


def test_the_estimator_says_the_same_of_a_face_elsewhere_and_larger() -> None:
    """Repeatability: place, size and a noise of half a pixel move it little, acts much."""
    own = made_of_shapes(5.0, 12.0, 2, mouthSmileLeft=0.6, mouthSmileRight=0.6)
    acts = made_of_shapes(5.0, 12.0, 2, jawOpen=0.7)
    noise = np.random.default_rng(0).normal(0.0, 0.5, own.landmarks.shape).astype(np.float32)
    again = replace(own, landmarks=own.landmarks + noise)
    first = fit(own)
    assert aed(first, fit(own.moved(1.5, (30.0, -20.0)))) == pytest.approx(0.0, abs=1e-3)
    assert 4.0 * aed(first, fit(again)) < aed(first, fit(acts))
    assert turn_deg(first, fit(again)) < 1.0
    turned = fit(made_of_shapes(9.0, 12.0, 2, mouthSmileLeft=0.6, mouthSmileRight=0.6))
    assert turn_deg(first, turned) == pytest.approx(4.0, abs=0.5)
    assert apd(first, turned) == pytest.approx(np.radians(4.0) / 3.0, rel=0.2)


def test_a_shifted_sound_is_found_by_its_lips() -> None:
    sound = _syllables()
    times = np.arange(0.2, 7.5, 1 / 25)
    places = (np.arange(len(heard_jaw(sound))) + 0.5) / 100
    gaps = np.interp(times, places, heard_jaw(sound))
    together = lip_sync(times, gaps, heard_jaw(sound))
    late = lip_sync(times, gaps, heard_jaw(np.concatenate([np.zeros(RATE // 5), sound])))
    assert together is not None
    assert late is not None
    assert together.offset_ms == pytest.approx(0.0, abs=20.0)
    assert late.offset_ms - together.offset_ms == pytest.approx(200.0, abs=20.0)
    assert together.is_believed
    assert late.is_believed


def test_lips_that_have_nothing_to_do_with_a_sound_are_not_believed() -> None:
    times = np.arange(0.2, 7.5, 1 / 25)
    jaw = heard_jaw(_syllables())
    random = np.random.default_rng(5).normal(0.0, 0.1, len(times))
    other = lip_sync(times, np.convolve(random, np.ones(5) / 5, "same"), jaw)
    assert other is not None
    assert not other.is_believed
    assert lip_sync(times, np.zeros(len(times)), jaw) is None


def _syllables() -> NDArray[np.float32]:
    """Eight seconds of a vowel whose loudness changes as syllables do, not evenly."""
    random = np.random.default_rng(3)
    steps = np.repeat(random.uniform(0.0, 1.0, 54), round(0.15 * RATE))[: 8 * RATE]
    buzz = voiced(8.0)
    soft = np.convolve(steps, np.ones(800) / 800, "same")
    return (buzz * soft**2).astype(np.float32)


def nodding(angles: NDArray[np.float64]) -> list[Face]:
    return [made_face(256, yaw=angle, jawOpen=abs(angle) / 20) for angle in angles]


def test_lag_gain_and_excess_are_those_that_were_made() -> None:
    wave = 8.0 * np.sin(np.arange(60) / 5.0)
    driver, late = traces(nodding(wave), FACE), traces(nodding(np.roll(wave, 3)), FACE)
    half = traces(nodding(wave / 2), FACE)
    lag = lag_frames(late, driver)
    assert lag is not None
    assert lag == pytest.approx(3.0, abs=0.5)
    found = followed(half, driver)
    assert found["gain.yaw"] == pytest.approx(0.5, abs=0.1)
    assert found["r.yaw"] > 0.95
    assert found["excess"] < -20.0
    assert followed(driver, driver)["excess"] == pytest.approx(0.0)
    assert followed(driver, driver)["unasked"] == pytest.approx(0.0, abs=1e-9)


def test_a_head_that_jumps_wobbles_and_one_that_glides_does_not() -> None:
    def moved(by: Callable[[int], float]) -> float:
        return wobble([FACE.moved(1.0, (by(k), 0.0)) for k in range(10)])

    assert moved(lambda k: 2.0 * k) == pytest.approx(0.0, abs=0.05)
    assert moved(lambda k: float(k % 2)) > 5.0


def test_rows_are_those_that_the_portrait_can_be_shown_in() -> None:
    rows = {name.split(".")[1] for name in (figure.name for figure in honest().figures)}
    assert rows == {STILL.replace(" ", "_"), "expression", "pose", "both"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--enrolled", "--protocol", "dpe"], "--enrolled is for the rig"),
        (["--models", "nowhere"], "there is no nowhere"),
        (["--size", "257"], "must be even"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(given: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        CliRunner().invoke(app, given, catch_exceptions=False)
    assert "\n" not in str(caught.value)


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no clip"):
        run(RigModel(), replace(FEW, clips=tmp_path))


@pytest.mark.slow
def test_a_bundle_is_measured_in_all_its_modes_by_the_same_command(tmp_path: Path) -> None:
    command("import", write_checkpoint(tmp_path / "dpe.pt"), "--out", tmp_path / "dpe")
    name = str(tmp_path / "dpe")
    report = run(find_family(name).load(Choice(model=name)), replace(FEW, frames=18))
    rows = {figure.name.split(".")[1] for figure in report.figures}
    assert rows == {"still_picture", "expression", "pose", "both"}
    assert value(report, "same.both.psnr.face") > 0.0
