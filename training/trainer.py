"""The training loop: a time budget, checkpoints that resume exactly, an average of the weights.

Everything that a run leaves lies in one folder: `checkpoint.pt`, `log.jsonl`, `curves.png` and
`sheet_<step>.png`. A run that is told to stop saves and ends; of one that is killed, the steps
since the last checkpoint are lost. Where `torchrun` started several processes, all of them step
together and the first one writes.
"""

import copy
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from threading import Event
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError, TrainingError
from training.curves import draw_curves
from training.processes import Processes
from training.task import Task

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
_EMA = 0.998
_WARM_UP = 50
_CLIP = 1.0


class Schedule(Protocol):
    """A strategy's own stages and rates."""

    def begin(self, step: int) -> bool:
        """Set which parameters learn in this step (`requires_grad`).

        True if weights were set anew: averages and what the optimiser remembers begin anew, too.
        """
        ...

    def rate(self, step: int) -> float:
        """The learning rate of this step."""
        ...

    def is_slow(self, name: str) -> bool:
        """Whether a parameter, by its name among the networks', is of those that learn slower."""
        ...

    def slowness(self, step: int) -> float:
        """What the rate of these is multiplied by in this step."""
        ...


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
    save_every: int | None = None
    """Steps between two checkpoints in between."""
    schedule: Schedule | None = None
    """In place of `rate` and the cosine."""
    betas: tuple[float, float] = (0.9, 0.99)
    decay: float = 1e-3
    """Of the weights; 0 makes AdamW Adam."""
    clip: float | None = _CLIP
    """Norm of each network's gradients."""
    average: float = _EMA
    """How much of the averaged weights each step keeps."""
    accumulate: int = 1
    """Calls of `losses` in a step, whose gradients are averaged."""
    must_be_finite: bool = False
    """Whether gradients that are not stop the run; otherwise such a step is left out."""
    listener: Callable[[int, Mapping[str, float]], None] | None = None
    """Gets what is logged, too."""
    on_save: Callable[[nn.ModuleDict], None] | None = None
    """Gets the averaged networks with every checkpoint."""


