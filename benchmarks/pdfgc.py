"""PD-FGC at full width on a CPU: the authors' form and the bundle's graphs, in turn, in one run.

    python -m benchmarks.pdfgc [--release FOLDER] [--rounds 5] [--threads 2]

Without the authors' files the weights are seeded noise of the released sizes; arithmetic does not
care, and no picture here says anything of quality. fp32, batch 1. The authors' form of the
generator runs in torch and, exported, in OpenVINO: the encoders are the same networks in both.

Beside the clock's time there is the processor's (of all threads): on a machine that others use,
only that one can be compared.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from torch import Tensor, nn

from benchmarks.authors_pdfgc import synthesis
from benchmarks.machine import keep, markdown
from benchmarks.pdfgc_leaks import leak_matrix, leak_table, two_heads
from benchmarks.seeded_pdfgc import write_release
from engine.manifest import read_manifest
from engine.openvino_core import openvino_core
from engine.pdfgc.graphs import PdfgcGraphs
from engine.pdfgc.layout import MEL_BANDS, MEL_FRAMES, MOTION, SIZE
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.runtimes.base import Array
from engine.runtimes.choose import choose
from engine.runtimes.registry import ON_CPU, OPENVINO
from engine.stats import percentiles_ms
from export.cost_pdfgc import costs
from export.exact import example_pictures
from export.pdfgc import write_pdfgc

Parts = dict[str, Callable[[], object]]
"""What is timed of one form."""

COLUMNS = ("appearance", "motion", "sound", "generator", "picture")
"""`picture` is a live one: motion and generator."""
AUTHORS_TORCH, AUTHORS_OPENVINO = "authors' form (torch)", "authors' generator (openvino)"
TWO_FRAMES = 2


class AuthorsGenerator(nn.Module):
    """The grouped form as a module, for export: the whole style at every picture."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.state = {name: value.float() for name, value in state.items()}

    def forward(self, style: Tensor, start: Tensor) -> Tensor:
        """(1, 2590), (1, 512, 7, 7) -> (1, 3, 224, 224)."""
        return synthesis(style, start, self.state)


def authors_form(model: PDFGC, pictures: Tensor) -> Parts:
    """The release's modules in torch."""
    code, start = model.appearance(pictures[:1])
    style = torch.cat([code, torch.zeros(1, MOTION)], dim=1)
    window = torch.rand(1, 1, MEL_BANDS, MEL_FRAMES)
    draw = AuthorsGenerator(model.generator.state_dict())

    def picture() -> None:
        model.motion(pictures[1:])
        draw(style, start)

    return {
        "appearance": lambda: model.appearance(pictures[:1]),
        "motion": lambda: model.motion(pictures[1:]),
        "sound": lambda: model.speech(window),
        "generator": lambda: draw(style, start),
        "picture": picture,
    }


def authors_in_openvino(model: PDFGC, threads: int) -> Parts:
    """Their generator, traced into OpenVINO as it stands."""
    shapes = [(1, model.widths.style), (1, model.widths.generator[0], 7, 7)]
    examples = tuple(torch.randn(shape) for shape in shapes)
    module = AuthorsGenerator(model.generator.state_dict()).eval()
    program = torch.export.export(module, examples)
    converted = ov.convert_model(program)
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino_core().compile_model(converted, "CPU", settings).create_infer_request()
    inputs = [example.numpy() for example in examples]
    return {"generator": lambda: request.infer(inputs)}


def bundle_form(graphs: PdfgcGraphs, source: Array, driving: Array) -> Parts:
    """A bundle on a runtime, the portrait kept: what the product runs per picture."""
    appearance, codes = graphs.encode(source), graphs.read(driving)
    window = np.random.default_rng(3).random((MEL_BANDS, MEL_FRAMES), np.float32)
    return {
        "appearance": lambda: graphs.encode(source),
        "motion": lambda: graphs.read(driving),
        "sound": lambda: graphs.hear(window),
        "generator": lambda: graphs.draw(appearance, codes),
        "picture": lambda: graphs.draw(appearance, graphs.read(driving)),
    }


def load_graphs(folder: Path, runtime: str, threads: int) -> PdfgcGraphs:
    """The bundle's graphs on a runtime."""
    manifest, chosen = read_manifest(folder), choose(runtime, threads)
    graphs = {name: chosen.load(folder / spec.file, spec) for name, spec in manifest.graphs.items()}
    return PdfgcGraphs(graphs, reads_lips=True)


