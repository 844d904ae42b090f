"""The headline: DPE's networks at full width, ours beside torch's own, and torch.compile's."""

import time
import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.gpu import Bench, Work, percentiles, replays_us
from benchmarks.gpu_convolutions import convolutions_of
from benchmarks.gpu_model import MODES, Model
from benchmarks.gpu_sections import PartlyFailed
from engine.motion import Mode

REPLAYS = 2000
CROPS = 64
"""Drivers' pictures that take turns: 64 MB at full width."""


def networks(model: Model) -> dict[str, Any]:
    """Each mode: ours and torch eager, half precision, channels last; batch 1.

    Raises:
        PartlyFailed: some form could not be run; the others' figures are in it.
    """
    found: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for mode in MODES:
        found[mode], failed = network(model, mode)
        failures |= {f"{mode}, {form}": told for form, told in failed.items()}
    if failures:
        raise PartlyFailed(found, failures)
    return found


def network(model: Model, mode: Mode) -> tuple[dict[str, Any], dict[str, str]]:
    """One mode's figures, and what failed."""
    bench, crops = model.bench, model.crops(2 if model.bench.is_rehearsal else CROPS)
    crop = crops[:1].clone(memory_format=torch.channels_last)
    ours = model.ours(mode, crop)

    def change(index: int) -> None:
        crop.copy_(crops[index % len(crops)][None])

    forms: dict[str, Callable[[], Any]] = {
        "ours": lambda: recorded(bench, ours, REPLAYS, change),
        "flop": lambda: convolutions_of(ours).flop,
        # Each weight is read once, in half precision; maps that stay in the cache cost nothing.
        "bytes": lambda: 2 * sum(weights(model.modules[name]) for name in USED[mode]),
        "ours, launched": lambda: percentiles(replays_us(bench, ours, count=200)),
        "eager": lambda: percentiles(replays_us(bench, model.theirs(mode, crop), count=300)),
        "difference": lambda: difference(ours(), model.theirs(mode, crop)()),
        "eager, recorded": lambda: recorded(bench, model.theirs(mode, crop), 500),
    }
    found, failed = {}, {}
    with torch.no_grad(), bench.device.exact():
        for form, measure in forms.items():
            try:
                found[form] = measure()
            except Exception:  # noqa: BLE001 - what torch cannot record must not cost our figure
                failed[form] = traceback.format_exc()
    return found, failed


def weights(module: nn.Module) -> int:
    """How many."""
    return sum(tensor.numel() for tensor in module.state_dict().values())


USED: dict[Mode, tuple[str, ...]] = {
    "expression": ("read", "generate_expression"),
    "both": ("read", "generate_expression", "encode", "generate_pose"),
}
"""Networks that a frame runs."""


def recorded(
    bench: Bench, work: Work, count: int, before: Callable[[int], object] | None = None
) -> dict[str, float]:
    """Percentiles of the work as a CUDA graph."""

    def alone() -> None:
        work()

    run = bench.device.record(alone)
    run()
    return percentiles(replays_us(bench, run, count=count, before=before))


def difference(found: Tensor, wanted: Tensor) -> float:
    """Norm of the difference over the norm; nan where either is."""
    return float((found.float() - wanted.float()).norm() / wanted.float().norm())


def compiled(model: Model) -> dict[str, Any]:
    """torch.compile of the eager form, as a CUDA graph; once and last: it may take minutes."""
    bench = model.bench
    backend = "eager" if bench.is_rehearsal else "inductor"
    crop = model.crops(1)
    began = time.monotonic()
    with torch.no_grad(), bench.device.exact():
        work = torch.compile(model.theirs("expression", crop), backend=backend)
        work()
        took = time.monotonic() - began
        return {"compile_s": took, "recorded": recorded(bench, work, 500)}
