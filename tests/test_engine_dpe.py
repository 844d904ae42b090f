"""The DPE family behind the model protocol: modes, gains, framing, and parity with PyTorch."""

import json
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch

import engine.dpe.model as model_module
from engine.dpe.graphs import from_network, to_network
from engine.dpe.model import DpeModel, load_bundle, load_fastest
from engine.dpe.motion import DpeMotion, gains
from engine.dpe.nets.dpe import DPE
from engine.errors import BundleError, InputError
from engine.faces.crop import portrait_crop
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.model import Driver, Model, Portrait
from engine.motion import MODES, Edit, Mode
from engine.reenactor import Reenactor
from engine.runtimes.choose import choose
from tests.faces_made import made_face, textured

SQUARE = 160
"""Side of the picture in which the made face, scaled by 1.3, is framed as by `--frame face`."""


def square_portrait(seed: int = 3) -> tuple[Pixels, Face]:
    return textured(SQUARE, seed), made_face(SQUARE, scale=1.15)


def whole_picture() -> tuple[Pixels, Face]:
    """240 x 320, the face right of the middle."""
    picture = textured(320)[:240]
    face = made_face(160)
    return np.ascontiguousarray(picture), face.moved(1.0, (120.0, 30.0))


@pytest.fixture(scope="module")
def model(dpe_bundle: Path) -> DpeModel:
    return load_bundle(dpe_bundle, threads=1)


@pytest.fixture(scope="module")
def motion(model: DpeModel) -> DpeMotion:
    picture, face = square_portrait(seed=8)
    return model.driver().read(picture, face, 0)


def test_it_keeps_the_protocol(model: DpeModel) -> None:
    kept: Model[DpeMotion] = model
    driver: Driver[DpeMotion] = kept.driver()
    portrait: Portrait[DpeMotion] = kept.enroll(*square_portrait())
    assert portrait.still().shape == (SQUARE, SQUARE, 3)
    driver.recalibrate()
    driver.calibrate(*square_portrait())


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_draws_what_the_pytorch_networks_draw(
    mode: Mode, model: DpeModel, dpe_checkpoint: Path
) -> None:
    """Through the crop, the graphs and what is kept of the portrait."""
    reference = DPE.from_official(dpe_checkpoint)
    size = reference.layout.size
    (source, source_face), (driving, driving_face) = square_portrait(), square_portrait(seed=8)
    portrait = model.enroll(source, source_face)
    motion = model.driver().read(driving, driving_face, 0)
    source_crop = portrait_crop(source_face, SQUARE, SQUARE).cut(source, size)
    drawn = portrait._drawn(motion, mode)
    with torch.inference_mode():
        wanted = reference.reenact(
            torch.from_numpy(to_network(source_crop)),
            torch.from_numpy(to_network(_driving_crop(driving, driving_face, size))),
            mode,
        ).numpy()
    assert np.abs(drawn - wanted).max() < 5e-3 * np.ptp(wanted)


def _driving_crop(picture: Pixels, face: Face, size: int) -> Pixels:
    from engine.faces.crop import framing

    return framing(face).cut(picture, size)


@pytest.mark.parametrize("mode", MODES)
def test_a_face_square_stands_alone_in_every_mode(
    mode: Mode, model: DpeModel, motion: DpeMotion
) -> None:
    portrait = model.enroll(*square_portrait())
    result = portrait.render(motion, Edit(mode=mode))
    assert result.shape == (SQUARE, SQUARE, 3)
    assert result.dtype == np.uint8
    assert not np.array_equal(result, portrait.still())


def test_the_second_half_of_both_sees_the_first(model: DpeModel, motion: DpeMotion) -> None:
    portrait = model.enroll(*square_portrait())
    results = {mode: portrait.render(motion, Edit(mode=mode)) for mode in MODES}
    for one, other in combinations(MODES, 2):
        assert np.abs(results[one].astype(int) - results[other].astype(int)).mean() > 1.0


def test_an_expression_goes_back_into_the_whole_picture(model: DpeModel, motion: DpeMotion) -> None:
    picture, face = whole_picture()
    result = model.enroll(picture, face).render(motion, Edit(mode="expression"))
    assert result.shape == picture.shape
    changed = (result != picture).any(axis=2)
    box = portrait_crop(face, 320, 240)
    y, x = np.mgrid[:240, :320]
    inside = (np.abs(x - box.x) < box.side / 2) & (np.abs(y - box.y) < box.side / 2)
    assert changed[inside].mean() > 0.3
    assert not changed[~inside].any()


