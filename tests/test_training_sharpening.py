"""The second stage: a discriminator beside the refiner, and weights to begin with."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.nets.refiner import PIXEL_CHANNELS, Refiner
from engine.rig.refine.inputs import MOTION_LENGTH
from tests.couples_made import made_couple
from training.adversary import Adversary
from training.cli import ship
from training.refiner.mixing import mixed
from training.refiner.pool import Pool, path_of, save
from training.refiner.run import Run, train
from training.refiner.task import RefinerTask, Weights, load_average
from training.trainer import CHECKPOINT, Plan, Trainer


def pictures() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    sharp = torch.rand(4, 3, 32, 32) * 2 - 1
    soft = torch.nn.functional.avg_pool2d(sharp, 5, 1, 2).requires_grad_()
    return soft, sharp, torch.zeros(4, PIXEL_CHANNELS - 3, 32, 32), torch.ones(4, 1, 32, 32)


def test_each_loss_reaches_one_side_only() -> None:
    output, truth, regions, watched = pictures()
    adversary = Adversary(PIXEL_CHANNELS)
    verdict = adversary.judge(output, truth, regions, watched)
    verdict.telling.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    assert not has_gradient([output])
    assert has_gradient(list(adversary.parameters()))
    adversary.zero_grad()
    (verdict.fooling + verdict.matching).backward()  # type: ignore[no-untyped-call]
    assert has_gradient([output])
    assert not has_gradient(list(adversary.parameters()))
    assert all(p.requires_grad for p in adversary.parameters())


def has_gradient(tensors: list[torch.Tensor]) -> bool:
    gradients = [t.grad for t in tensors if t.grad is not None]
    return len(gradients) == len(tensors) and any(bool(g.any()) for g in gradients)


def test_it_learns_to_tell_blurred_pictures() -> None:
    adversary = Adversary(PIXEL_CHANNELS)
    optimiser = torch.optim.Adam(adversary.parameters(), 2e-3)
    output, truth, regions, watched = pictures()
    assert adversary.judge(output, truth, regions, watched).telling.item() == pytest.approx(
        2, abs=0.2
    )
    for _ in range(60):
        optimiser.zero_grad()
        adversary.judge(output, truth, regions, watched).telling.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert adversary.judge(output, truth, regions, watched).telling.item() < 1.0


def test_what_is_not_watched_does_not_count() -> None:
    adversary = Adversary(PIXEL_CHANNELS)
    output, truth, regions, watched = pictures()
    watched[..., :16] = 0.0
    changed = output.detach().clone()
    changed[..., :2] = 1.0  # far enough from the watched half for the patches that lie in it
    first, second = (adversary.judge(o, truth, regions, watched) for o in (output, changed))
    assert first.telling.item() == pytest.approx(second.telling.item(), abs=1e-6)
    assert first.fooling.item() == pytest.approx(second.fooling.item(), abs=1e-6)


@pytest.mark.slow
def test_a_second_stage_begins_with_the_weights_of_the_first(tmp_path: Path) -> None:
    save(made_couple(), path_of(tmp_path / "pool", 0))
    pool = Pool(tmp_path / "pool", 1)
    pool.refresh()
    plan = Plan(seconds=60, total_steps=2, report_every=1)
    first = Trainer(RefinerTask(pool, pool, None, batch=2), tmp_path / "1", plan, resume=False)
    first.run(lambda *_: None)
    begin = load_average(tmp_path / "1" / CHECKPOINT)
    kept = {name: value.clone() for name, value in begin.state_dict().items()}
    weights = Weights(fooling=0.1, matching=1.0)
    task = RefinerTask(pool, pool, None, weights=weights, begin=begin, batch=2)
    for name, value in task.networks["refiner"].state_dict().items():
        torch.testing.assert_close(value, kept[name])
    second = Trainer(task, tmp_path / "2", plan, resume=False)
    second.run(lambda *_: None)
    log = (tmp_path / "2" / "log.jsonl").read_text(encoding="utf-8")
    assert '"telling"' in log
    assert '"norm_adversary"' in log
    shipped = load_average(tmp_path / "2" / CHECKPOINT).state_dict()
    assert shipped.keys() == kept.keys()
    assert any(not torch.equal(shipped[name], kept[name]) for name in kept)


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    for content in (b"nothing", None):
        if content is None:
            torch.save({"average": {"other": torch.zeros(1)}}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match="no checkpoint of this network"):
            load_average(path)


def test_sharpening_without_its_loss_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "facekit.npz", nothing=np.zeros(1))
    run = Run(
        facekit=tmp_path / "facekit.npz", folder=tmp_path / "run", hours=0.1, resume=False,
        fillers=0, perceptual=None, threads=1, total_steps=1, most_couples=8, sharpen=True,
    )  # fmt: skip
    with pytest.raises(InputError, match="--perceptual"):
        train(run, lambda *_: None, lambda _: None)
    assert not (tmp_path / "run").exists()


def test_between_two_stages_lies_their_mean() -> None:
    torch.manual_seed(0)
    first, second = Refiner(MOTION_LENGTH), Refiner(MOTION_LENGTH)
    kept = second.last.weight.clone()
    between = mixed(first, second, 0.25).last.weight
    torch.testing.assert_close(between, 0.75 * first.last.weight + 0.25 * kept)
    torch.testing.assert_close(second.last.weight, kept)
    torch.testing.assert_close(mixed(first, second, 1.0).last.weight, kept)


def test_a_share_of_nothing_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--first"):
        ship(run=tmp_path, out=tmp_path / "bundle", share=0.5)
    assert not (tmp_path / "bundle").exists()