def timed(forms: dict[str, Parts], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Form -> part -> times in ms. The forms take turns, so all meet the same neighbours."""
    samples: dict[str, dict[str, list[tuple[int, int]]]] = {
        form: {part: [] for part in parts} for form, parts in forms.items()
    }
    for number in range(rounds + 1):
        for form, parts in forms.items():
            for part, run in parts.items():
                took = clocked(run)
                if number:  # the first round warms up
                    samples[form][part].append(took)
    return {
        form: {
            part: {
                "processor": min(cpu for _, cpu in found) / 1e6,
                "min": min(wall for wall, _ in found) / 1e6,
                **percentiles_ms(wall for wall, _ in found),
            }
            for part, found in parts.items()
        }
        for form, parts in samples.items()
    }


def clocked(run: Callable[[], object]) -> tuple[int, int]:
    """Nanoseconds by the clock, and of the processor in all threads of this process."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    run()
    return time.perf_counter_ns() - wall, time.process_time_ns() - cpu


def matmul_gflop_per_second(size: int = 2048) -> float:
    """What a matrix product reaches in torch, per second of one core's processor time."""
    factor = torch.randn(size, size)
    least = min(clocked(lambda: torch.mm(factor, factor))[1] for _ in range(12))
    return 2 * size**3 / least


def peak_megabytes(runtime: str, folder: Path, threads: int) -> float:
    """Of a process of its own that loads the bundle and draws two pictures."""
    command = [sys.executable, "-m", "benchmarks.pdfgc", "--threads", str(threads)]
    command += ["--memory-of", runtime, "--bundle", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def own_peak(runtime: str, folder: Path, threads: int) -> float:
    """What this process has held at most, in MB."""
    graphs = load_graphs(folder, runtime, threads)
    picture = example_pictures(SIZE, count=1).float().numpy()
    for _ in range(TWO_FRAMES):
        graphs.draw(graphs.encode(picture), graphs.read(picture))
    # Not ru_maxrss: that begins with what the parent held when it forked.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def measure(release: Path | None, rounds: int, threads: int) -> dict[str, Any]:
    """All figures of one run."""
    torch.set_num_threads(threads)
    peak = matmul_gflop_per_second()  # before other threads are there that may spin
    with tempfile.TemporaryDirectory() as scratch:
        files = release or write_release(Path(scratch) / "release")
        model, folder = PDFGC.from_official(files), Path(scratch) / "bundle"
        report = write_pdfgc(model, folder)
        pictures = example_pictures(SIZE).float()
        source, driving = np.split(pictures.numpy(), 2)
        with torch.inference_mode():
            forms = {
                AUTHORS_TORCH: authors_form(model, pictures),
                AUTHORS_OPENVINO: authors_in_openvino(model, threads),
            }
            loaded = {runtime: load_graphs(folder, runtime, threads) for runtime in ON_CPU}
            forms |= {name: bundle_form(graphs, source, driving) for name, graphs in loaded.items()}
            found = timed(forms, rounds)
        leaks = leak_matrix(loaded[OPENVINO.name], two_heads())
        del forms, loaded
        memory = {runtime: peak_megabytes(runtime, folder, threads) for runtime in ON_CPU}
    generator = {form: parts["generator"]["processor"] for form, parts in found.items()}
    gflop = {name: cost.flop / 1e9 for name, cost in costs().networks.items()}
    gflop["picture"] = costs().frame_flop / 1e9
    return {
        "ms": found,
        "generator_times_faster_in_openvino": {
            "than_authors_in_openvino": generator[AUTHORS_OPENVINO] / generator[OPENVINO.name],
            "than_authors_in_torch": generator[AUTHORS_TORCH] / generator[OPENVINO.name],
        },
        "matmul_gflop_per_processor_second": peak,
        "share_of_matmul": {
            part: gflop[part] / found[OPENVINO.name][part]["processor"] * 1e3 / peak
            for part in COLUMNS
        },
        "peak_mb": memory,
        "export_s": report.seconds,
        "bundle_mb": report.size / 1e6,
        "errors": report.errors,
        "weights": "seeded noise" if release is None else "the files given",
        "leaks": leaks,
    }


def table(result: dict[str, Any]) -> str:
    """For people: processor's and clock's times, ratios, and the rest in sentences."""
    rows = []
    for form, parts in result["ms"].items():
        cells = [
            f"{parts[part]['processor']:.0f} ({parts[part]['min']:.0f})" if part in parts else ""
            for part in COLUMNS
        ]
        rows.append([form, *cells])
    share = ", ".join(f"{name} {value:.0%}" for name, value in result["share_of_matmul"].items())
    errors = ", ".join(f"{name} {error:.1e}" for name, error in result["errors"].items())
    memory = ", ".join(f"{name} {value:.0f} MB" for name, value in result["peak_mb"].items())
    faster = result["generator_times_faster_in_openvino"]
    return (
        f"Weights: {result['weights']}. PD-FGC's own have never been here, so nothing below says "
        "how its pictures look.\n\n"
        f"{markdown(['ms of processor, least (of clock, least)', *COLUMNS], rows)}\n\n"
        "The generator's static form in OpenVINO is "
        f"{faster['than_authors_in_openvino']:.2f} times as fast as the authors' form in OpenVINO, "
        f"and {faster['than_authors_in_torch']:.2f} times as fast as theirs in torch (by "
        "the processor's time).\n"
        f"Matrix product: {result['matmul_gflop_per_processor_second']:.0f} GFLOP a second of one "
        f"core; published arithmetic over OpenVINO's time, as a share of it: {share}. "
        "Where the clock's time is far above the processor's, others used the machine: then only "
        "the forms of one run can be compared, and a share above 100 % says that the product met "
        "a worse moment than the networks (or that the runtime saves multiplications).\n"
        f"Export with checks {result['export_s']:.0f} s; bundle {result['bundle_mb']:.0f} MB; "
        f"largest error of a graph against float64, of its range: {errors}.\n"
        f"Peak memory of a process that draws: {memory}.\n\n"
        f"{leak_table(result['leaks'])}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--release", type=Path, help="the authors' folder; default: seeded noise")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each figure")
    parser.add_argument("--threads", type=int, default=2, help="for every form alike")
    parser.add_argument("--memory-of", choices=ON_CPU, help=argparse.SUPPRESS)
    parser.add_argument("--bundle", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory_of:
        print(own_peak(options.memory_of, options.bundle, options.threads))
        return 0
    result = measure(options.release, options.rounds, options.threads)
    command = shlex.join(["python", "-m", "benchmarks.pdfgc", *(arguments or sys.argv[1:])])
    keep("pdfgc", command, result, table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
