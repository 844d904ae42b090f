"""The synthetic heads: same seeds same bits, one factor at a time, exact flow and landmarks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from engine.frame import Pixels
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training import basis
from training.cli import app
from training.correspondence import Correspondence
from training.heads import facekit, landmarks
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression, Shapes, sample_brows, sample_emotion, sample_lips
from training.heads.flow import FlowDrawer
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.quality import Quality
from training.heads.renderer import Renderer, Rendering
from training.heads.scene import Shot, sample_shot
from training.heads.seeds import FACTORS_OF_A_SCENE, Seeds
from training.heads.webcam import photographed, sample_webcam

ROOT = Path(__file__).parents[1]
SIZE = 128
PERSON = 118

BROWS, RIGHT_EYE, LEFT_EYE, MOUTH = (
    slice(17, 27),
    slice(36, 42),
    slice(42, 48),
    slice(48, 68),
)


pytestmark = [pytest.mark.slow, NEEDS_HEADS]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    drawn = Renderer(
        facekit.load(FACEKIT),
        Quality(size_px=SIZE, supersampling=1, texture_px=256, shadow_px=256, hair_strands=500),
    )
    yield drawn
    drawn.context.release()


def shot(seeds: Seeds | None = None) -> Shot:
    """A shot that stands still unless seeds say otherwise."""
    if seeds is not None:
        return sample_shot(seeds, SIZE)
    return replace(
        sample_shot(Seeds.all(3), SIZE), pose=Pose(), expression=Expression(), occluder=None
    )


def draw(renderer: Renderer, wanted: Shot, person: int = PERSON) -> Rendering:
    looks = sample_appearance(person)
    actor = renderer.actor(
        sample_identity(renderer.mesh, person), replace(looks, wears_glasses=False)
    )
    return renderer.render(actor, wanted)


def moved_landmarks(renderer: Renderer, expression: Expression) -> NDArray[np.float32]:
    """How far each of the 68 landmarks moves in pixels when the resting face does this."""
    still = shot()
    rest = draw(renderer, still)
    face = draw(renderer, replace(still, expression=expression))
    first, second = (landmarks.landmarks68(renderer.mesh, seen) for seen in (rest, face))
    return np.asarray(np.linalg.norm((second - first)[:, :2], axis=1))


def test_the_same_seeds_give_the_same_bits(renderer: Renderer) -> None:
    wanted = shot(Seeds.all(5))
    first = draw(renderer, wanted).picture
    draw(renderer, shot(Seeds.all(6)), person=7)  # another person in between
    again = draw(renderer, shot(Seeds.all(5))).picture
    fresh = Renderer(renderer.mesh.facekit, renderer.quality)
    anew = draw(fresh, shot(Seeds.all(5))).picture
    fresh.context.release()
    assert np.array_equal(first, again)
    assert np.array_equal(first, anew)
    assert first.std() > 20


@pytest.mark.parametrize("factor", FACTORS_OF_A_SCENE[2:])
def test_a_seed_changes_its_own_factor_alone(factor: str) -> None:
    base, other = Seeds.all(5), replace(Seeds.all(5), **{factor: 6})
    first, second = sample_shot(base, 32), sample_shot(other, 32)
    values = {
        "framing": (first.framing, second.framing),
        "light": (first.light.key_colour.tolist(), second.light.key_colour.tolist()),
        "backdrop": (first.backdrop.tolist(), second.backdrop.tolist()),
        "occluder": (first.occluder, second.occluder),
        "pose": (first.pose, second.pose),
        "lips": (first.expression.lips, second.expression.lips),
        "gaze": (first.expression.gaze, second.expression.gaze),
        "blink": (first.expression.blink, second.expression.blink),
        "brows": (first.expression.brows, second.expression.brows),
        "emotion": (first.expression.emotion, second.expression.emotion),
    }
    assert {name for name, (a, b) in values.items() if a != b} == {factor}


def test_lips_move_the_mouth_and_leave_brows_and_eyes(renderer: Renderer) -> None:
    distance = moved_landmarks(renderer, Expression(lips=Shapes(weights={"jawOpen": 0.6})))
    assert distance[MOUTH].max() > 4
    assert distance[BROWS].max() < 0.1
    assert distance[RIGHT_EYE].max() < 0.1


def test_brows_are_a_factor_of_their_own(renderer: Renderer) -> None:
    up = Shapes(weights={"browInnerUp": 0.9, "browOuterUp": 0.9})
    distance = moved_landmarks(renderer, Expression(brows=up))
    assert distance[BROWS].mean() > 0.7
    assert distance[MOUTH].max() < 0.05
    for seed in range(40):
        assert not any(name.startswith("brow") for name in sample_emotion(seed).weights)
        assert not any(name.startswith("brow") for name in sample_lips(seed).weights)
        assert all(name.startswith("brow") for name in sample_brows(seed).weights)


def test_a_wink_shuts_one_eye(renderer: Renderer) -> None:
    distance = moved_landmarks(renderer, Expression(blink=(1.0, 0.0)))
    assert distance[LEFT_EYE].max() > 1.0
    assert distance[RIGHT_EYE].max() < 0.05
    assert distance[MOUTH].max() < 0.05


@pytest.mark.parametrize("gaze", [(0.0, 0.0), (0.3, 0.2)])
def test_no_iris_is_seen_through_closed_lids(renderer: Renderer, gaze: tuple[float, float]) -> None:
    shut = replace(shot(), expression=Expression(blink=(1.0, 1.0), gaze=gaze))
    for person in (2_000_005, 2_000_007, 2_000_013):
        identity, looks = sample_identity(renderer.mesh, person), sample_appearance(person)
        pictures = []
        for iris in ((0.9, 0.1, 0.1), (0.1, 0.9, 0.1)):
            eyes = replace(looks.eyes, iris=iris)
            actor = renderer.actor(identity, replace(looks, eyes=eyes, wears_glasses=False))
            pictures.append(renderer.render(actor, shut).picture)
        differs = np.abs(pictures[0].astype(int) - pictures[1]).max(axis=-1) > 8
        assert differs.sum() <= 5, "a slit at most"


def test_gaze_moves_the_irises_to_the_side_it_names(renderer: Renderer) -> None:
    found, irises = basis_points(), landmarks.iris_points(renderer.mesh)
    still = shot()
    places = [
        landmarks.landmarks478(
            renderer.mesh,
            found,
            irises,
            draw(renderer, replace(still, expression=Expression(gaze=gaze))),
        )
        for gaze in ((0.0, 0.0), (0.4, 0.0))
    ]
    shift = places[1] - places[0]
    assert (shift[[468, 473], 0] > 1.0).all()  # the subject's left is the picture's right
    assert np.abs(shift[[1, 152, 61, 291], :2]).max() < 0.05


def basis_points() -> Correspondence:
    return basis.correspondence_of(basis.load(ROOT / "engine" / "assets" / "rig" / "basis.npz"))


def test_the_478_landmarks_lie_where_the_68_lie(renderer: Renderer) -> None:
    seen = draw(renderer, shot(Seeds.all(9)))
    few = landmarks.landmarks68(renderer.mesh, seen)
    irises = landmarks.iris_points(renderer.mesh)
    many = landmarks.landmarks478(renderer.mesh, basis_points(), irises, seen)
    same = {36: 33, 39: 133, 42: 362, 45: 263, 48: 61, 54: 291, 62: 13, 66: 14}
    for point68, point478 in same.items():
        assert np.linalg.norm(few[point68, :2] - many[point478, :2]) < 1.5
    nearest_eye = np.linalg.norm(many[473, :2] - few[LEFT_EYE, :2].mean(axis=0))
    assert nearest_eye < 4


def test_warping_by_the_flow_rebuilds_the_other_picture(renderer: Renderer) -> None:
    flows = FlowDrawer(renderer)
    for person in (PERSON, 101, 109):
        seeds = replace(Seeds.all(person), occluder=0)
        first = draw(renderer, shot(seeds.with_expression(2).with_pose(1)), person)
        second = draw(renderer, shot(seeds.with_expression(5).with_pose(4)), person)
        actor = renderer.actor(
            sample_identity(renderer.mesh, person),
            replace(sample_appearance(person), wears_glasses=False),
        )
        flow = flows.between(actor, first, second)
        assert flow.visible.sum() > 0.35 * flow.covered.sum()
        unmoved = error(second.picture, first.picture, flow.visible)
        moved = error(warped(second.picture, flow.displacement), first.picture, flow.visible)
        assert moved < 0.55 * unmoved
        assert moved < 22  # of 255: shadows and highlights stay in the room
        same = flows.between(actor, first, first)
        assert np.abs(same.displacement).max() < 1e-3
        assert same.visible.sum() > 0.97 * same.covered.sum()


def warped(picture: Pixels, displacement: NDArray[np.float32]) -> Pixels:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    moved = cv2.remap(picture, x + displacement[..., 0], y + displacement[..., 1], cv2.INTER_LINEAR)
    return np.asarray(moved, np.uint8)


def error(picture: Pixels, wanted: Pixels, where: NDArray[np.bool_]) -> float:
    return float(np.abs(picture.astype(float) - wanted)[where].mean())


def test_the_flow_carries_landmarks_to_landmarks(renderer: Renderer) -> None:
    seeds = replace(Seeds.all(109), occluder=0)
    first = draw(renderer, shot(seeds.with_expression(2).with_pose(1)), 109)
    second = draw(renderer, shot(seeds.with_expression(5).with_pose(4)), 109)
    actor = renderer.actor(
        sample_identity(renderer.mesh, 109), replace(sample_appearance(109), wears_glasses=False)
    )
    flow = FlowDrawer(renderer).between(actor, first, second)
    before = landmarks.landmarks68(renderer.mesh, first)[:, :2]
    after = landmarks.landmarks68(renderer.mesh, second)[:, :2]
    errors = []
    for start, end in zip(before[17:48], after[17:48], strict=True):
        column, row = np.clip(np.rint(start).astype(int), 0, SIZE - 1)
        if flow.visible[row, column]:
            errors.append(np.linalg.norm(start + flow.displacement[row, column] - end))
    assert len(errors) > 10
    assert np.median(errors) < 0.7


def test_a_pair_shares_its_camera_but_not_its_noise(renderer: Renderer) -> None:
    picture = draw(renderer, shot()).picture
    camera = replace(sample_webcam(2), grey_noise=0.02, jpeg_quality=None)
    first, again, other = (photographed(picture, camera, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first.mean(axis=(0, 1)) - other.mean(axis=(0, 1))).max() < 1.0


def test_the_command_draws_a_sheet(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    result = CliRunner().invoke(
        app,
        [
            "train", "sheet", "--out", str(out), "--facekit", str(FACEKIT), "--people", "1",
            "--size", "64",
        ],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (64, 8 * 64, 3)
