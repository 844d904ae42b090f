"""The refiner's samples and batches: real renders through the real tracker and rig."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.errors import InputError
from engine.faces.canonical import load_basis
from engine.faces.mesh_tracker import MeshTracker
from engine.nets.refiner import Refiner
from engine.rig.landmarks import INNER_LOWER
from engine.rig.refine.head_crop import SIDE
from engine.rig.refine.inputs import MOTION_LENGTH, motion_vector
from engine.rig.warp.target import PortraitFace, head_motion
from tests.couples_made import made_couple
from tests.faces_made import made_face
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training.heads import facekit
from training.heads.quality import Quality
from training.heads.renderer import Renderer
from training.perceptual import Perceptual
from training.refiner import couples
from training.refiner.batches import (
    WINDOW,
    mirror_order,
    mirrored_motion,
    mirrored_points,
    training_batch,
    whole_batch,
)
from training.refiner.couples import Couple, CoupleMaker
from training.refiner.pool import Pool, fill, load, path_of, save
from training.refiner.task import RefinerTask, Weights


@pytest.fixture(scope="module")
def maker() -> CoupleMaker:
    return CoupleMaker(Renderer(facekit.load(FACEKIT), Quality(supersampling=1)), MeshTracker())


@pytest.fixture(scope="module")
def couple(maker: CoupleMaker) -> Couple:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(couples, "FACES", 6)
        small.setattr(couples, "SOURCES", 1)
        made = maker.make(3)
    assert made is not None
    return made


@pytest.mark.slow
@NEEDS_HEADS
def test_the_truth_shows_what_the_rig_was_asked_for(couple: Couple) -> None:
    assert len(couple) >= 6
    gap = np.linalg.norm(couple.points - couple.truth_points, axis=-1).mean()
    assert gap < 5.0
    inner = (slice(None), slice(70, 200), slice(60, 196))
    truth = couple.truth[inner].astype(float)
    rig = np.abs(couple.warped[inner] - truth).mean()
    still = np.abs(couple.portraits[couple.portrait][inner] - truth).mean()
    assert rig < still


@pytest.mark.slow
@NEEDS_HEADS
def test_the_same_seed_makes_the_same_couple(maker: CoupleMaker, couple: Couple) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(couples, "FACES", 6)
        small.setattr(couples, "SOURCES", 1)
        again = maker.make(3)
    assert again is not None
    for field in fields(Couple):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(couple, field.name))


def test_a_couple_is_kept_whole(tmp_path: Path) -> None:
    couple = made_couple()
    save(couple, path_of(tmp_path, 5))
    kept = load(path_of(tmp_path, 5))
    for field in fields(Couple):
        np.testing.assert_array_equal(getattr(kept, field.name), getattr(couple, field.name))
    assert [path.name for path in tmp_path.iterdir()] == ["couple_00000005.npz"]


class Counting:
    """Makes noise, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def make(self, seed: int) -> Couple | None:
        self.asked.append(seed)
        return None if seed == 2 else made_couple()


def test_the_pool_is_filled_once_and_keeps_the_newest(tmp_path: Path) -> None:
    maker = Counting()
    fill(maker, tmp_path, range(5), most=3)
    assert maker.asked == [0, 1, 2, 3, 4]
    pool = Pool(tmp_path, most=2)
    assert pool.refresh() == 2
    assert pool.refresh() == 0
    fill(maker, tmp_path, range(4, 6), most=3)
    assert maker.asked[5:] == [5]
    assert pool.refresh() == 1
    assert len(pool) == 2


def test_the_mirror_pairs_left_with_right() -> None:
    order = mirror_order()
    np.testing.assert_array_equal(order[order], np.arange(478))
    points = load_basis().canonical
    np.testing.assert_allclose(points[order] * (-1, 1, 1), points, atol=0.35)


def test_a_mirrored_motion_is_the_motion_of_the_mirrored_face() -> None:
    def vector_of(yaw: float, roll: float, **arkit: float) -> NDArray[np.float32]:
        from engine.rig.motion.factors import motion_from_arkit

        face = PortraitFace.from_face(made_face(yaw=yaw, roll=roll))
        motion = motion_from_arkit(arkit)
        return motion_vector(face, motion, head_motion(face, motion))

    left = vector_of(0.3, 0.1, mouthSmileLeft=0.8, jawLeft=0.3)
    right = vector_of(-0.3, -0.1, mouthSmileRight=0.8, jawRight=0.3)
    np.testing.assert_allclose(mirrored_motion(left), right, atol=0.08)
    assert np.abs(left - right).max() > 0.3


