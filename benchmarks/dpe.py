"""DPE at full width on a CPU: the authors' form and every runtime, in turn, in one run.

    python -m benchmarks.dpe [--checkpoint dpe.pt] [--rounds 7] [--threads 2]

Without a checkpoint the weights are seeded noise of the released sizes; arithmetic does not care.
fp32, batch 1, a still portrait kept, except by the authors' form, which encodes it at every frame
as released.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from openvino import opset13 as op

from benchmarks.authors_form import authors_reenact, encode, synthesis
from benchmarks.machine import keep, markdown
from benchmarks.seeded_weights import write_checkpoint
from engine.dpe.graphs import DpeGraphs
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import RELEASED
from engine.manifest import read_manifest
from engine.openvino_core import openvino_core
from engine.runtimes.base import Array
from engine.runtimes.choose import choose
from engine.runtimes.registry import ON_CPU, OPENVINO
from engine.stats import percentiles_ms
from export.bundle import AUTHORS, Report, write_bundle
from export.cost import costs
from export.exact import example_pictures

Parts = dict[str, Callable[[], object]]
"""What is timed of one form: encode, read, generate, and whole frames of two modes."""

COLUMNS = ("encode", "read", "generate_expression", "generate_pose", "expression", "both")
AUTHORS_FORM = "authors' form (torch)"
FASTEST = OPENVINO.name


def authors_form(state: dict[str, torch.Tensor], pictures: torch.Tensor) -> Parts:
    """Grouped convolutions, nothing folded, the portrait encoded again at each frame."""
    source, driving = pictures[:1], pictures[1:]
    code, features = encode(source, state)
    return {
        "encode": lambda: encode(source, state),
        "generate_expression": lambda: synthesis(code, features, state, "dec_pose"),
        "generate_pose": lambda: synthesis(code, features, state, "dec_exp"),
        "expression": lambda: authors_reenact(source, driving, "exp", state),
        "both": lambda: authors_reenact(source, driving, "both", state),
    }


def static_form(model: DPE, pictures: torch.Tensor) -> Parts:
    """The same parameters with static convolutions, unfolded, the portrait kept."""
    driving = pictures[1:]
    code, features = model.encode(pictures[:1])

    def expression() -> torch.Tensor:
        motion, _ = model.motion(model.encode(driving)[0])
        return model.draw(model.expression, motion, code, features)

    def both() -> torch.Tensor:
        first, second = model.motion(model.encode(driving)[0])
        drawn = model.draw(model.expression, first, code, features)
        return model.draw(model.pose, second, *model.encode(drawn))

    return {
        "encode": lambda: model.encode(driving),
        "generate_expression": lambda: model.draw(model.expression, code, code, features),
        "generate_pose": lambda: model.draw(model.pose, code, code, features),
        "expression": expression,
        "both": both,
    }


def bundle_form(graphs: DpeGraphs, source: Array, driving: Array) -> Parts:
    """A bundle on a runtime, the portrait kept: what the product runs per frame."""
    with graphs.encode(source) as found:
        portrait = found.kept()
    motion = graphs.read(driving)

    def expression() -> Array:
        return graphs.draw("expression", portrait, graphs.read(driving).expression)

    def both() -> Array:
        wanted = graphs.read(driving)
        drawn = graphs.draw("expression", portrait, wanted.expression)
        with graphs.encode(drawn) as found:
            return graphs.draw("pose", found, wanted.pose)

    def encode() -> None:
        with graphs.encode(driving):
            pass

    return {
        "encode": encode,
        "read": lambda: graphs.read(driving),
        "generate_expression": lambda: graphs.draw("expression", portrait, motion.expression),
        "generate_pose": lambda: graphs.draw("pose", portrait, motion.pose),
        "expression": expression,
        "both": both,
    }


def load_graphs(folder: Path, runtime: str, threads: int) -> tuple[DpeGraphs, float]:
    """The bundle's graphs on a runtime, and the seconds that took."""
    began = time.monotonic()
    manifest, chosen = read_manifest(folder), choose(runtime, threads)
    graphs = {name: chosen.load(folder / spec.file, spec) for name, spec in manifest.graphs.items()}
    return DpeGraphs(graphs, RELEASED.size), time.monotonic() - began