@pytest.mark.parametrize("mode", ["pose", "both"])
def test_a_moved_head_is_not_put_back_into_a_whole_picture(
    mode: Mode, model: DpeModel, motion: DpeMotion
) -> None:
    portrait = model.enroll(*whole_picture())
    with pytest.raises(InputError, match="--frame face, or --mode expression"):
        portrait.render(motion, Edit(mode=mode))


def test_motion_eased_to_the_end_shows_the_still_picture(
    model: DpeModel, motion: DpeMotion
) -> None:
    for setting in (square_portrait(), whole_picture()):
        portrait = model.enroll(*setting)
        eased = portrait.render(motion.eased(1.0), Edit(mode="expression"))
        np.testing.assert_array_equal(eased, portrait.still())
    assert motion.eased(0.0).pose.tolist() == motion.pose.tolist()
    np.testing.assert_allclose(motion.eased(0.25).pose, 0.75 * motion.pose)


def test_pictures_handed_out_are_the_callers_own(model: DpeModel, motion: DpeMotion) -> None:
    picture, face = square_portrait()
    portrait = model.enroll(picture, face)
    first, still = portrait.render(motion, Edit()), portrait.still()
    kept = first.copy(), still.copy()
    picture[:], first[:], still[:] = 0, 0, 0
    np.testing.assert_array_equal(portrait.render(motion, Edit()), kept[0])
    np.testing.assert_array_equal(portrait.still(), kept[1])


def test_a_portrait_keeps_its_face_while_others_are_enrolled_and_drawn(
    model: DpeModel, motion: DpeMotion
) -> None:
    one = model.enroll(*square_portrait())
    before = one.render(motion, Edit(mode="both"))
    other = model.enroll(*square_portrait(seed=21))
    assert not np.array_equal(other.render(motion, Edit(mode="both")), before)
    np.testing.assert_array_equal(one.render(motion, Edit(mode="both")), before)


def test_a_video_as_source_is_enrolled_picture_by_picture(
    model: DpeModel, motion: DpeMotion
) -> None:
    reenactor = Reenactor(model=model, tracker=_Fixed(made_face(SQUARE, scale=1.15)))
    results = []
    for index in range(3):
        reenactor.set_portrait(*square_portrait(seed=30 + index))
        frame = Frame(pixels=textured(SQUARE, seed=8), captured_ns=index * 40_000_000)
        results.append(reenactor.step(frame).pixels)
    assert len({result.tobytes() for result in results}) == 3


def test_a_family_without_a_neutral_face_says_so(model: DpeModel) -> None:
    reenactor = Reenactor(model=model, tracker=_Fixed(made_face(SQUARE, scale=1.15)))
    reenactor.set_portrait(*square_portrait())
    said = [reenactor.neutral]
    frame = Frame(pixels=textured(SQUARE, seed=8), captured_ns=0)
    reenactor.step(frame)
    said.append(reenactor.neutral)
    reenactor.recalibrate()
    said.append(reenactor.neutral)
    reenactor.calibrate(frame)
    said.append(reenactor.neutral)
    assert said == ["none"] * 4


