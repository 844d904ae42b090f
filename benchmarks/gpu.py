"""What the GPU benchmarks share: the GPU or a rehearsal, timing, results kept as they come.

A rehearsal (`--rehearse`) runs every line on the CPU with tiny sizes and the kernels' twins, and
keeps nothing: its times mean nothing. Without it and without a GPU a benchmark says so and ends
with 2.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import RESULTS, machine
from engine.backends.cuda_device import CudaDevice, Device, ReferenceDevice
from engine.errors import MachineError

Work = Callable[[], object]
NO_GPU = 2
"""Exit code where there is none."""


@dataclass(eq=False)
class Bench:
    """One run of a benchmark."""

    name: str
    device: Device
    is_rehearsal: bool
    folder: Path
    ends_s: float
    """On the monotonic clock: no section begins after it."""
    commit: str | None
    record: dict[str, Any] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)

    def section(self, name: str, work: Callable[["Bench"], tuple[Any, str]]) -> None:
        """Run one part, and keep what it returns (figures, table) before the next begins."""
        began = time.monotonic()
        if began > self.ends_s:
            self._keep(
                name, {"skipped": "no time was left"}, f"## {name}\n\nSkipped: no time left."
            )
            return
        try:
            figures, table = work(self)
        except Exception as error:  # noqa: BLE001 - minutes on a GPU are few: the rest must run
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            self._keep(name, {"failed": told}, f"## {name}\n\nFailed: {told}")
            return
        took = time.monotonic() - began
        self._keep(name, figures, f"## {name}\n\n{table}\n\n({took:.0f} s)")

    @property
    def failed(self) -> list[str]:
        """Sections that broke off."""
        return [k for k, v in self.record.items() if isinstance(v, dict) and "failed" in v]

    def _keep(self, name: str, figures: object, table: str) -> None:
        self.record[name] = figures
        self.tables.append(table)
        print(table, flush=True)
        if self.is_rehearsal:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        head = {"command": shlex.join(["python", *sys.argv]), "machine": described(self.commit)}
        whole = json.dumps(head | self.record, indent=1, default=str)
        (self.folder / f"{self.name}.json").write_text(whole + "\n")
        made_on = head["machine"]
        text = f"# {self.name}\n\n`{head['command']}`\n\n{json.dumps(made_on)}\n\n"
        (self.folder / f"{self.name}.md").write_text(text + "\n\n".join(self.tables) + "\n")


def begin(name: str, description: str, arguments: list[str] | None = None) -> Bench | int:
    """Read the command line; the run, or the exit code where there is no GPU."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rehearse", action="store_true", help="on the CPU, tiny; keeps nothing")
    parser.add_argument("--seconds", type=float, default=540.0, help="begin no section after that")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--commit", help="of the measured code, where there is no git")
    options = parser.parse_args(arguments)
    try:
        device: Device = ReferenceDevice() if options.rehearse else CudaDevice()
    except MachineError as error:
        print(f"{name} needs a GPU: {error}", file=sys.stderr)
        return NO_GPU
    if options.rehearse:
        print("A rehearsal on the CPU: the times below mean nothing.")
    return Bench(
        name=name,
        device=device,
        is_rehearsal=options.rehearse,
        folder=options.out,
        ends_s=time.monotonic() + options.seconds,
        commit=options.commit,
    )


def described(commit: str | None) -> dict[str, Any]:
    """The machine with its GPU."""
    found = machine()
    if commit:
        found["commit"] = commit
    properties = torch.cuda.get_device_properties(0)
    found["gpu"] = {
        "name": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "multiprocessors": properties.multi_processor_count,
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "l2_mb": round(properties.L2_cache_size / 1e6, 1),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "driver, clocks": _nvidia_smi(),
    }
    return found


def _nvidia_smi() -> str:
    asked = "driver_version,clocks.sm,clocks.mem,power.limit"
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nvidia-smi: {error}"
    return done.stdout.strip()


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
        if bench.is_rehearsal:
            began = time.perf_counter()
            run()
            return (time.perf_counter() - began) / len(works) * 1e6
        samples: list[float] = []
        begin, end = (_timing_event() for _ in range(2))
        run()
        for _ in range(repeats):
            begin.record()
            run()
            end.record()
            end.synchronize()
            took: float = begin.elapsed_time(end)
            samples.append(took * 1e3 / len(works))
    return statistics.median(samples)


def _timing_event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def copies(bench: Bench, bytes_each: int) -> int:
    """How many sets of data of that size the caches cannot hold together; 4 to 64."""
    if bench.is_rehearsal:
        return 2
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    return int(min(max(3 * cache // max(bytes_each, 1) + 1, 4), 64))


def ceilings(bench: Bench) -> tuple[dict[str, float], str]:
    """Copy bandwidth (bytes read and written) and the rate of a half-precision matrix product."""
    on = bench.device.torch_device
    count, side = (1 << 12, 64) if bench.is_rehearsal else (1 << 29, 8192)
    dtype = torch.float32 if bench.is_rehearsal else torch.float16
    source = torch.randint(0, 100, (count,), dtype=torch.uint8, device=on)
    target = torch.empty_like(source)
    copied = device_us(bench, [lambda: target.copy_(source)], repeats=15)
    a, b = (torch.randn(side, side, dtype=dtype, device=on) for _ in range(2))
    product = torch.empty_like(a)
    multiplied = device_us(bench, [lambda: torch.mm(a, b, out=product)], repeats=15)
    found = {
        "copy_gb_s": 2 * count / copied / 1e3,
        "matrix_tflop_s": 2 * side**3 / multiplied / 1e6,
    }
    table = (
        f"Copy {found['copy_gb_s']:.0f} GB/s (bytes read and written), half-precision matrix "
        f"product of random data {found['matrix_tflop_s']:.0f} TFLOP/s."
    )
    return found, table
