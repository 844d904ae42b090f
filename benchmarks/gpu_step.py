"""DPE at full width on a GPU: each network, the live step host to host, and how many sessions.

    python -m benchmarks.gpu_step [--rehearse]

Needs a GPU, torch and cuda-python; the weights are seeded noise of the released sizes (arithmetic
does not care). Host to host is from a camera frame in host memory to the picture in host memory, on
the host's clock, the copies into and out of pinned memory included.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.gpu import Bench, begin, ceilings, device_us
from benchmarks.gpu_model import Model, our_form, torch_form
from benchmarks.gpu_sessions import serve
from benchmarks.machine import markdown
from engine.backends.cuda_step import DpeStep
from engine.kernels.pictures import Format
from engine.stats import percentiles_ms
from export.cost import costs

LIMIT_MS = 33.0
SESSIONS = (8, 16, 32, 48, 64, 96, 128, 160, 192, 256)


def networks(model: Model, bench: Bench) -> tuple[dict[str, Any], str]:
    """Torch eager, torch.compile and ours, batch 1: a driving picture read, an expression drawn."""
    forms: dict[str, Any] = {}
    eager = torch_form(model, bench)
    forms["ours, CUDA graph"] = {
        name: device_us(bench, [work]) for name, work in our_form(model, bench).items()
    }
    forms["torch eager, half, channels last, CUDA graph"] = {
        name: device_us(bench, [work]) for name, work in eager.items()
    }
    forms["torch eager, half, channels last, as launched"] = {
        name: _wall_us(bench, work) for name, work in eager.items()
    }
    if not bench.is_rehearsal:
        try:
            compiled = {name: torch.compile(work) for name, work in eager.items()}
            forms["torch.compile, CUDA graph"] = {
                name: device_us(bench, [work]) for name, work in compiled.items()
            }
        except Exception as error:  # noqa: BLE001 - a compiler that fails must not cost the rest
            forms["torch.compile, CUDA graph"] = {"failed": str(error).splitlines()[0]}
    names = ("read", "generate", "frame")
    rows = []
    for form, found in forms.items():
        cells = [f"{found[name]:.0f}" if name in found else "failed" for name in names]
        rows.append([form, *cells])
    return forms, markdown(["us, median", *names], rows)


def _wall_us(bench: Bench, work: Callable[[], object], repeats: int = 50) -> float:
    samples = []
    with torch.no_grad():
        for _ in range(3 if bench.is_rehearsal else repeats):
            began = time.perf_counter_ns()
            work()
            if not bench.is_rehearsal:
                torch.cuda.synchronize()
            samples.append(time.perf_counter_ns() - began)
    return float(np.median(samples)) / 1e3


def host_to_host(model: Model, bench: Bench) -> tuple[dict[str, Any], str]:
    """The whole live step at batch 1, one frame at a time, in each mode."""
    found, rows = {}, []
    for mode in ("expression", "both"):
        step, job = model.step(bench, mode=mode), model.job()
        for _ in range(5 if bench.is_rehearsal else 100):
            step.submit([job]).pictures()
        samples = []
        for _ in range(model.frames):
            began = time.perf_counter_ns()
            step.submit([job]).pictures()
            samples.append(time.perf_counter_ns() - began)
        found[mode] = percentiles_ms(samples)
        rows.append([mode, *(f"{value:.3f}" for value in found[mode].values())])
    height, width = model.camera
    table = markdown(["ms, host to host", "p50", "p95", "p99", "max"], rows)
    return found, f"{model.frames} frames of {width} x {height}, {model.width} lines.\n\n{table}"


def batches(model: Model, bench: Bench) -> tuple[dict[str, Any], str]:
    """Each batch size with two on their way, and the line through them: a + b per frame."""
    largest = 2 if bench.is_rehearsal else 8
    step = _server_step(model, bench, largest)
    job, took = model.job(Format.NV12), {}
    for batch in range(1, largest + 1):
        jobs = [job] * batch
        ticket = step.submit(jobs)
        rounds = 3 if bench.is_rehearsal else 200
        began = time.perf_counter_ns()
        for _ in range(rounds):
            following = step.submit(jobs)
            ticket.pictures()
            ticket = following
        ticket.pictures()
        took[batch] = (time.perf_counter_ns() - began) / rounds / 1e6
    per_frame, fixed = np.polyfit(list(took), list(took.values()), 1)
    rows = [[str(b), f"{ms:.3f}", f"{ms / b:.3f}"] for b, ms in took.items()]
    table = markdown(["batch", "ms", "ms a frame"], rows)
    figures = {"ms": took, "fixed_ms": float(fixed), "per_frame_ms": float(per_frame)}
    return figures, f"{table}\n\nLine: {fixed:.3f} ms + {per_frame:.3f} ms a frame."


def _server_step(model: Model, bench: Bench, largest: int) -> DpeStep:
    """As a server runs it: NV12 from decoders, I420 to encoders, a portrait per place."""
    return model.step(
        bench,
        portraits=2 * largest,
        largest_batch=largest,
        frame_format=Format.NV12,
        picture_format=Format.I420,
    )


def sessions(model: Model, bench: Bench) -> tuple[list[dict[str, Any]], str]:
    """More and more sessions at 30 frames a second, until p99 passes the limit."""
    step = _server_step(model, bench, 2 if bench.is_rehearsal else 8)
    found = []
    for count in (2,) if bench.is_rehearsal else SESSIONS:
        seconds = 1.0 if bench.is_rehearsal else 4.0
        served = serve(step, model.job(Format.NV12), sessions=count, seconds=seconds)
        found.append(asdict(served))
        if served.latency_ms.get("p99", np.inf) > LIMIT_MS or time.monotonic() > bench.ends_s:
            break
    rows = []
    for row in found:
        ms = row["latency_ms"]
        cells = [f"{ms[name]:.1f}" if name in ms else "-" for name in ("p50", "p95", "p99")]
        rows.append(
            [str(row["sessions"]), *cells, f"{row['dropped']:.1%}", f"{row['mean_batch']:.1f}"]
        )
    head = ["sessions at 30 fps", "p50 ms", "p95", "p99", "dropped", "mean batch"]
    return found, markdown(head, rows)


def energy(model: Model, bench: Bench) -> tuple[dict[str, float], str]:
    """Joules a frame from the GPU's own counter, and its power, while batch 1 runs back to back."""
    if bench.is_rehearsal:
        return {}, "No counter on a CPU."
    try:
        import pynvml
    except ModuleNotFoundError:
        return {}, "Not measured: nvidia-ml-py is not installed."
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    step, job, frames = model.step(bench), model.job(), 0
    before, began = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle), time.monotonic()
    while time.monotonic() - began < 5.0:
        step.submit([job]).pictures()
        frames += 1
    joules = (pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) - before) / 1e3
    watts = joules / (time.monotonic() - began)
    figures = {"joules_a_frame": joules / frames, "watts": watts, "frames": float(frames)}
    return figures, f"{joules / frames * 1e3:.1f} mJ a frame, {watts:.0f} W, {frames} frames."


