"""Where a frame's time goes: every kernel of one replay, and the gaps between them."""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu import Bench, Work
from benchmarks.gpu_model import MODES, Model

ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")
"""Categories of a trace; a rehearsal looks at the CPU's instead."""
ON_CPU = ("cpu_op",)
REPLAYS = 5
PAUSE_S = 0.01
APART_US = 5000.0
"""Runs are so far apart: less than the pause, more than any gap within one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One kernel or copy on the device."""

    name: str
    start_us: float
    """After the first one's."""
    us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One run of a frame's work."""

    pieces: tuple[Piece, ...]
    source: str
    """What was run: a recorded graph, or single launches where the profiler sees no graph's."""

    @property
    def span_us(self) -> float:
        """From the first one's start to the last one's end."""
        return max((p.start_us + p.us for p in self.pieces), default=0.0)

    @property
    def busy_us(self) -> float:
        """Sum of all."""
        return sum(piece.us for piece in self.pieces)


def profiled(model: Model) -> dict[str, Any]:
    """The live step's whole graph, from the crop to the paste, in each mode."""
    found: dict[str, Any] = {}
    for mode in MODES:
        step = model.step(mode)
        slot = step._slots[0]  # what a frame replays, and what it was recorded from
        step.submit(model.jobs()[:1]).pictures()
        works: dict[str, Work] = {
            "one replay of the recorded graph": slot.graphs[1],
            "single launches": partial(step._compute, slot, 1),
        }
        timeline = timeline_of(model.bench, works)
        told = {"source": timeline.source, "span_us": timeline.span_us, "busy_us": timeline.busy_us}
        found[mode] = told | {"pieces": [asdict(piece) for piece in timeline.pieces]}
    return found


def timeline_of(bench: Bench, works: Mapping[str, Work]) -> Timeline:
    """Of the first of the works whose kernels the profiler sees."""
    for source, work in works.items():
        runs = split(traced(bench, work))
        if runs:
            most = max(len(run) for run in runs)  # the profiler may miss some of the first
            whole = sorted((run for run in runs if len(run) == most), key=_span_us)
            return Timeline(pieces=tuple(whole[len(whole) // 2]), source=source)
    raise RuntimeError("torch's profiler saw no kernel: CUPTI may be refused on this machine")


def traced(bench: Bench, work: Work) -> list[Piece]:
    """All pieces of some runs, in order."""
    activities = [ProfilerActivity.CPU]
    if not bench.is_rehearsal:
        activities.append(ProfilerActivity.CUDA)
    with torch.no_grad(), bench.device.exact():
        work()
        with profile(activities=activities) as watched:
            for _ in range(REPLAYS):
                work()
                if not bench.is_rehearsal:
                    torch.cuda.synchronize()
                time.sleep(PAUSE_S)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        watched.export_chrome_trace(str(path))
        trace = json.loads(path.read_text(encoding="utf-8"))
    return pieces_of(trace, ON_CPU if bench.is_rehearsal else ON_DEVICE)


def pieces_of(trace: Mapping[str, Any], categories: Sequence[str]) -> list[Piece]:
    """The pieces of a trace in Chrome's format, by their start."""
    events = [event for event in trace["traceEvents"] if event.get("cat") in categories]
    return [
        Piece(name=event["name"], start_us=float(event["ts"]), us=float(event["dur"]))
        for event in sorted(events, key=lambda event: float(event["ts"]))
    ]


def split(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces of each run, counted from its first."""
    runs: list[list[Piece]] = []
    ended_us = -APART_US
    for piece in pieces:
        if not runs or piece.start_us - ended_us > APART_US:
            runs.append([])
        runs[-1].append(piece)
        ended_us = max(ended_us, piece.start_us + piece.us)
    return [
        [Piece(name=p.name, start_us=p.start_us - run[0].start_us, us=p.us) for p in run]
        for run in runs
    ]


def _span_us(pieces: Sequence[Piece]) -> float:
    return pieces[-1].start_us + pieces[-1].us
