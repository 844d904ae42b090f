"""One training run of DPE: data, judges, networks, the trainer; and the record of what it was."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from training.dpe.beginning import begin, some_pictures
from training.dpe.checkpoint import RESULT, write_official
from training.dpe.expression_network import load_reader
from training.dpe.held_out import HeldOutClips, HeldOutHeads
from training.dpe.initial import begin_anew
from training.dpe.losses import Judges
from training.dpe.perceptual import PerceptualPairs
from training.dpe.recipe import Recipe
from training.dpe.task import DpeTask, dpe_of
from training.processes import Processes, joined
from training.trainer import LOG, Plan, Trainer

Say = Callable[[str], None]
RECORD = "record.json"
READS = 0.6
"""r from which on an encoder is said to read expression."""
_KEPT = ("cycle_begins_with", "begins_from")
"""What a record keeps of the calls before."""
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
    begins_from: Path | None = None
    """A `checkpoint.pt` or `dpe.pt` whose weights it begins with."""
    draws_anew: bool = False
    """Whether of these only what reads is taken, and the generators are fresh."""
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
    if not run.heads:
        run = replace(run, recipe=run.recipe.of_films())
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
    if not run.resume:
        told = begin(task.networks, recipe, people, run.begins_from, draws_anew=run.draws_anew)
        if processes.leads and told:
            say(told)
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
        task,
        run.folder,
        _plan(run, task, held_out, people, say),
        resume=run.resume,
        seed=run.seed,
        processes=processes,
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
    if recipe.uses_truth and run.heads:
        lines.append(f"`{recipe.name}` learns from known truths of rendered heads")
    elif recipe.uses_truth:
        lines.append(
            "no --heads: nothing is known, so stages that read or draw truths are left out"
        )
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


def _plan(
    run: Run,
    task: DpeTask,
    held_out: Sequence[HeldOutHeads | HeldOutClips],
    people: Sequence[HeadPairs],
    say: Say,
) -> Plan:
    recipe = run.recipe

    def save(average: nn.ModuleDict) -> None:
        write_official(dpe_of(average), run.folder / RESULT)

    return Plan(
        seconds=run.minutes * 60,
        total_steps=recipe.steps,
        check_every_s=run.check_every_s,
        save_every=run.save_every,
        schedule=_Schedule(task, run, held_out, people, say),
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
class _Schedule:
    """A task's schedule with all rates times a factor.

    Before the cycle begins, r is looked at; where only reading has been learned before, what draws
    begins anew, fitted to what is read.
    """

    task: DpeTask
    run: Run
    held_out: Sequence[HeldOutHeads | HeldOutClips]
    people: Sequence[HeadPairs]
    """Learned from; by their pictures fresh generators are set."""
    say: Say

    def begin(self, step: int) -> bool:
        stage, at = self.task.recipe.stage_at(step)
        known = [people for people in self.held_out if isinstance(people, HeldOutHeads)]
        if at == 0 and stage.draws == "cycle" and known:
            self._look(stage.name, known[0].reads(dpe_of(self.task.networks)))
        self.task.begin(step)
        if step > 0 and at == 0 and self.people and self.task.recipe.draws_first_in(stage):
            begin_anew(self.task.networks, some_pictures(self.people))
            return True
        return False

    def rate(self, step: int) -> float:
        return self.run.rate_factor * self.task.rate(step)

    def is_slow(self, name: str) -> bool:
        """What reads; what draws is as fast as the stage says."""
        return name.startswith("dpe.") and ".generator." not in name

    def slowness(self, step: int) -> float:
        return self.task.recipe.stage_at(step)[0].slowness

    def _look(self, stage: str, reads: Mapping[str, float]) -> None:
        told = ", ".join(f"{name} {r:.2f}" for name, r in reads.items())
        self.say(f"r where stage {stage} begins: {told}")
        found: dict[str, object] = {"reads": {name: round(r, 3) for name, r in reads.items()}}
        low = [name for name, r in reads.items() if r < READS]
        if low:
            found["warning"] = (
                f"stage {stage} begins with r of {', '.join(low)} below {READS}: the code does not "
                "tell the expression, so what follows shows nothing about the strategy"
            )
            self.say(f"WARNING: {found['warning']}. Read longer.")
        path = self.run.folder / RECORD
        record = json.loads(path.read_text(encoding="utf-8"))
        record.setdefault("cycle_begins_with", {})[stage] = found
        _write_json(record, path)


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
        "begins_from": _ancestor(run.begins_from),
        "draws_anew": run.draws_anew,
        "rate_factor": run.rate_factor,
        "accumulate": run.accumulate,
        "processes": processes.count,
        "device": computing.device,
        "precision": run.precision,
        "threads": run.threads,
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    path = run.folder / RECORD
    if path.exists():  # of the part before this call
        before = json.loads(path.read_text(encoding="utf-8"))
        record |= {name: before[name] for name in _KEPT if before.get(name)}
    _write_json(record, path)


def _write_json(record: Mapping[str, object], path: Path) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _ancestor(weights: Path | None) -> dict[str, object] | None:
    """The file, and the record that lies beside it."""
    if weights is None:
        return None
    record, log = weights.parent / RECORD, weights.parent / LOG
    found: dict[str, object] = {"file": str(weights)}
    if record.is_file():
        found["record"] = json.loads(record.read_text(encoding="utf-8"))
    if log.is_file():
        last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
        found |= {"steps": last["step"], "seconds": last["seconds"]}
    return found


def _nobody(step: int, seconds: float, line: str) -> None:
    """The first process tells."""
