"""The training loop: a time budget, checkpoints that resume exactly, an average of the weights.

Everything that a run leaves lies in one folder: `checkpoint.pt`, `log.jsonl`, `curves.png` and
`sheet_<step>.png`. A run that is told to stop saves and ends; of one that is killed, the steps
since the last checkpoint are lost.
"""

import copy
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from threading import Event
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError
from training.curves import draw_curves
from training.task import Task

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
_EMA = 0.998
_WARM_UP = 50
_CLIP = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run goes."""

    seconds: float
    """Budget of this call."""
    rate: float = 1e-3
    """Of AdamW, at its height."""
    total_steps: int = 20_000
    """The cosine ends here, whatever number of calls it takes."""
    report_every: int = 50
    check_every_s: float = 300.0
    """Scores, sheet and checkpoint."""


class Trainer:
    """One run; its folder holds all of its state."""

    def __init__(
        self, task: Task, folder: Path, plan: Plan, *, resume: bool, seed: int = 0
    ) -> None:
        """Begin, or go on from the folder's checkpoint.

        Raises:
            InputError: there is a checkpoint and `resume` is False, or it is of another network.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._task, self._folder, self._plan = task, folder, plan
        self._networks = task.networks
        self._average = copy.deepcopy(task.networks).requires_grad_(requires_grad=False).eval()
        parameters = [p for p in self._networks.parameters() if p.requires_grad]
        self._optimiser = torch.optim.AdamW(
            parameters, lr=plan.rate, betas=(0.9, 0.99), weight_decay=1e-3
        )
        self._random = np.random.default_rng(seed)
        self.step = 0
        self._trained_s = 0.0
        path = folder / CHECKPOINT
        if path.exists():
            if not resume:
                raise InputError(f"{path} exists: go on with --resume, or choose another folder.")
            self._restore(path)
        elif not resume:
            torch.manual_seed(seed)

    @property
    def average(self) -> nn.ModuleDict:
        """The averaged networks, which are what is used."""
        return self._average

    def run(self, tell: Callable[[int, float, str], None], stop: Event | None = None) -> None:
        """Train until the budget or the plan ends, or `stop` is set; then save.

        `tell` gets step, elapsed seconds and a line.
        """
        stop = stop or Event()
        began = time.monotonic()
        next_check = began + self._plan.check_every_s
        sums: dict[str, float] = defaultdict(float)
        ends = began + self._plan.seconds
        while self.step < self._plan.total_steps and time.monotonic() < ends and not stop.is_set():
            stepped = time.monotonic()
            for name, value in self._one_step().items():
                sums[name] += value
            self._trained_s += time.monotonic() - stepped
            if self.step % self._plan.report_every == 0:
                means = {name: value / self._plan.report_every for name, value in sums.items()}
                sums.clear()
                self._log({**means, **self._task.refresh()})
                shown = " ".join(f"{name} {value:.3f}" for name, value in means.items())
                tell(self.step, time.monotonic() - began, shown)
            if time.monotonic() > next_check:
                self._check()
                next_check = time.monotonic() + self._plan.check_every_s
        self._check()

    def _one_step(self) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.rate * self._rate_now()
        losses = self._task.losses(self._networks, self._random, self.step)
        total: Tensor = torch.stack(list(losses.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        # Each network by itself: a discriminator's gradients are no measure for what it judges.
        norms = {
            name: nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
            for name, network in self._networks.items()
        }
        if all(torch.isfinite(norm) for norm in norms.values()):
            self._optimiser.step()
        self.step += 1
        keep = min(_EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mine, theirs in zip(
                self._average.parameters(), self._networks.parameters(), strict=True
            ):
                mine.lerp_(theirs, 1 - keep)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        return values | {f"norm_{name}": float(norm) for name, norm in norms.items()}

    def _rate_now(self) -> float:
        """Warm-up, then a cosine down to a twentieth."""
        along = min(self.step / self._plan.total_steps, 1.0)
        warm = min(1.0, (self.step + 1) / _WARM_UP)
        return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * along)))

    def _check(self) -> None:
        self._log(self._task.scores(self._average))
        sheet = self._task.sheet(self._average)
        cv2.imwrite(str(self._folder / f"sheet_{self.step:07d}.png"), sheet[..., ::-1])
        draw_curves(self._folder / LOG, self._folder / "curves.png")
        self._save(self._folder / CHECKPOINT)

    def _log(self, values: dict[str, float]) -> None:
        line = {"step": self.step, "seconds": round(self._trained_s, 1)}
        rounded = {name: round(value, 5) for name, value in values.items()}
        with (self._folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line | rounded) + "\n")

    def _save(self, path: Path) -> None:
        state = {
            "networks": self._networks.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "random": json.dumps(self._random.bit_generator.state),
            "torch_random": torch.get_rng_state(),
            "step": self.step,
            "seconds": self._trained_s,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def _restore(self, path: Path) -> None:
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            self._networks.load_state_dict(state["networks"])
            self._average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._random.bit_generator.state = json.loads(state["random"])
            torch.set_rng_state(state["torch_random"])
            self.step, self._trained_s = int(state["step"]), float(state["seconds"])
        except (OSError, RuntimeError, KeyError, ValueError, UnpicklingError):
            raise InputError(
                f"{path} is damaged or of another network. Choose another folder."
            ) from None
