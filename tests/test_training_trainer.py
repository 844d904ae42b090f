"""The training loop: it learns, stops in time, and resumes to the same weights."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.frame import Pixels
from training.trainer import CHECKPOINT, LOG, Plan, Trainer


def slope(networks: nn.ModuleDict) -> float:
    line = networks["line"]
    assert isinstance(line, nn.Linear)
    return float(line.weight.detach())


class Line:
    """Learns y = 3 x from noisy draws."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks = nn.ModuleDict({"line": nn.Linear(1, 1)})

    def losses(
        self, networks: nn.ModuleDict, random: np.random.Generator, step: int
    ) -> dict[str, Tensor]:
        x = torch.from_numpy(random.normal(size=(8, 1)).astype(np.float32))
        return {"square": (networks["line"](x) - 3 * x).square().mean()}

    def scores(self, networks: nn.ModuleDict) -> dict[str, float]:
        return {"slope": slope(networks)}

    def sheet(self, networks: nn.ModuleDict) -> Pixels:
        return np.zeros((8, 8, 3), np.uint8)

    def refresh(self) -> dict[str, float]:
        return {"samples": 1.0}


def silent(step: int, seconds: float, line: str) -> None:
    """Nobody watches."""


def plan(steps: int) -> Plan:
    return Plan(seconds=60.0, total_steps=steps, rate=0.05, report_every=5)


def trained(folder: Path, *, resume: bool, until: Plan) -> Trainer:
    trainer = Trainer(Line(), folder, until, resume=resume)
    trainer.run(silent)
    return trainer


def test_it_learns_and_leaves_log_curves_sheet_and_checkpoint(tmp_path: Path) -> None:
    trainer = trained(tmp_path, resume=False, until=plan(200))
    assert abs(slope(trainer.average) - 3.0) < 0.3
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert lines[0]["step"] == 5
    assert lines[0]["square"] > lines[-2]["square"]
    assert "slope" in lines[-1]
    assert cv2.imread(str(tmp_path / "curves.png")) is not None
    assert (tmp_path / "sheet_0000200.png").is_file()


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", resume=False, until=plan(12))
    halves = tmp_path / "halves"
    first = Trainer(Line(), halves, plan(12), resume=False)
    first._plan = plan(12)
    for _ in range(7):
        first._one_step()
    first._save()
    second = trained(halves, resume=True, until=plan(12))
    assert second.step == whole.step == 12
    for mine, theirs in zip(second.average.parameters(), whole.average.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_run_is_not_overwritten_by_mistake(tmp_path: Path) -> None:
    trained(tmp_path, resume=False, until=plan(2))
    with pytest.raises(InputError, match="--resume"):
        Trainer(Line(), tmp_path, plan(2), resume=False)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="is damaged"):
        Trainer(Line(), tmp_path, plan(2), resume=True)


def test_the_budget_ends_a_run(tmp_path: Path) -> None:
    trainer = Trainer(Line(), tmp_path, Plan(seconds=0.0, total_steps=10**9), resume=False)
    trainer.run(silent)
    assert trainer.step == 0
    assert (tmp_path / CHECKPOINT).is_file()