class Trainer:
    """One run; its folder holds all of its state."""

    def __init__(
        self,
        task: Task,
        folder: Path,
        plan: Plan,
        *,
        resume: bool,
        seed: int = 0,
        processes: Processes | None = None,
    ) -> None:
        """Begin, or go on from the folder's checkpoint.

        Raises:
            InputError: there is a checkpoint and `resume` is False, or it is of another network.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._task, self._folder, self._plan = task, folder, plan
        self._processes = processes or Processes()
        self._networks = task.networks
        self._device = str(next(task.networks.parameters()).device)
        self._average = copy.deepcopy(task.networks).requires_grad_(requires_grad=False).eval()
        self._optimiser = torch.optim.AdamW(
            self._groups(), lr=plan.rate, betas=plan.betas, weight_decay=plan.decay
        )
        self._random = np.random.default_rng(seed)
        self._shared: nn.Module | None = None
        self._learns: list[bool] = []
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
        while self.step < self._plan.total_steps and not self._ends(ends, stop):
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
            if self._processes.any_of(time.monotonic() > next_check, self._device):
                self._check()
                next_check = time.monotonic() + self._plan.check_every_s
            elif self._plan.save_every and self.step % self._plan.save_every == 0:
                self._save()
        self._check()

    def _ends(self, ends: float, stop: Event) -> bool:
        is_over = time.monotonic() >= ends or stop.is_set()
        return self._processes.any_of(is_over, self._device)

    def _one_step(self) -> dict[str, float]:
        self._begin_step()
        losses = self._gradients()
        # Each network by itself: a discriminator's gradients are no measure for what it judges.
        norms = {
            name: nn.utils.clip_grad_norm_(network.parameters(), self._plan.clip or math.inf)
            for name, network in self._networks.items()
        }
        if all(torch.isfinite(norm) for norm in norms.values()):
            self._optimiser.step()
        elif self._plan.must_be_finite:
            self._stop_at(losses)
        self.step += 1
        keep = min(self._plan.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mine, theirs in zip(
                self._average.parameters(), self._networks.parameters(), strict=True
            ):
                mine.lerp_(theirs, 1 - keep)
        return losses | {f"norm_{name}": float(norm) for name, norm in norms.items()}

    def _groups(self) -> list[dict[str, Any]]:
        schedule = self._plan.schedule
        parts: dict[bool, list[nn.Parameter]] = {False: [], True: []}
        for name, parameter in self._networks.named_parameters():
            if parameter.requires_grad:
                parts[schedule is not None and schedule.is_slow(name)].append(parameter)
        return [{"params": found, "slow": slow} for slow, found in parts.items() if found]

    def _begin_step(self) -> None:
        schedule = self._plan.schedule
        if schedule is not None:
            if schedule.begin(self.step):
                self._average.load_state_dict(self._networks.state_dict())
                self._optimiser.state.clear()
            rate = schedule.rate(self.step)
        else:
            rate = self._plan.rate * self._rate_now()
        for group in self._optimiser.param_groups:
            group["lr"] = rate
            if schedule is not None and group.get("slow"):
                group["lr"] = rate * schedule.slowness(self.step)
        learns = [p.requires_grad for p in self._networks.parameters()]
        if self._shared is None or learns != self._learns:
            # What is averaged over processes is settled when they are joined.
            losses = _Losses(self._task, self._networks, self._random)
            self._shared, self._learns = self._processes.shared(losses), learns

    def _gradients(self) -> dict[str, float]:
        """Fill in the gradients of a step, and give its losses."""
        assert self._shared is not None
        self._optimiser.zero_grad(set_to_none=True)
        sums: dict[str, float] = defaultdict(float)
        parts = self._plan.accumulate
        for part in range(parts):
            gathering = self._processes.gathering(self._shared) if part + 1 < parts else None
            with gathering or nullcontext():
                losses = self._shared(self.step)
                total: Tensor = torch.stack(list(losses.values())).sum() / parts
                total.backward()  # type: ignore[no-untyped-call]
            for name, loss in losses.items():
                sums[name] += float(loss.detach()) / parts
        return dict(sums)

    def _stop_at(self, losses: Mapping[str, float]) -> None:
        """Save the weights, which this step has not changed, and end.

        Raises:
            TrainingError: always.
        """
        self._save()
        wrong = [name for name, value in losses.items() if not math.isfinite(value)]
        raise TrainingError(
            f"step {self.step}: {', '.join(wrong) or 'a gradient'} is not finite. The weights "
            f"before it are in {self._folder / CHECKPOINT}: look at the curves, then go on with "
            "--resume and a smaller --rate-factor, or without bf16."
        )

    def _rate_now(self) -> float:
        """Warm-up, then a cosine down to a twentieth."""
        along = min(self.step / self._plan.total_steps, 1.0)
        warm = min(1.0, (self.step + 1) / _WARM_UP)
        return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * along)))

    def _check(self) -> None:
        if self._processes.leads:
            self._log(self._task.scores(self._average))
            sheet = self._task.sheet(self._average)
            cv2.imwrite(str(self._folder / f"sheet_{self.step:07d}.png"), sheet[..., ::-1])
            draw_curves(self._folder / LOG, self._folder / "curves.png")
        self._save()

    def _log(self, values: Mapping[str, float]) -> None:
        if not self._processes.leads:
            return
        line = {"step": self.step, "seconds": round(self._trained_s, 1)}
        rounded = {name: round(value, 5) for name, value in values.items()}
        with (self._folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line | rounded) + "\n")
        if self._plan.listener is not None:
            self._plan.listener(self.step, values)

    def _save(self) -> None:
        """Write the checkpoint, whole or not at all; all processes go on when it is written."""
        if self._processes.leads:
            self._write(self._folder / CHECKPOINT)
            if self._plan.on_save is not None:
                self._plan.on_save(self._average)
        self._processes.wait()

    def _write(self, path: Path) -> None:
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


class _Losses(nn.Module):
    """A task's losses as a module's call, which is what several processes are joined at."""

    def __init__(self, task: Task, networks: nn.ModuleDict, random: np.random.Generator) -> None:
        super().__init__()
        self.networks = networks
        self._task, self._random = task, random

    def forward(self, step: int) -> dict[str, Tensor]:
        """The losses of a part of a step's batch."""
        return self._task.losses(self.networks, self._random, step)
