"""How the GPU report measures: the GPU or a rehearsal, times by the device's own events.

A rehearsal runs every line on the CPU with tiny sizes and the kernels' twins: its times mean
nothing.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch

from engine.runtimes.cuda_device import Device
from engine.stats import percentiles_ms

Work: TypeAlias = Callable[[], object]
CHUNK = 100
"""Replays that are queued before the host waits: the GPU never runs dry between two."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """What the figures are measured on."""

    device: Device
    is_rehearsal: bool

    @property
    def on(self) -> torch.device:
        """As torch names it."""
        return self.device.torch_device


def device_us(bench: Bench, works: Sequence[Work], *, repeats: int = 30) -> float:
    """Median time of one of the works, in microseconds of the device.

    All works are recorded into one CUDA graph, which shrinks the gaps between launches, and the
    graph is replayed between two events. Give several works on different data where the data would
    else stay in the cache.
    """

    def whole() -> None:
        for work in works:
            work()

    with torch.no_grad():
        run = bench.device.record(whole)
        run()
        return statistics.median(replays_us(bench, run, count=repeats)) / len(works)


def replays_us(
    bench: Bench, run: Work, *, count: int, before: Callable[[int], object] | None = None
) -> list[float]:
    """How long each of so many runs took on the device; `before` each, something untimed."""
    if bench.is_rehearsal:
        return [_host_us(run, before, index) for index in range(min(count, 3))]
    took: list[float] = []
    begins, ends = ([_timing_event() for _ in range(CHUNK)] for _ in "be")
    for first in range(0, count, CHUNK):
        chunk = range(min(CHUNK, count - first))
        for index in chunk:
            if before is not None:
                before(first + index)
            begins[index].record()
            run()
            ends[index].record()
        torch.cuda.synchronize()
        took += [begins[index].elapsed_time(ends[index]) * 1e3 for index in chunk]
    return took


def percentiles(samples_us: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and max in ms, and of how many."""
    found = percentiles_ms(int(us * 1e3) for us in samples_us)
    return found | {"runs": float(len(samples_us))}


def _host_us(run: Work, before: Callable[[int], object] | None, index: int) -> float:
    if before is not None:
        before(index)
    began = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - began) / 1e3


def _timing_event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def copies(bench: Bench, bytes_each: int) -> int:
    """How many sets of data of that size the caches cannot hold together; 4 to 64."""
    if bench.is_rehearsal:
        return 2
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    return int(min(max(3 * cache // max(bytes_each, 1) + 1, 4), 64))