def timed(forms: dict[str, Parts], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Form -> part -> percentiles in ms. The forms take turns, so all meet the same neighbours."""
    samples: dict[str, dict[str, list[int]]] = {
        form: {part: [] for part in parts} for form, parts in forms.items()
    }
    for _ in range(rounds):
        for form, parts in forms.items():
            parts["encode"]()  # the last form's threads may still spin, and its data fill the cache
            for part, run in parts.items():
                began = time.perf_counter_ns()
                run()
                samples[form][part].append(time.perf_counter_ns() - began)
    return {
        form: {part: percentiles_ms(found) for part, found in parts.items()}
        for form, parts in samples.items()
    }


def matmul_gflops(threads: int) -> float:
    """The best that a matrix product reaches here, in torch or in OpenVINO, whichever is faster."""
    core = openvino_core()
    best = 0.0
    for size in (1024, 2048):
        factor = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
        parameter, constant = op.parameter([size, size], np.float32), op.constant(factor)
        model = ov.Model(
            [op.result(op.matmul(parameter, constant, transpose_a=False, transpose_b=False))],
            [parameter],
        )
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        request = core.compile_model(model, "CPU", settings).create_infer_request()
        tensor = torch.from_numpy(factor)
        for product in (partial(request.infer, {0: factor}), partial(torch.mm, tensor, tensor)):
            product()
            for _ in range(10):
                began = time.perf_counter()
                product()
                best = max(best, 2 * size**3 / (time.perf_counter() - began) / 1e9)
    return best


def peak_megabytes(runtime: str, folder: Path, threads: int) -> float:
    """Of a process of its own that loads the bundle and draws frames in the mode `both`."""
    command = [sys.executable, "-m", "benchmarks.dpe", "--threads", str(threads)]
    command += ["--memory-of", runtime, "--bundle", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def own_peak(runtime: str, folder: Path, threads: int) -> float:
    """What this process has held at most, in MB, after two frames."""
    graphs, _ = load_graphs(folder, runtime, threads)
    picture = example_pictures(RELEASED.size, count=1).float().numpy()
    parts = bundle_form(graphs, picture, picture)
    parts["both"]()
    parts["both"]()
    # Not ru_maxrss: that begins with what the parent held when it forked.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def measure(checkpoint: Path | None, rounds: int, threads: int) -> dict[str, Any]:
    """All figures of one run."""
    torch.set_num_threads(threads)
    peak = matmul_gflops(threads)  # before other threads are there that may spin
    with tempfile.TemporaryDirectory() as scratch:
        weights = checkpoint or write_checkpoint(Path(scratch) / "dpe.pt", RELEASED)
        model, folder = DPE.from_official(weights), Path(scratch) / "bundle"
        report = write_bundle(model, folder, origin=AUTHORS)
        pictures = example_pictures(RELEASED.size).float()
        source, driving = np.split(pictures.numpy(), 2)
        loading: dict[str, float] = {}
        with torch.inference_mode():
            forms = {
                AUTHORS_FORM: authors_form(model.official_state(), pictures),
                "static form (torch)": static_form(model, pictures),
            }
            for runtime in ON_CPU:
                graphs, loading[runtime] = load_graphs(folder, runtime, threads)
                forms[runtime] = bundle_form(graphs, source, driving)
            found = timed(forms, rounds)
        memory = {runtime: peak_megabytes(runtime, folder, threads) for runtime in ON_CPU}
    return summary(found, report, loading, memory, peak)


def summary(
    found: dict[str, dict[str, dict[str, float]]],
    report: Report,
    loading: dict[str, float],
    memory: dict[str, float],
    peak: float,
) -> dict[str, Any]:
    """The figures with what is derived of them."""
    cost = costs(RELEASED.widths, RELEASED.style, RELEASED.directions)
    ratios = {
        form: {
            mode: found[AUTHORS_FORM][mode]["p50"] / parts[mode]["p50"]
            for mode in ("expression", "both")
        }
        for form, parts in found.items()
    }
    share = {
        mode: cost.frame_flop(mode) / 1e6 / found[FASTEST][mode]["p50"] / peak
        for mode in ("expression", "both")
    }
    return {
        "ms": found,
        "times_faster_than_authors": ratios,
        "matmul_gflops": peak,
        "share_of_matmul": share,
        "peak_mb": memory,
        "load_s": loading,
        "export_s": report.seconds,
        "bundle_mb": report.size / 1e6,
        "errors": report.errors,
    }


def table(result: dict[str, Any]) -> str:
    """For people: medians with tails, ratios, and the rest in sentences."""
    head = ["ms, p50 (p95)", *COLUMNS, "times faster: expression", "both"]
    rows = []
    for form, parts in result["ms"].items():
        cells = [
            f"{parts[part]['p50']:.0f} ({parts[part]['p95']:.0f})" if part in parts else ""
            for part in COLUMNS
        ]
        ratios = result["times_faster_than_authors"][form]
        cells += [f"{ratios['expression']:.2f}", f"{ratios['both']:.2f}"]
        rows.append([form, *cells])
    share, memory = result["share_of_matmul"], result["peak_mb"]
    errors = ", ".join(f"{name} {error:.1e}" for name, error in result["errors"].items())
    return (
        f"{markdown(head, rows)}\n\n"
        f"Matrix product of this machine: {result['matmul_gflops']:.0f} GFLOP/s. A frame's "
        f"published arithmetic (61.3 GFLOP, both 122.6) over {FASTEST}'s time is "
        f"{share['expression']:.0%} of it, in `both` {share['both']:.0%}.\n"
        f"Export with checks {result['export_s']:.0f} s; bundle {result['bundle_mb']:.0f} MB; "
        f"largest error of a graph against float64, of its range: {errors}.\n"
        + "".join(
            f"{runtime}: loads in {result['load_s'][runtime]:.1f} s, peak memory of its process "
            f"{memory[runtime]:.0f} MB.\n"
            for runtime in memory
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, help="the authors' file; default: seeded noise")
    parser.add_argument("--rounds", type=int, default=7, help="samples of each figure")
    parser.add_argument("--threads", type=int, default=2, help="for every form alike")
    parser.add_argument("--memory-of", choices=ON_CPU, help=argparse.SUPPRESS)
    parser.add_argument("--bundle", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory_of:
        print(own_peak(options.memory_of, options.bundle, options.threads))
        return 0
    result = measure(options.checkpoint, options.rounds, options.threads)
    command = shlex.join(["python", "-m", "benchmarks.dpe", *(arguments or sys.argv[1:])])
    keep("dpe", command, result, table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
