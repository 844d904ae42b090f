"""One training run of the refiner: processes that render, and the loop that learns from them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import torch

from engine.errors import InputError, MachineError
from training.computing import DeviceName, Precision, computing_on
from training.perceptual import Perceptual
from training.refiner.pool import HELD_OUT, Pool
from training.refiner.task import SHARPENING, RefinerTask, Weights, load_average
from training.trainer import Plan, Trainer

HELD_OUT_COUPLES = 6
LEAST_COUPLES = 4
"""Rendered before the first step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is given."""

    facekit: Path
    folder: Path
    hours: float
    resume: bool
    fillers: int
    """Processes that render; 0 trains on what lies in the folder."""
    perceptual: Path | None
    threads: int
    total_steps: int
    most_couples: int
    rate: float = 1e-3
    start_from: Path | None = None
    """A checkpoint whose averaged weights a new run begins with."""
    sharpen: bool = False
    """Train with the second stage's losses."""
    device: DeviceName = "auto"
    precision: Precision = "fp32"


def train(
    run: Run,
    tell: Callable[[int, float, str], None],
    say: Callable[[str], None],
    stop: Event | None = None,
) -> int:
    """Train within the time budget or until `stop` is set; returns the step that was reached.

    Raises:
        InputError: a file is missing or of something else, or there is a checkpoint and `resume`
            is False.
        MachineError: a GPU is asked for where there is none; a rendering process ended.
    """
    if not run.facekit.is_file():
        raise InputError(
            f"{run.facekit} is missing: make it with `python -m training.heads.convert`."
        )
    if run.sharpen and run.perceptual is None:
        raise InputError("--sharpen rests on the perceptual loss: name its weights, --perceptual.")
    computing = computing_on(run.device, run.precision)
    begin = load_average(run.start_from) if run.start_from is not None else None
    began = time.monotonic()
    torch.set_num_threads(run.threads)
    perceptual = Perceptual(run.perceptual) if run.perceptual is not None else None
    with ThreadPoolExecutor(run.threads) as workers, _fillers(run) as processes:
        held_out = _waited(run.folder / "held_out", HELD_OUT_COUPLES, processes, run, say)
        pool = _waited(run.folder / "pool", LEAST_COUPLES, processes, run, say)
        weights = SHARPENING if run.sharpen else Weights()
        task = RefinerTask(
            pool, held_out, perceptual,
            weights=weights, begin=begin, computing=computing, workers=workers,
        )  # fmt: skip
        seconds = run.hours * 3600 - (time.monotonic() - began)
        plan = Plan(seconds=seconds, rate=run.rate, total_steps=run.total_steps)
        trainer = Trainer(task, run.folder, plan, resume=run.resume)
        trainer.run(tell, stop)
        return trainer.step


@contextmanager
def _fillers(run: Run) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Rendering processes, ended with the block."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        if run.fillers:
            processes.append(_filler(run, "held_out", HELD_OUT, HELD_OUT_COUPLES))
        processes += [_filler(run, "pool", first, run.fillers) for first in range(run.fillers)]
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _filler(run: Run, name: str, first: int, step: int) -> subprocess.Popen[bytes]:
    arguments = [str(run.facekit), str(run.folder / name), first, step, run.most_couples]
    command = [sys.executable, "-m", "training.refiner.filler", *map(str, arguments)]
    return subprocess.Popen(command)


def _waited(
    folder: Path,
    count: int,
    processes: list[subprocess.Popen[bytes]],
    run: Run,
    say: Callable[[str], None],
) -> Pool:
    """The pool in a folder, once it holds enough."""
    pool = Pool(folder, run.most_couples)
    pool.refresh()
    while len(pool) < count:
        if not processes:
            raise InputError(f"{folder} holds {len(pool)} of {count} couples: let it be filled.")
        if any(process.poll() not in (None, 0) for process in processes):
            raise MachineError("a rendering process ended with the error above.")
        say(f"{len(pool)} of {count} couples in {folder}")
        time.sleep(2.0)
        pool.refresh()
    return pool
