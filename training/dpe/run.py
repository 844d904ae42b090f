"""One training run of DPE: data, judges, networks, the trainer; and the record of what it was."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event

import numpy as np
import torch
from torch import nn

from engine.dpe.nets.dpe import DPE
from engine.errors import InputError
from training.clips.pairs import ClipPairs, HeadPairs, Mixture, PairSource
from training.computing import Computing, DeviceName, Precision, computing_on
from training.dpe.batches import Batches, Share, pairs_a_second
from training.dpe.checkpoint import RESULT, write_official
from training.dpe.expression_network import load_reader
from training.dpe.held_out import HeldOutClips, HeldOutHeads
from training.dpe.losses import Judges, ReadingHeads
from training.dpe.perceptual import PerceptualPairs
from training.dpe.recipe import Recipe
from training.dpe.task import DpeTask, dpe_of
from training.processes import Processes, joined
from training.trainer import Plan, Trainer

RECORD = "record.json"
_PROBED_BY = 60
"""People that the probe of r is fitted on."""
_CLIP_PAIRS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is given."""

    folder: Path
    recipe: Recipe
    minutes: float
    resume: bool = False
    clips: tuple[Path, ...] = ()
    heads: tuple[Path, ...] = ()
    heads_share: float = 0.5
    """Of the pairs, where there are both."""
    perceptual: Path | None = None
    expression: Path | None = None
    device: DeviceName = "auto"
    precision: Precision = "fp32"
    channels_last: bool = False
    compiled: bool = False
    accumulate: int = 1
    workers: int = 1
    threads: int = 1
    seed: int = 0
    rate_factor: float = 1.0
    save_every: int | None = 200
    check_every_s: float = 300.0
    tensorboard: bool = False


def train(
    run: Run,
    tell: Callable[[int, float, str], None],
    say: Callable[[str], None],
    stop: Event | None = None,
) -> int:
    """Train within the time budget or until `stop` is set; returns the step that was reached.

    Raises:
        InputError: a file is missing or of something else, a batch cannot be shared, or there is a
            checkpoint and `resume` is False.
        MachineError: a GPU is asked for where there is none.
        TrainingError: losses are no longer finite.
    """
    torch.set_num_threads(run.threads)
    asked = computing_on(run.device, run.precision)
    with joined(asked.device) as (processes, device):
        return _train(run, Computing(device, run.precision), processes, tell, say, stop)


def _train(
    run: Run,
    computing: Computing,
    processes: Processes,
    tell: Callable[[int, float, str], None],
    say: Callable[[str], None],
    stop: Event | None,
) -> int:
    recipe = run.recipe
    people = [HeadPairs(folder, recipe.layout.size, "train") for folder in run.heads]
    source = _source(run, people)
    share = Share(process=processes.rank, processes=processes.count, parts=run.accumulate)
    batches = Batches(source, recipe, share, seed=run.seed, workers=run.workers)
    judges = _judges(run)
    torch.manual_seed(run.seed)  # the first weights, alike in every process
    held_out = _held_out(run, people) if processes.leads else []
    task = DpeTask(recipe, batches, judges, held_out, computing=computing)
    _standardise(task.networks, people)
    task.networks.to(computing.device)
    if run.channels_last:
        for parameter in task.networks.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    if run.compiled:
        compile_parts(dpe_of(task.networks))
    if processes.leads:
        for line in notes(run, judges):
            say(line)
        say(f"a worker makes {pairs_a_second(batches, 0):.0f} pairs a second")
    trainer = Trainer(
        task, run.folder, _plan(run, task), resume=run.resume, seed=run.seed, processes=processes
    )
    if processes.leads:
        _write_record(run, judges, processes, computing)
    trainer.run(tell if processes.leads else _nobody, stop)
    return trainer.step


def notes(run: Run, judges: Judges) -> list[str]:
    """What a reader of the run's figures must know."""
    recipe, lines = run.recipe, []
    if judges.perceptual is None:
        lines.append("no --perceptual: Eq. 9 is left out")
    elif judges.perceptual.name != "VGG-19":
        lines.append(f"Eq. 9 by {judges.perceptual.name}, not by VGG-19 as in the paper")
    if judges.expression is None:
        lines.append("no --expression: Eq. 10 is left out, so nothing says which half is which")
    if recipe.uses_truth:
        lines.append(f"`{recipe.name}` learns from known truths of rendered heads")
        if not run.heads:
            lines.append("no --heads: nothing is known, so there is nothing to read or to hold to")
    lines += [f"left out: {part}" for part in recipe.left_out]
    return lines


