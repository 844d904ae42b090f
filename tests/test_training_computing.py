"""Training on another device, in another precision, with more hands."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import MachineError
from tests.couples_made import made_couple
from training.computing import Computing, computing_on
from training.refiner.batches import training_batch
from training.refiner.pool import Pool, path_of, save
from training.refiner.task import RefinerTask, Weights, load_average
from training.trainer import CHECKPOINT, Plan, Trainer

STEPS = 3


def trained(folder: Path, computing: Computing, steps: int, *, resume: bool = False) -> Trainer:
    """A run of the second stage's losses on one couple."""
    pool = Pool(folder.parent / "pool", 1)
    pool.refresh()
    torch.manual_seed(0)
    weights = Weights(fooling=0.1, matching=1.0)
    task = RefinerTask(pool, pool, None, weights=weights, batch=2, computing=computing)
    plan = Plan(seconds=600, total_steps=steps, report_every=1)
    trainer = Trainer(task, folder, plan, resume=resume)
    trainer.run(lambda *_: None)
    return trainer


@pytest.fixture
def beside_a_pool(tmp_path: Path) -> Path:
    save(made_couple(), path_of(tmp_path / "pool", 0))
    return tmp_path


def weights_of(trainer: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().cpu().ravel() for p in trainer.average.parameters()])


def test_many_hands_make_the_same_samples() -> None:
    draws = [(made_couple(), k % 3) for k in range(6)]
    alone = training_batch(draws, np.random.default_rng(7))
    with ThreadPoolExecutor(3) as workers:
        shared = training_batch(draws, np.random.default_rng(7), workers)
    for field in fields(alone):
        assert torch.equal(getattr(alone, field.name), getattr(shared, field.name)), field.name


@pytest.mark.slow
def test_bf16_learns_what_fp32_learns_and_its_checkpoint_goes_on_in_fp32(
    beside_a_pool: Path,
) -> None:
    exact = trained(beside_a_pool / "fp32", Computing(), STEPS)
    rough = trained(beside_a_pool / "bf16", Computing(precision="bf16"), STEPS)
    apart = float((weights_of(rough) - weights_of(exact)).abs().max())
    assert 0.0 < apart < 0.01
    assert {p.dtype for p in rough.average.parameters()} == {torch.float32}
    gone_on = trained(beside_a_pool / "bf16", Computing(), STEPS + 1, resume=True)
    assert gone_on.step == STEPS + 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(MachineError, match="--device cpu"):
        computing_on("cuda")
    assert computing_on("auto").device == "cpu"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no NVIDIA GPU here")
def test_a_gpu_learns_what_the_processor_learns_and_leaves_a_checkpoint_for_it(
    beside_a_pool: Path,
) -> None:
    exact = trained(beside_a_pool / "cpu", Computing(), STEPS)
    there = trained(beside_a_pool / "gpu", computing_on("cuda"), STEPS)
    assert float((weights_of(there) - weights_of(exact)).abs().max()) < 0.01
    load_average(beside_a_pool / "gpu" / CHECKPOINT)
    gone_on = trained(beside_a_pool / "gpu", Computing(), STEPS + 1, resume=True)
    assert gone_on.step == STEPS + 1
