"""The refiner's last pass: corrections laid over a picture of any size, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import BundleError, InputError, MachineError
from engine.frame import Frame
from engine.geometry import Array, rotation_from_vector
from engine.manifest import read_manifest
from engine.motion import Edit
from engine.reenactor import Look, Reenactor
from engine.rig.landmarks import EYES, INNER_LIPS, LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_EYE
from engine.rig.model import RigModel
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.refine.corrections import apply_corrections, fade
from engine.rig.refine.head_crop import (
    CENTRE_CM,
    PART_HEIGHT,
    PART_LEFT,
    PART_TOPS,
    PART_WIDTH,
    SIDE,
    SIDE_CM,
    HeadCrop,
    head_crop,
)
from engine.rig.refine.inputs import MAPS, MOTION_LENGTH, motion_vector, region_maps
from engine.rig.refine.network import Refiner, load_refiner
from engine.rig.refine.regions import Place, correction_mask
from engine.rig.warp.target import HeadMotion, PortraitFace, head_motion
from engine.runtimes.base import Arrays, Graph
from stream.cli.factories import load_model
from tests.faces_made import made_face, textured
from tests.fakes import DiscTracker


@pytest.fixture
def face() -> PortraitFace:
    return PortraitFace.from_face(made_face())


def still(face: PortraitFace) -> HeadMotion:
    return head_motion(face, still_motion())


def placed(scale: float, shift: tuple[float, float]) -> HeadCrop:
    from_crop = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    to_crop = np.array([[1 / scale, 0.0, -shift[0] / scale], [0.0, 1 / scale, -shift[1] / scale]])
    return HeadCrop(from_crop=from_crop, to_crop=to_crop)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def nothing(shape: tuple[int, int] = (SIDE, SIDE)) -> tuple[np.ndarray, np.ndarray]:
    steer, added = np.zeros((2, *shape, 3), np.float32)
    steer[..., 2] = 1.0
    return steer, added


@pytest.mark.parametrize(
    ("scale", "shift"), [(1.0, (3.0, 2.0)), (2.37, (-41.0, 15.3)), (0.4, (9, 7))]
)
def test_no_correction_changes_no_pixel(scale: float, shift: tuple[float, float]) -> None:
    picture = noise(300, 340)
    before = picture.copy()
    apply_corrections(picture, placed(scale, shift), *nothing())
    np.testing.assert_array_equal(picture, before)


def test_flow_is_in_pixels_of_the_crop() -> None:
    picture = noise(600, 620)
    before = picture.copy()
    steer, added = nothing()
    steer[..., 0], steer[..., 1] = 4.0, -3.0
    apply_corrections(picture, placed(2.0, (30.0, 40.0)), steer, added)
    np.testing.assert_array_equal(picture[100:400, 100:400], before[94:394, 108:408])
    np.testing.assert_array_equal(picture[:38], before[:38])


def test_flow_turns_with_the_crop() -> None:
    picture = noise(300, 300)
    before = picture.copy()
    steer, added = nothing()
    steer[..., 0] = 5.0
    upside_down = np.array([[-1.0, 0.0, 277.0], [0.0, -1.0, 277.0]])
    apply_corrections(picture, HeadCrop(from_crop=upside_down, to_crop=upside_down), steer, added)
    np.testing.assert_array_equal(picture[60:200, 60:200], before[60:200, 55:195])


def test_colours_replace_what_is_not_kept_and_stay_in_range() -> None:
    picture = np.full((SIDE, SIDE, 3), 200, np.uint8)
    steer, added = nothing()
    steer[100:140, 100:140, 2] = 0.25
    added[100:140, 100:140] = (30.0, 300.0, -90.0)
    apply_corrections(picture, placed(1.0, (0.0, 0.0)), steer, added)
    np.testing.assert_array_equal(picture[120, 120], (80, 255, 0))
    np.testing.assert_array_equal(picture[90, 120], (200, 200, 200))


def test_a_head_outside_the_picture_changes_nothing() -> None:
    picture = noise(64, 64)
    before = picture.copy()
    steer, added = nothing()
    added += 50.0
    apply_corrections(picture, placed(1.0, (500.0, 500.0)), steer, added)
    np.testing.assert_array_equal(picture, before)


def test_the_crop_goes_with_the_head_and_not_with_the_expression(face: PortraitFace) -> None:
    first = head_crop(face, still(face))
    turned = HeadMotion(
        before=still(face).before,
        after=still(face).after + np.array([12.0, -5.0, 0.0]),
        linear=1.3 * rotation_from_vector(np.array([0.0, 0.0, 0.2])),
    )
    second = head_crop(face, turned)
    points = face.landmarks
    np.testing.assert_allclose(second.points(turned.apply(points)), first.points(points), atol=0.35)
    assert second.scale == pytest.approx(1.3 * first.scale)


def test_the_crop_shows_a_canonical_face_at_its_size(face: PortraitFace) -> None:
    crop = head_crop(face, still(face))
    right = CENTRE_CM + np.array([SIDE_CM / 4, 0.0, 0.0])
    flip = np.array([1.0, -1.0, -1.0])
    ends: Array = face.pose.placement.apply(np.stack([CENTRE_CM, right])) * flip
    middle, beside = crop.points(ends)
    np.testing.assert_allclose(middle, (SIDE - 1) / 2, atol=1e-6)
    turn = face.pose.placement.rotation[0, 0]
    assert beside[0] - middle[0] == pytest.approx(SIDE / 4 * turn, abs=0.5)


@pytest.mark.parametrize("top", PART_TOPS.values())
def test_a_part_shows_what_the_whole_crop_shows_there(face: PortraitFace, top: int) -> None:
    whole = head_crop(face, still(face))
    part = whole.part(top)
    picture = noise(256, 256)
    rows, columns = slice(top, top + PART_HEIGHT), slice(PART_LEFT, PART_LEFT + PART_WIDTH)
    seen, wanted = part.cut(picture), whole.cut(picture)[rows, columns]
    assert np.abs(seen.astype(int) - wanted).mean() < 2.0  # OpenCV places by 1/32 px
    points = face.landmarks[:, :2]
    np.testing.assert_allclose(part.points(points), whole.points(points) - (PART_LEFT, top))
    np.testing.assert_allclose(
        part.to_crop[:, :2] @ part.from_crop[:, 2] + part.to_crop[:, 2], 0.0, atol=1e-6
    )


def test_regions_lie_where_the_landmarks_are(face: PortraitFace) -> None:
    points = head_crop(face, still(face)).points(face.landmarks)
    maps = region_maps(points)
    assert maps.shape == (SIDE, SIDE, len(MAPS))
    middle = np.round(points[[13, 14]].mean(axis=0)).astype(int)
    lips = np.round(points[0] * 0.5 + points[13] * 0.5).astype(int)
    for iris in (468, 473):
        x, y = np.round(points[iris]).astype(int)
        assert maps[y, x, MAPS.index("irises")] == 255
    assert maps[lips[1], lips[0], MAPS.index("lips")] == 255
    assert maps[middle[1] + 60, middle[0], MAPS.index("lips")] == 0


def test_the_motion_is_told_in_numbers_of_the_order_of_one(face: PortraitFace) -> None:
    told = motion_vector(face, still_motion(), still(face))
    assert told.shape == (MOTION_LENGTH,)
    np.testing.assert_allclose(told[:-3], 0.0, atol=1e-6)
    assert np.abs(told[-3:]).max() < 1.0


def test_a_folder_of_another_family_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        load_refiner(tmp_path)
    (tmp_path / "manifest.json").write_text(_OF_DPE, encoding="utf-8")
    assert read_manifest(tmp_path).family == "dpe"
    with pytest.raises(BundleError, match="is no refiner for this version"):
        load_refiner(tmp_path)


_OF_DPE = """{
  "format": 1, "family": "dpe", "sizes": {}, "precision": "fp32", "opset": 20,
  "licence": "MIT", "trained_on": "nothing", "graphs": {}
}"""


def test_corrections_are_made_at_their_place_and_nowhere_else(face: PortraitFace) -> None:
    points = head_crop(face, still(face)).points(face.landmarks)
    place = Place(contour=np.asarray(LEFT_EYE.contour), flatness=0.65, share=0.5)
    mask = correction_mask(points, [place], (SIDE, SIDE))
    x, y = np.round(points[LEFT_EYE.contour].mean(axis=0)).astype(int)
    assert mask[y, x] == pytest.approx(0.5, abs=0.01)
    other_x, other_y = np.round(points[RIGHT_EYE.contour].mean(axis=0)).astype(int)
    assert mask[other_y, other_x] == mask[y + 60, x] == 0.0
    steer, added = np.full((2, SIDE, SIDE, 3), 0.5, np.float32)
    fade(steer, added, mask)
    np.testing.assert_allclose(steer[y, x], (0.25, 0.25, 0.75), atol=0.01)
    np.testing.assert_allclose(added[y, x], 0.25, atol=0.01)
    np.testing.assert_allclose(steer[y + 60, x], (0.0, 0.0, 1.0))


def test_a_part_with_nothing_to_correct_is_not_looked_at() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    closing = replace(still_motion(), aperture=np.array([0.0, 1.0]))
    motions = {
        "rest": still_motion(),
        "lids": closing,
        "closed lips that shift": motion_from_arkit({"mouthLeft": 0.3}),
        "closed lips that go far": motion_from_arkit({"mouthLeft": 1.0}),
        "lips that part": motion_from_arkit({"jawOpen": 0.2}),
        "a head that turns a little": replace(still_motion(), rotation=np.array([0.0, 0.1, 0.0])),
        "a head that turns": replace(still_motion(), rotation=np.array([0.0, 0.3, 0.0])),
    }
    runs = {}
    for name, motion in motions.items():
        before = graph.frames
        refined.render(motion, Edit())
        runs[name] = graph.frames - before
    assert list(runs.values()) == [0, 1, 0, 1, 1, 0, 1], runs


def test_open_eyes_are_left_and_closed_ones_refined() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    plain = RigPortrait(picture, face)
    closed = replace(still_motion(), aperture=np.array([0.0, 1.0]))
    gained = refined.render(closed, Edit()).astype(int) - plain.render(closed, Edit())
    left, right = (np.round(face.landmarks[e.contour, :2].mean(axis=0)) for e in EYES)
    # Not with all of the corrections: closed lids would flicker.
    assert gained[int(left[1]), int(left[0])].mean() == pytest.approx(16, abs=1)
    assert abs(gained[int(right[1]), int(right[0])].mean()) < 2


def test_lips_at_rest_are_left_to_the_rig_and_moving_ones_refined() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    plain = RigPortrait(picture, face)
    x, y = np.round(face.landmarks[list(OUTER_LIPS), :2].mean(axis=0)).astype(int)
    for motion, gain in ((still_motion(), 0), (motion_from_arkit({"mouthLeft": 1.0}), 20)):
        gained = refined.render(motion, Edit()).astype(int) - plain.render(motion, Edit())
        assert gained[y - 3 : y + 4, x - 3 : x + 4].mean() == pytest.approx(gain, abs=3)


def test_teeth_that_the_portrait_shows_stay_its_own() -> None:
    picture, face = textured(256) // 2, made_face(jawOpen=0.5)
    graph = Brightening()
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    plain = RigPortrait(picture, face)
    motion = motion_from_arkit({"jawOpen": 0.4})
    gained = (refined.render(motion, Edit()).astype(int) - plain.render(motion, Edit())).mean(2)
    lips = face.landmarks[list(INNER_LIPS), :2]
    x, y = np.round(lips.mean(axis=0)).astype(int)
    assert gained[y - 1 : y + 2, x - 1 : x + 2].mean() < 2
    above_the_lips = round(float(lips[:, 1].min())) - 5
    assert gained[above_the_lips, x] == pytest.approx(20, abs=3)


@pytest.mark.parametrize(
    ("skin", "gain"), [((215, 170, 145), 17), ((200, 155, 77), 2)], ids=["white", "candles"]
)
def test_a_drawn_mouth_keeps_its_colours_where_the_light_is_warm(
    skin: tuple[int, int, int], gain: float
) -> None:
    """The network has seen white light only."""
    picture, face = np.full((256, 256, 3), skin, np.uint8), made_face()
    refined = RigPortrait(picture, face, refiner=Refiner(Brightening(), Brightening()))
    plain = RigPortrait(picture, face)
    motion = motion_from_arkit({"jawOpen": 1.0})
    gained = (refined.render(motion, Edit()).astype(int) - plain.render(motion, Edit())).mean(2)
    lips = made_face(jawOpen=1.0).landmarks[list(INNER_LIPS), :2]
    x, y = np.round(lips.mean(axis=0)).astype(int)
    assert gained[y - 1 : y + 2, x - 1 : x + 2].mean() == pytest.approx(gain, abs=1.5)
    above_the_lips = round(float(lips[:, 1].min())) - 5
    assert gained[above_the_lips, x] == pytest.approx(20, abs=3), "lips are refined in any light"


class Brightening(Graph):
    """Stands for both graphs: every pixel of a part gets 20 levels brighter."""

    def __init__(self) -> None:
        self.frames = 0

    @contextmanager
    def borrow(self, inputs: Arrays) -> Iterator[dict[str, NDArray[np.float32]]]:
        yield self._found(inputs)

    def _found(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        if "motion" not in inputs:
            features = [f"{name}_{part}" for name in ("fine", "coarse") for part in PART_TOPS]
            return {name: np.zeros((1, 4), np.float32) for name in ("code", *features)}
        self.frames += 1
        shape = PART_HEIGHT, PART_WIDTH
        assert inputs["pixels"].shape == (1, *shape, 3 + len(MAPS))
        assert inputs["code"].shape == (1, 4)
        steer, added = nothing(shape)
        return {"steer": steer[None], "added": added[None] + 20.0}


def test_the_edit_turns_refinement_off() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    plain = RigPortrait(picture, face)
    motion = motion_from_arkit({"mouthLeft": 1.0})
    wanted = plain.render(motion, Edit())
    np.testing.assert_array_equal(refined.render(motion, Edit(refine=False)), wanted)
    assert graph.frames == 0
    shown = refined.render(motion, Edit())
    assert (shown.astype(int) - wanted).max() == pytest.approx(20, abs=1)
    np.testing.assert_array_equal(refined.still(), picture)


def test_refinement_can_be_turned_off_between_two_frames() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    reenactor = Reenactor(model=RigModel(refiner=Refiner(graph, graph)), tracker=DiscTracker())
    portrait = RigPortrait(picture, face, refiner=Refiner(graph, graph))
    reenactor.look = Look(portrait=portrait)
    frame = Frame(pixels=picture, captured_ns=0)
    motion = motion_from_arkit({"mouthLeft": 1.0})
    wanted = RigPortrait(picture, face).render(motion, Edit())
    gained = reenactor.show(frame, motion).pixels.astype(int) - wanted
    assert gained.max() == pytest.approx(20, abs=1)
    reenactor.look = Look(portrait=portrait, edit=Edit(refine=False))
    np.testing.assert_array_equal(reenactor.show(frame, motion).pixels, wanted)


def test_a_refiner_that_is_no_folder_is_named() -> None:
    with pytest.raises(InputError, match="--refine must be on, off or the folder"):
        load_model("rig", refine="nowhere")
    assert not load_model("rig", refine="off").can.refine


def test_a_backend_with_nothing_to_run_is_refused() -> None:
    with pytest.raises(InputError, match="nothing that --backend tensorrt could run"):
        load_model("rig", refine="off", backend="tensorrt")


@pytest.mark.slow
def test_the_shipped_refiner_runs_on_the_backend_that_is_named() -> None:
    assert load_model("rig", refine="on", backend="openvino").can.refine
    if find_spec("tensorrt") is None:
        with pytest.raises(MachineError, match=r"tensorrt is not installed"):
            load_model("rig", refine="on", backend="tensorrt")


def test_nothing_is_corrected_outside_the_face() -> None:
    picture, face = textured(256) // 2, made_face()
    graph = Brightening()
    motion = motion_from_arkit({"mouthLeft": 1.0})
    refined = RigPortrait(picture, face, refiner=Refiner(graph, graph)).render(motion, Edit())
    gained = refined.astype(int) - RigPortrait(picture, face).render(motion, Edit())
    outline = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(outline, [np.round(face.landmarks[list(OVAL), :2]).astype(np.int32)], 1)
    far = cv2.dilate(outline, np.ones((25, 25), np.uint8)) == 0  # the chin moves with the jaw
    assert np.abs(gained[far]).max() <= 1
    assert gained[outline > 0].max() == pytest.approx(20, abs=1)
