"""The whole live step, host memory to host memory: one session, and many.

Timed on the host's clock, the copies into and out of pinned memory included.
"""

import time
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.gpu import percentiles
from benchmarks.gpu_model import MODES, Model
from benchmarks.gpu_sessions import serve
from engine.dpe.gpu.step import DpeStep, Job
from engine.kernels.pictures import Format

FRAMES = 2000
BATCHES = (1, 2, 4, 8)
RATE = 30
"""Frames a second of a session."""
LOAD = 0.8
"""Of the sessions that the largest batch could just serve: the rest is for jitter."""


def live(model: Model) -> dict[str, Any]:
    """One frame at a time, in each mode."""
    return {
        mode: {"frame": list(model.camera), "picture": [model.height, model.width]}
        | host_to_host(model.step(mode), model.jobs(), 3 if model.bench.is_rehearsal else FRAMES)
        for mode in MODES
    }


def host_to_host(step: DpeStep, jobs: list[Job], frames: int) -> dict[str, float]:
    """Percentiles in ms."""
    samples = []
    for index in range(-min(len(jobs), frames), frames):  # the first ones do not count
        began = time.perf_counter_ns()
        step.submit([jobs[index % len(jobs)]]).pictures()
        if index >= 0:
            samples.append((time.perf_counter_ns() - began) / 1e3)
    return percentiles(samples)


def sessions(model: Model) -> dict[str, Any]:
    """Each batch with two on their way, the line through them, and many sessions at once.

    As a server runs it: NV12 from decoders, I420 to encoders, a portrait per place.
    """
    batches = BATCHES[:2] if model.bench.is_rehearsal else BATCHES
    step = model.new_step(
        portraits=batches[-1],
        largest_batch=batches[-1],
        batches=batches,
        frame_format=Format.NV12,
        picture_format=Format.I420,
    )
    jobs = model.jobs(Format.NV12)
    rounds = 3 if model.bench.is_rehearsal else 200
    took = {batch: batch_ms(step, jobs, batch, rounds) for batch in batches}
    per_frame, fixed = np.polyfit(list(took), list(took.values()), 1)
    largest = max(1, int(LOAD * batches[-1] / took[batches[-1]] * 1e3 / RATE))
    count, seconds = (2, 1.0) if model.bench.is_rehearsal else (largest, 4.0)
    return {
        "ms": {str(batch): ms for batch, ms in took.items()},
        "fixed_ms": float(fixed),
        "per_frame_ms": float(per_frame),
        "served": asdict(serve(step, jobs, sessions=count, seconds=seconds)),
    }


def batch_ms(step: DpeStep, jobs: list[Job], batch: int, rounds: int) -> float:
    """From one batch to the next."""
    sent = [jobs[index % len(jobs)] for index in range(batch)]
    ticket = step.submit(sent)
    began = time.perf_counter_ns()
    for _ in range(rounds):
        following = step.submit(sent)
        ticket.pictures()
        ticket = following
    ticket.pictures()
    return (time.perf_counter_ns() - began) / rounds / 1e6
