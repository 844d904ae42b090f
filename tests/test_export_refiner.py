"""A refiner's bundle computes what PyTorch does, and the rig loads and uses it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.errors import OutputError
from engine.frame import Pixels
from engine.geometry import Array
from engine.manifest import read_manifest
from engine.motion import Edit
from engine.nets.refiner import Refiner, applied
from engine.rig.landmarks import INNER_LIPS, LEFT_EYE
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.portrait import RigPortrait
from engine.rig.refine.head_crop import PART_HEIGHT, PART_TOPS, PART_WIDTH, head_crop
from engine.rig.refine.inputs import MOTION_LENGTH, motion_vector, region_maps
from engine.rig.refine.network import load_refiner
from export.bundle import Origin
from export.refiner import write_refiner
from tests.faces_made import made_face, textured

MADE = Origin(licence="MIT", trained_on="nothing")


@pytest.fixture(scope="module")
def refiner() -> Refiner:
    """Random weights that visibly do something, but whose flow is smooth like a trained one's."""
    torch.manual_seed(1)
    made = Refiner(MOTION_LENGTH)
    torch.nn.init.normal_(made.last.weight, std=0.05)
    with torch.no_grad():
        made.last.weight[:8] *= 0.1  # two channels, by the pixel shuffle from eight
    return made.eval()


@pytest.fixture(scope="module")
def bundle(refiner: Refiner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("refiner") / "bundle"
    assert write_refiner(refiner, path, origin=MADE) < 1e-4
    return path


@pytest.mark.slow
def test_the_live_step_shows_what_pytorch_computes(refiner: Refiner, bundle: Path) -> None:
    """Where the parts are corrected in full; smoothed, as sampling softens a random net's noise."""
    picture, face = textured(400), made_face(400)
    motion = motion_from_arkit({"jawOpen": 0.4, "eyeBlinkLeft": 0.7})
    plain = RigPortrait(picture, face)
    warped = plain.warp(motion)
    live = RigPortrait(picture, face, refiner=load_refiner(bundle)).render(motion, Edit())

    crop = head_crop(plain.face, warped.head)
    own = head_crop(plain.face, plain.warp(motion_from_arkit({})).head)
    with torch.inference_mode():
        features = refiner.enroll(network_input(own.cut(picture), own.points(plain.face.landmarks)))
        pixels = network_input(crop.cut(warped.picture), crop.points(warped.target))
        vector = torch.from_numpy(motion_vector(plain.face, motion, warped.head))[None]
        wanted, _ = applied(pixels, refiner(pixels, *features, vector))
    expected = ((wanted[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255)
    points = crop.points(warped.target)
    at_part = np.zeros(expected.shape[:2], np.uint8)
    for contour in (list(INNER_LIPS), LEFT_EYE.contour):
        cv2.fillPoly(at_part, [np.round(points[contour]).astype(np.int32)], 1)

    def smooth(crops: NDArray[np.generic]) -> NDArray[np.float64]:
        blurred = cv2.GaussianBlur(crops.astype(np.float64), (0, 0), 4.0)
        return np.asarray(blurred, np.float64)[at_part > 0]

    shown = smooth(crop.cut(live))
    difference = np.abs(shown - smooth(expected)).mean()
    changed = np.abs(shown - smooth(crop.cut(warped.picture))).mean()
    assert changed > 2.0
    assert difference < 0.3 * changed


def network_input(picture: NDArray[np.uint8], points: Array) -> torch.Tensor:
    pixels = np.dstack([picture, region_maps(points)]).astype(np.float32) / 127.5 - 1.0
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]


@pytest.mark.slow
def test_outside_the_mouths_part_nothing_changes(bundle: Path) -> None:
    picture, face = textured(600), made_face(600, scale=0.5)
    motion = motion_from_arkit({"jawOpen": 0.4})
    plain = RigPortrait(picture, face)
    live = RigPortrait(picture, face, refiner=load_refiner(bundle)).render(motion, Edit())
    crop = head_crop(plain.face, plain.warp(motion).head).part(PART_TOPS["mouth"])
    mouth_part = np.full((PART_HEIGHT, PART_WIDTH), 255, np.uint8)
    inside = cv2.warpAffine(mouth_part, crop.from_crop, (600, 600))
    changed = np.abs(live.astype(int) - plain.render(motion, Edit())).max(axis=-1)
    assert changed[inside == 0].max() == 0
    assert changed[inside > 0].max() > 8


@pytest.mark.slow
def test_the_same_frame_gives_the_same_picture_five_times(bundle: Path) -> None:
    picture, face = textured(300), made_face(300)
    portrait = RigPortrait(picture, face, refiner=load_refiner(bundle))
    motion = motion_from_arkit({"mouthSmileLeft": 0.5})
    shown: list[Pixels] = [portrait.render(motion, Edit()) for _ in range(5)]
    for later in shown[1:]:
        np.testing.assert_array_equal(later, shown[0])


@pytest.mark.slow
def test_other_runtimes_agree(bundle: Path) -> None:
    pytest.importorskip("onnxruntime")
    picture, face = textured(300), made_face(300)
    motion = motion_from_arkit({"jawOpen": 0.5})
    first, second = (
        RigPortrait(picture, face, refiner=load_refiner(bundle, name)).render(motion, Edit())
        for name in ("openvino", "onnxruntime")
    )
    assert np.abs(first.astype(int) - second).max() <= 1


@pytest.mark.slow
def test_a_bundle_is_small_and_says_where_it_comes_from(bundle: Path) -> None:
    assert sum(file.stat().st_size for file in bundle.iterdir()) < 12e6
    assert read_manifest(bundle).trained_on == "nothing"


@pytest.mark.slow
def test_a_bundle_is_not_replaced_unasked(refiner: Refiner, bundle: Path) -> None:
    with pytest.raises(OutputError, match="--force"):
        write_refiner(refiner, bundle, origin=MADE)