def test_mirrored_points_lie_on_the_mirrored_picture() -> None:
    points = np.random.default_rng(0).uniform(0, SIDE, (478, 2))
    mirrored = mirrored_points(points)
    np.testing.assert_allclose(mirrored[33], (SIDE - 1 - points[263, 0], points[263, 1]))


def test_batches_have_the_networks_shapes() -> None:
    couple = made_couple()
    draws = [(couple, index) for index in range(3)]
    part = training_batch(draws, np.random.default_rng(4))
    assert part.warped.shape == (3, 8, WINDOW, WINDOW)
    whole = whole_batch(draws)
    assert whole.portrait.shape == (3, 8, SIDE, SIDE)
    assert whole.small.shape == (3, 3, SIDE // 4, SIDE // 4)
    shown = ((whole.truth[1].permute(1, 2, 0) + 1) * 127.5).round().numpy()
    np.testing.assert_array_equal(shown, couple.truth[1])
    assert 0.1 < float(whole.weight.min()) < float(whole.weight.max()) < 5.0


@pytest.mark.parametrize("shows_teeth", [False, True])
def test_teeth_are_seen_in_less_light_than_rendered(shows_teeth: bool) -> None:
    couple = made_couple()
    for pictures in (couple.portraits, couple.warped, couple.truth):
        pictures[:] = 200
    lower = list(INNER_LOWER)
    opened = [couple.points, couple.truth_points] + [couple.portrait_points] * shows_teeth
    for points in opened:
        points[:, lower, 1] += 14.0
    batch = training_batch([(couple, k % 3) for k in range(60)], np.random.default_rng(5))
    in_mouth = batch.warped[:, 3] > 0.99  # the first of MAPS
    on_skin = batch.warped[:, 3:].amax(dim=1) < -0.99
    lost: dict[str, list[float]] = {"truth": [], "warped": []}
    for k in range(len(in_mouth)):
        if in_mouth[k].sum() > 100:
            for name, shown in (("truth", batch.truth), ("warped", batch.warped[:, :3])):
                light = shown[k].mean(dim=0)
                lost[name].append(float(light[on_skin[k]].median() - light[in_mouth[k]].median()))
    assert len(lost["truth"]) > 20
    assert min(lost["truth"]) > -0.02
    assert np.median(lost["truth"]) > 0.1
    assert (np.median(lost["warped"]) > 0.1) == shows_teeth


@pytest.mark.slow
def test_a_few_steps_learn_a_change_of_colour(tmp_path: Path) -> None:
    """The truth is the warped picture, darker: the losses must lead there."""
    couple = made_couple()
    couple.truth[:] = couple.warped // 2
    save(couple, path_of(tmp_path, 0))
    pool = Pool(tmp_path, 1)
    pool.refresh()
    torch.manual_seed(0)
    task = RefinerTask(pool, pool, None, weights=Weights(worse=0.0, flow=0.0), batch=2)
    optimiser = torch.optim.Adam(task.networks.parameters(), 3e-3)
    random = np.random.default_rng(0)
    before = task.scores(task.networks)["held_out"]
    for step in range(20):
        optimiser.zero_grad()
        total = torch.stack(list(task.losses(task.networks, random, step).values())).sum()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert task.scores(task.networks)["held_out"] < 0.95 * before
    assert task.sheet(task.networks).shape[1] == 2 * 5 * SIDE


def test_an_untrained_refiner_changes_nothing_but_mixes_the_same_colours() -> None:
    batch = whole_batch([(made_couple(), 0)])
    torch.manual_seed(0)
    from training.refiner.task import run

    with torch.no_grad():
        _, refined, shaded = run(Refiner(MOTION_LENGTH), batch)
    assert float((refined - batch.warped[:, :3]).abs().mean()) < 0.02
    assert float((shaded - batch.warped[:, :3]).abs().mean()) < 0.02


def test_a_file_that_is_no_squeezenet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="squeezenet1_1"):
        Perceptual(path)