class _Fixed:
    """A tracker that always finds the same face."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return self._face

    def reset(self) -> None: ...


def test_the_drivers_crop_follows_the_face_and_not_the_picture(model: DpeModel) -> None:
    picture, face = square_portrait(seed=8)
    wider = np.pad(picture, ((10, 30), (40, 0), (0, 0)), mode="edge")
    here = model.driver().read(picture, face, 0)
    there = model.driver().read(np.ascontiguousarray(wider), face.moved(1.0, (40.0, 10.0)), 0)
    np.testing.assert_allclose(there.expression, here.expression, rtol=1e-3, atol=1e-4)


def test_one_gain_scales_the_expression_and_one_the_pose(motion: DpeMotion) -> None:
    expression = dict.fromkeys(("lips", "gaze", "blink", "emotion"), 1.5)
    assert gains(Edit()) == (1.0, 1.0)
    assert gains(Edit(gains={**expression, "pose": 0.5})) == (1.5, 0.5)
    edited = motion.edited(Edit(gains={**expression, "pose": 0.5}))
    np.testing.assert_allclose(edited.expression, 1.5 * motion.expression, rtol=1e-6)
    np.testing.assert_allclose(edited.pose, 0.5 * motion.pose, rtol=1e-6)


@pytest.mark.parametrize("asked", [{"lips": 1.5}, {"jawOpen": 0.5}, {"gaze": 0.0, "pose": 1.0}])
def test_a_gain_that_dpe_cannot_separate_is_refused_with_what_it_can(
    asked: dict[str, float], model: DpeModel, motion: DpeMotion
) -> None:
    portrait = model.enroll(*square_portrait())
    with pytest.raises(InputError, match="lips, gaze, blink and emotion together"):
        portrait.render(motion, Edit(gains=asked))
    with pytest.raises(InputError, match="lips, gaze, blink and emotion together"):
        model.can.check_edit(Edit(gains=asked))  # as a live session asks, before a frame does


def test_a_gain_of_zero_is_rest(model: DpeModel, motion: DpeMotion) -> None:
    portrait = model.enroll(*square_portrait())
    none = dict.fromkeys(("lips", "gaze", "blink", "emotion"), 0.0)
    still = portrait.render(motion, Edit(mode="expression", gains=none))
    np.testing.assert_array_equal(still, portrait.still())


def test_pixels_survive_the_way_to_the_network_and_back() -> None:
    pixels = textured(64)
    array = to_network(pixels)
    assert array.min() >= -1
    assert array.max() <= 1
    np.testing.assert_array_equal(np.rint(from_network(array)).astype(np.uint8), pixels)
    assert to_network(np.zeros((8, 8, 3), np.uint8)).max() == -1
    assert to_network(np.full((8, 8, 3), 255, np.uint8)).min() == 1


def test_a_bundle_without_one_of_the_graphs_is_refused(dpe_bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bundle"
    shutil.copytree(dpe_bundle, broken)
    (broken / "generate_pose.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks generate_pose\.onnx"):
        load_bundle(broken)
    content = json.loads((broken / "manifest.json").read_text())
    del content["graphs"]["generate_pose"]
    (broken / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match="no graph 'generate_pose'"):
        load_bundle(broken)


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("family", "rig", "family 'rig', not of DPE"),
        ("opset", 9, "opset 9"),
        ("format", 7, "format is 7"),
    ],
)
def test_a_bundle_of_another_kind_is_refused(
    entry: str, value: object, words: str, dpe_bundle: Path, tmp_path: Path
) -> None:
    content = json.loads((dpe_bundle / "manifest.json").read_text()) | {entry: value}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match=words):
        load_bundle(tmp_path)


def test_a_bundle_with_a_graph_that_was_replaced_is_refused(
    dpe_bundle: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "bundle"
    shutil.copytree(dpe_bundle, broken)
    shutil.copy(broken / "generate_expression.onnx", broken / "generate_pose.onnx")
    with pytest.raises(BundleError, match=r"generate_pose\.onnx.*SHA-256 differs"):
        load_bundle(broken)


def test_a_face_replaced_in_a_frozen_motion_is_a_new_motion(motion: DpeMotion) -> None:
    resting = replace(motion, expression=np.zeros_like(motion.expression))
    assert np.any(motion.expression)
    assert not np.any(resting.expression)


class NamedCuda:
    """OpenVINO under the name of cuda."""

    name = "cuda"

    def __init__(self) -> None:
        self.load = choose("openvino", 1).load


def test_where_auto_takes_cuda_the_step_is_one_program(
    dpe_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = object()
    monkeypatch.setattr(model_module, "choose", lambda name, **_: NamedCuda())
    monkeypatch.setattr(model_module, "load_gpu_bundle", lambda path: whole)
    assert load_fastest(dpe_bundle, "auto") is whole
    assert load_fastest(dpe_bundle, "cuda") is whole


def test_fp32_on_tensorrt_is_computed_as_it_is_and_a_note_names_the_faster_bundle(
    dpe_bundle: Path, dpe_half_bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = NamedCuda()
    runtime.name = "tensorrt"
    load_bundle(dpe_bundle, runtime)
    assert "understudy import CHECKPOINT --precision fp16" in caplog.text
    caplog.clear()
    load_bundle(dpe_half_bundle, runtime)
    load_bundle(dpe_bundle, choose("openvino", 1))
    assert not caplog.messages


def test_what_the_kernels_cannot_run_goes_graph_by_graph_and_says_so(
    dpe_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path) -> NoReturn:
        raise BundleError("its channels are no multiple of 8")

    monkeypatch.setattr(model_module, "choose", lambda name, **_: NamedCuda())
    monkeypatch.setattr(model_module, "load_gpu_bundle", refuse)
    assert isinstance(load_fastest(dpe_bundle, "auto"), DpeModel)
    assert "only its networks: its channels are no multiple of 8" in caplog.text
    with pytest.raises(BundleError, match="multiple of 8"):
        load_fastest(dpe_bundle, "cuda")
