"""The GPU, its versions and clocks, and its ceilings: what every time of the report is held to."""

import subprocess
from typing import Any

import torch

from benchmarks.gpu import Bench, device_us, replays_us
from benchmarks.machine import commit as checked_out
from benchmarks.machine import machine, versions

ASKED = (
    "driver_version,clocks.sm,clocks.mem,power.draw,power.limit,temperature.gpu,ecc.mode.current"
)


def described(bench: Bench, commit: str) -> dict[str, Any]:
    """The machine with its GPU, idle and after load, and the ceilings."""
    found = machine() | {"packages": versions(), "commit": commit or checked_out()}
    found["torch"] = {
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }
    idle = nvidia_smi()
    if not bench.is_rehearsal:
        properties = torch.cuda.get_device_properties(0)
        found["gpu"] = {
            "name": properties.name,
            "capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "memory_gb": round(properties.total_memory / 1e9, 1),
            "l2_mb": round(properties.L2_cache_size / 1e6, 1),
        }
    found["ceilings"] = ceilings(bench)
    found["clocks"] = {"asked": ASKED, "before": idle, "after a matrix product": nvidia_smi()}
    return found


def ceilings(bench: Bench) -> dict[str, float]:
    """Copy bandwidth (bytes read and written), half-precision matrix rate, both ways of the bus."""
    count, side = (1 << 12, 64) if bench.is_rehearsal else (1 << 29, 8192)
    source = torch.randint(0, 100, (count,), dtype=torch.uint8, device=bench.on)
    target = torch.empty_like(source)
    copied = device_us(bench, [lambda: target.copy_(source)], repeats=15)
    dtype = bench.device.dtype
    a, b = (torch.randn(side, side, dtype=dtype, device=bench.on) for _ in range(2))
    product = torch.empty_like(a)
    multiplied = device_us(bench, [lambda: torch.mm(a, b, out=product)], repeats=15)
    host = bench.device.host((count // 8,), torch.uint8)
    host.copy_(source[: count // 8])
    there = target[: count // 8]
    up = replays_us(bench, lambda: there.copy_(host, non_blocking=True), count=10)
    down = replays_us(bench, lambda: host.copy_(there, non_blocking=True), count=10)
    return {
        "copy_gb_s": 2 * count / copied / 1e3,
        "matrix_tflop_s": 2 * side**3 / multiplied / 1e6,
        "upload_gb_s": count / 8 / min(up) / 1e3,
        "download_gb_s": count / 8 / min(down) / 1e3,
    }


def nvidia_smi() -> str:
    """What the driver tells of itself and the clocks, or why it does not."""
    command = ["nvidia-smi", f"--query-gpu={ASKED}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=4)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nvidia-smi: {error}"
    return (done.stdout or done.stderr).strip()
