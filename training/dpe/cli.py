"""The commands `understudy train expressions` and `train dpe`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from engine.installing import needing


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set, so that a run saves before it ends."""
    stop = Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@needing("train")
def expressions(
    *,
    heads: Annotated[Path, typer.Option(help="Rendered heads, by `understudy train heads`.")],
    out: Annotated[Path, typer.Option(help="File to write, such as expressions.pt.")],
    size: Annotated[
        int, typer.Option(min=32, max=1024, help="Pixels of the pictures that it will judge.")
    ] = 64,
    steps: Annotated[int, typer.Option(min=1, help="Of 48 faces.")] = 3000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    threads: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Train the frozen network of the expression loss on rendered heads, and measure it."""
    import torch

    from training.dpe.coefficients import GROUPS, MEASURED
    from training.dpe.read_expressions import train_reader

    torch.set_num_threads(threads)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("steps", total=steps)
        record = train_reader(
            heads, out, size=size, steps=steps, seed=seed,
            tell=lambda step, loss: progress.update(
                task, completed=step, description=f"loss {loss:.2f}"
            ),
        )  # fmt: skip
    told = ", ".join(
        f"{name} {record.correlation.get(next(iter(GROUPS[name])), 0.0):.2f}" for name in MEASURED
    )
    typer.echo(f"{out}: r on people held out: {told}; mean error {record.error:.3f}")


@needing("train")
def dpe(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, log, curves, sheets.")],
    recipe: Annotated[
        Literal["paper", "small", "plain", "tiny"],
        typer.Option(
            help="paper: full width, 256 px. small: for two cores. plain: for ablations, 32 px, "
            "without known truths. tiny: for tests."
        ),
    ] = "small",
    data: Annotated[
        list[Path] | None, typer.Option(help="Clips, by `understudy train clips`; several times.")
    ] = None,
    heads: Annotated[
        list[Path] | None,
        typer.Option(help="Rendered heads, by `understudy train heads`; several times."),
    ] = None,
    heads_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Of the pairs, where there are both.")
    ] = 0.5,
    minutes: Annotated[float, typer.Option(min=0.0, help="Time budget of this call.")] = 60.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="In all stages; default: the recipe's.")
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(help="Only some of the recipe's, and their steps: read=500,joint=900."),
    ] = None,
    begins_from: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Weights to begin with: a run's checkpoint.pt, or a dpe.pt alone."
        ),
    ] = None,
    draws_anew: Annotated[
        bool,
        typer.Option("--fresh-generators", help="With --from: take only what reads."),
    ] = False,
    size: Annotated[int | None, typer.Option(help="With small: 32, 64 or 128.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pairs of a step, in all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    perceptual: Annotated[
        Path | None,
        typer.Option(help="State dict of torchvision's vgg19 or squeezenet1_1; else no Eq. 9."),
    ] = None,
    expression: Annotated[
        Path | None, typer.Option(help="By `understudy train expressions`; else no Eq. 10.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="An ablation: self, expression, second-stage or crossed; several times."),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(help="auto takes an NVIDIA GPU where torch sees one."),
    ] = "auto",
    precision: Annotated[Literal["fp32", "bf16"], typer.Option()] = "fp32",
    channels_last: Annotated[bool, typer.Option("--channels-last")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="By torch.compile.")] = False,
    accumulate: Annotated[int, typer.Option(min=1, help="Parts of a batch, one by one.")] = 1,
    workers: Annotated[int, typer.Option(min=0, help="Threads that make pairs.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the arithmetic.")] = 1,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    rate_factor: Annotated[
        float, typer.Option(min=1e-4, max=100.0, help="On all learning rates.")
    ] = 1.0,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 200,
    check_every: Annotated[
        float, typer.Option(min=0.0, help="Minutes between figures and sheets.")
    ] = 5.0,
    tensorboard: Annotated[bool, typer.Option("--tensorboard")] = False,
) -> None:
    """Train DPE by its own strategy; may be stopped at any moment and resumed.

    On several GPUs or machines: torchrun --nproc-per-node N -m training.dpe and the same options.
    """
    from training.dpe.checkpoint import RESULT
    from training.dpe.recipe import recipe_of
    from training.dpe.run import Run, train

    chosen = recipe_of(recipe, size)
    chosen = chosen if batch is None else chosen.in_batches_of(batch)
    chosen = chosen if stages is None else chosen.in_stages(_lengths(stages))
    chosen = (chosen if steps is None else chosen.lasting(steps)).without(without or ())
    chosen = chosen if heads else chosen.of_films()
    with (
        stopped_by_signals() as stop,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("making ready", total=minutes * 60)
        reached = train(
            Run(
                folder=out, recipe=chosen, minutes=minutes, resume=resume,
                clips=tuple(data or ()), heads=tuple(heads or ()), heads_share=heads_share,
                perceptual=perceptual, expression=expression, device=device, precision=precision,
                channels_last=channels_last, compiled=compiled, accumulate=accumulate,
                workers=workers, threads=threads, seed=seed, rate_factor=rate_factor,
                begins_from=begins_from, draws_anew=draws_anew,
                save_every=save_every, check_every_s=check_every * 60, tensorboard=tensorboard,
            ),
            lambda step, seconds, line: progress.update(
                task, completed=seconds, description=f"step {step} of {chosen.steps}: {line}"
            ),
            lambda line: progress.console.print(line, highlight=False),
            stop,
        )  # fmt: skip
    typer.echo(f"{out}: step {reached} of {chosen.steps}; look at its curves.png and sheets")
    typer.echo(f"Next: understudy import {out / RESULT} --out BUNDLE")


def _lengths(stages: str) -> dict[str, int]:
    """`read=500,joint=900`; what is no number is -1, which no recipe takes."""
    pairs = (part.partition("=") for part in stages.split(","))
    return {
        name.strip(): int(steps) if steps.strip().isdecimal() else -1 for name, _, steps in pairs
    }
