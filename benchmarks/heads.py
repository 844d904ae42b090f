"""How fast synthetic heads are rendered on this machine, stage by stage, on one core.

LP_NUM_THREADS=0 python -m benchmarks.heads --facekit facekit.npz
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import keep, markdown
from engine.stats import percentiles_ms
from training.heads import facekit
from training.heads.appearance import sample_appearance
from training.heads.flow import FlowDrawer
from training.heads.identity import sample_identity
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer
from training.heads.scene import sample_shot
from training.heads.seeds import Seeds

PEOPLE = (101, 109, 118, 124, 113, 103, 127, 315)
"""A bald head, short hair, long hair, curls, beards, glasses."""
SHOTS = 8
WARM_UP = 2


def measure(renderer: Renderer) -> dict[str, list[int]]:
    """Nanoseconds per call: dressing a person, a frame (wall and this process' CPU), a flow."""
    times: dict[str, list[int]] = {"person": [], "frame": [], "frame, CPU": [], "flow": []}
    flows = FlowDrawer(renderer)
    for person in PEOPLE:
        start = time.perf_counter_ns()
        actor = renderer.actor(sample_identity(renderer.mesh, person), sample_appearance(person))
        times["person"].append(time.perf_counter_ns() - start)
        base = sample_shot(Seeds.all(person), renderer.quality.size_px)
        last = None
        for index in range(SHOTS + WARM_UP):
            seeds = Seeds.all(person).with_expression(index).with_pose(index)
            other = sample_shot(seeds, 32)
            shot = replace(base, pose=other.pose, expression=other.expression)
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            seen = renderer.render(actor, shot)
            if index >= WARM_UP:
                times["frame"].append(time.perf_counter_ns() - wall)
                times["frame, CPU"].append(time.process_time_ns() - cpu)
            if last is not None and index >= WARM_UP:
                start = time.perf_counter_ns()
                flows.between(actor, last, seen)
                times["flow"].append(time.perf_counter_ns() - start)
            last = seen
    return times


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and keep the figures in `results/`."""
    parser = argparse.ArgumentParser(description="Measure the renderer of synthetic heads.")
    parser.add_argument("--facekit", type=Path, required=True)
    parser.add_argument("--size", type=int, default=TRAINING.size_px)
    parser.add_argument("--supersampling", type=float, default=TRAINING.supersampling)
    parser.add_argument("--name", default="heads", help="name of the result's files")
    options = parser.parse_args(arguments)
    quality = replace(TRAINING, size_px=options.size, supersampling=options.supersampling)
    renderer = Renderer(facekit.load(options.facekit), quality)
    times = {name: percentiles_ms(values) for name, values in measure(renderer).items()}
    a_second = round(1e3 / times["frame, CPU"]["p50"], 1)
    table = markdown(
        ["ms", "p50", "p95"],
        [[name, f"{t['p50']:.1f}", f"{t['p95']:.1f}"] for name, t in times.items()],
    )
    table += (
        f"\n\n{quality.size_px} px, supersampling {quality.supersampling:g}, {renderer.device}: "
        f"{a_second} frames per second of CPU time."
    )
    result = {
        "device": renderer.device,
        "size_px": quality.size_px,
        "supersampling": quality.supersampling,
        "frames_per_cpu_second": a_second,
        "times_ms": times,
    }
    command = ["python", "-m", "benchmarks.heads", *(arguments or sys.argv[1:])]
    keep(options.name, shlex.join(command), result, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