def compile_parts(dpe: DPE, backend: str = "inductor") -> None:
    """Compile encoder and generators in place; names in checkpoints stay as they are."""
    for part in (dpe.encoder, dpe.expression.generator, dpe.pose.generator):
        part.compile(backend=backend)


def _source(run: Run, people: Sequence[HeadPairs]) -> PairSource:
    filmed = [ClipPairs(folder, run.recipe.layout.size, "train") for folder in run.clips]
    if not filmed and not people:
        raise InputError(
            "nothing to learn from: name clips by --data or rendered heads by --heads."
        )
    sources: list[PairSource] = [*filmed, *people]
    share = run.heads_share if filmed and people else float(bool(people))
    # Among folders of a kind by how much each has.
    of_clips, of_heads = sum(map(len, filmed)) or 1, sum(map(len, people)) or 1
    shares = [(1 - share) * len(each) / of_clips for each in filmed]
    shares += [share * len(each) / of_heads for each in people]
    return Mixture(sources, shares)


def _judges(run: Run) -> Judges:
    return Judges(
        perceptual=PerceptualPairs(run.perceptual) if run.perceptual is not None else None,
        expression=load_reader(run.expression) if run.expression is not None else None,
    )


def _held_out(run: Run, people: Sequence[HeadPairs]) -> list[HeldOutHeads | HeldOutClips]:
    size = run.recipe.layout.size
    found: list[HeldOutHeads | HeldOutClips] = []
    if run.heads:
        held = [g for folder in run.heads for g in HeadPairs(folder, size, "held-out").grids]
        known = [grid for each in people for grid in each.grids][:_PROBED_BY]
        found.append(HeldOutHeads(held, known))
    random = np.random.default_rng(1)
    for folder in run.clips:
        pairs = ClipPairs(folder, size, "held-out")
        found.append(HeldOutClips([pairs.draw(random, 1.0) for _ in range(_CLIP_PAIRS)]))
    return found


def _standardise(networks: nn.ModuleDict, people: Sequence[HeadPairs]) -> None:
    if "reading" not in networks or not people:
        return
    heads = networks["reading"]
    assert isinstance(heads, ReadingHeads)
    grids = [grid for each in people for grid in each.grids]
    coefficients = np.concatenate([grid.coefficients for grid in grids])
    poses = np.concatenate([grid.poses for grid in grids])
    count = min(len(coefficients), len(poses))
    random = np.random.default_rng(0)
    heads.measure(
        torch.from_numpy(random.permutation(coefficients)[:count]),
        torch.from_numpy(random.permutation(poses)[:count]),
    )


def _plan(run: Run, task: DpeTask) -> Plan:
    recipe = run.recipe

    def save(average: nn.ModuleDict) -> None:
        write_official(dpe_of(average), run.folder / RESULT)

    return Plan(
        seconds=run.minutes * 60,
        total_steps=recipe.steps,
        check_every_s=run.check_every_s,
        save_every=run.save_every,
        schedule=_Scaled(task, run.rate_factor),
        betas=recipe.betas,
        decay=0.0,
        clip=recipe.clip,
        average=recipe.average,
        accumulate=run.accumulate,
        must_be_finite=True,
        listener=_tensorboard(run.folder) if run.tensorboard else None,
        on_save=save,
    )


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A task's schedule with all rates times a factor."""

    task: DpeTask
    factor: float

    def begin(self, step: int) -> None:
        self.task.begin(step)

    def rate(self, step: int) -> float:
        return self.factor * self.task.rate(step)


def _tensorboard(folder: Path) -> Callable[[int, Mapping[str, float]], None]:
    from engine.installing import needing

    with needing("tensorboard"):
        from torch.utils.tensorboard import SummaryWriter
    writer = SummaryWriter(str(folder / "tensorboard"))

    def note(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    return note


def _write_record(run: Run, judges: Judges, processes: Processes, computing: Computing) -> None:
    record = {
        "recipe": asdict(run.recipe),
        "clips": [str(path) for path in run.clips],
        "heads": [str(path) for path in run.heads],
        "heads_share": run.heads_share,
        "perceptual": judges.perceptual.name if judges.perceptual is not None else None,
        "expression": str(run.expression) if run.expression is not None else None,
        "learns_from_truth": run.recipe.uses_truth and bool(run.heads),
        "notes": notes(run, judges),
        "seed": run.seed,
        "rate_factor": run.rate_factor,
        "accumulate": run.accumulate,
        "processes": processes.count,
        "device": computing.device,
        "precision": run.precision,
        "threads": run.threads,
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    (run.folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _nobody(step: int, seconds: float, line: str) -> None:
    """The first process tells."""
