"""Sessions at 30 frames a second on one GPU: what their frames' latency is.

Every session sends at its own phase. One thread takes what waits (engine/dpe/gpu/batch.py), submits
it and collects the batch before; a frame's latency is from the moment it was due to its picture in
host memory. Cameras, networks and encoders are not in it.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.dpe.gpu.batch import Batcher
from engine.dpe.gpu.step import DpeStep, Job, Ticket
from engine.stats import percentiles_ms

PERIOD_NS = 1_000_000_000 // 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Of one number of sessions."""

    sessions: int
    latency_ms: dict[str, float]
    dropped: float
    """Share of the frames that a newer one replaced."""
    mean_batch: float


def serve(
    step: DpeStep, jobs: Sequence[Job], *, sessions: int, seconds: float, seed: int = 0
) -> Served:
    """Serve so many sessions for some seconds; the first half second does not count."""
    phases = np.random.default_rng(seed).uniform(0, PERIOD_NS, sessions).astype(np.int64)
    order = np.argsort(phases)
    batcher = Batcher[int](step.config.largest_batch)
    on_their_way: deque[tuple[Ticket, list[tuple[int, int]]]] = deque()
    latencies: list[int] = []
    batches: list[int] = []
    began = time.perf_counter_ns()
    counted_from, ends = began + 500_000_000, began + int(seconds * 1e9)
    tick = index = due_count = 0

    def collect() -> None:
        ticket, batch = on_their_way.popleft()
        ticket.pictures()
        now = time.perf_counter_ns()
        latencies.extend(now - due for _, due in batch if due > counted_from)

    while (now := time.perf_counter_ns()) < ends:
        while True:  # all frames that are due by now
            session = int(order[index])
            due = began + tick * PERIOD_NS + int(phases[session])
            if due > now:
                break
            batcher.put(session, due)
            due_count += 1
            index += 1
            if index == sessions:
                tick, index = tick + 1, 0
        batcher.largest = max(b for b in step.config.recorded if b <= max(len(batcher), 1))
        batch = batcher.take()
        if batch:
            sent = [
                replace(jobs[session % len(jobs)], portrait=session % step.config.portraits)
                for session, _ in batch
            ]
            on_their_way.append((step.submit(sent), batch))
            batches.append(len(batch))
        # With work waiting, one batch stays on its way while the next is filled; else none does.
        while on_their_way and (len(on_their_way) > 1 or not batch):
            collect()
    while on_their_way:
        collect()
    return Served(
        sessions=sessions,
        latency_ms=percentiles_ms(latencies),
        dropped=batcher.dropped / max(due_count, 1),
        mean_batch=float(np.mean(batches)) if batches else 0.0,
    )