def roofline(model: Model, bench: Bench) -> tuple[dict[str, Any], str]:
    """The floor of each network by the measured ceilings, and how far above it the time lies."""
    limits, ours = bench.record["ceilings"], bench.record["networks"]["ours, CUDA graph"]
    layout = model.layout
    cost = costs(layout.widths, layout.style, layout.directions)
    found, rows = {}, []
    for name, graph, flop in (
        ("read", "read", cost.encoder.flop + cost.heads.flop),
        ("generate", "generate_expression", cost.generator.flop),
    ):
        # Weights in half precision read once; maps that stay in the cache cost no memory.
        weight_bytes = 2 * sum(t.numel() for t in model.weights.graphs[graph].values())
        arithmetic = flop / limits["matrix_tflop_s"] / 1e6
        memory = weight_bytes / limits["copy_gb_s"] / 1e3
        floor = max(arithmetic, memory)
        found[name] = {"gflop": flop / 1e9, "weight_mb": weight_bytes / 1e6, "floor_us": floor}
        rows.append(
            [
                *(name, f"{flop / 1e9:.1f}", f"{weight_bytes / 1e6:.0f}", f"{arithmetic:.0f}"),
                *(f"{memory:.0f}", f"{ours[name]:.0f}", f"{ours[name] / floor:.1f}"),
            ]
        )
    head = ["network", "GFLOP as published", "MB of weights", "arithmetic us", "memory us"]
    return found, markdown([*head, "measured us", "times the floor"], rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    bench = begin("gpu_step", __doc__.partition("\n")[0], arguments)
    if isinstance(bench, int):
        return bench
    torch.manual_seed(0)
    model = Model(bench)
    bench.section("ceilings", ceilings)
    bench.section("host to host", partial(host_to_host, model))
    bench.section("batches", partial(batches, model))
    bench.section("sessions", partial(sessions, model))
    bench.section("networks", partial(networks, model))
    bench.section("roofline", partial(roofline, model))
    bench.section("energy", partial(energy, model))
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
