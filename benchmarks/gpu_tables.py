"""The tables of a GPU report's sections, with the floor beside each figure.

The floor is the larger of two times by the measured ceilings: the operations over the rate of a
half-precision matrix product, and the bytes that must be moved over the bandwidth of a copy.
Nothing runs much faster, so what lies far above it is where there is something to gain.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from benchmarks.machine import markdown

Figures: TypeAlias = Mapping[str, Any]
NO_FIGURE = "-"
RATE = 30
"""Frames a second of a session."""
MOST_ROWS = 20
NAME = 70
"""Characters of a kernel's name; cuDNN's are longer than lines."""


def floor_us(flop: float, size: float, ceilings: Figures) -> float | None:
    """The least time for so many operations and bytes."""
    if not ceilings:
        return None
    arithmetic: float = flop / ceilings["matrix_tflop_s"] / 1e6
    memory: float = size / ceilings["copy_gb_s"] / 1e3
    return max(arithmetic, memory)


def networks_floor_us(
    networks: Figures, mode: str, ceilings: Figures, batch: int = 1
) -> float | None:
    """Of a batch's networks in a mode: its operations, and each weight once."""
    found = networks.get(mode, {})
    if not {"flop", "bytes"} <= found.keys():
        return None
    return floor_us(found["flop"] * batch, found["bytes"], ceilings)


def _machine(machine: Figures, ceilings: Figures, _: Figures) -> list[str]:
    return [
        f"Copy {ceilings['copy_gb_s']:.0f} GB/s (bytes read and written), half-precision matrix "
        f"product of random data {ceilings['matrix_tflop_s']:.0f} TFLOP/s; to the GPU "
        f"{ceilings['upload_gb_s']:.1f} GB/s, from it {ceilings['download_gb_s']:.1f} GB/s.",
    ]


def _profile(profiled: Figures, ceilings: Figures, networks: Figures) -> list[str]:
    parts = []
    for mode, run in profiled.items():
        span, busy = run["span_us"], run["busy_us"]
        by_name: dict[str, list[float]] = defaultdict(list)
        for piece in run["pieces"]:
            by_name[piece["name"]].append(piece["us"])
        most = sorted(by_name.items(), key=lambda item: -sum(item[1]))
        rows = [
            [_short(name), str(len(us)), f"{sum(us):.1f}", f"{sum(us) / max(busy, 1e-9):.1%}"]
            for name, us in most[:MOST_ROWS]
        ]
        parts.append(
            f"Mode {mode}, {run['source']}: {len(run['pieces'])} kernels, {span:.0f} us from first "
            f"to last, of which kernels {busy:.0f} us and gaps {max(span - busy, 0.0):.0f} us; the "
            f"networks' floor is {_us(networks_floor_us(networks, mode, ceilings))} us."
        )
        parts.append(markdown(["kernel", "times", "us in all", "share"], rows))
    return [*parts, "Each one in its order: `profile.txt`."]


def _convolutions(rows: list[Figures], ceilings: Figures, _: Figures) -> list[str]:
    cells = []
    for r in sorted(rows, key=lambda r: -r["cold_us"] * r["in both"]):
        floor = floor_us(r["flop"], r["bytes"], ceilings)
        name = f"{r['kind']} {_sizes(r['maps'])} by {_sizes(r['kernel'])}, step {r['stride']}"
        cells.append(
            [
                *(name, r["dtype"], str(r["in expression"]), str(r["in both"])),
                *(_us(floor), f"{r['warm_us']:.1f}", f"{r['cold_us']:.1f}"),
                f"{r['flop'] / r['cold_us'] / 1e6:.0f}",
            ]
        )
    head = ["convolution", "in", "in expression", "in both", "floor us", "warm us", "cold us"]
    totals = []
    for mode in ("expression", "both"):
        warm, cold = (sum(r[f"in {mode}"] * r[f"{k}_us"] for r in rows) for k in ("warm", "cold"))
        totals.append(f"{mode} {warm:.0f} us warm, {cold:.0f} us cold")
    return [f"A frame's together: {'; '.join(totals)}.", markdown([*head, "TFLOP/s"], cells)]


def _kernels(rows: list[Figures], ceilings: Figures, _: Figures) -> list[str]:
    cells = []
    for r in rows:
        floor, other = floor_us(0, r["bytes"], ceilings), r["torch_us"]
        cells.append(
            [
                *(r["kernel"], r["size"], f"{r['bytes'] / 1e6:.2f}", _us(floor)),
                f"{r['ours_us']:.1f}",
                f"{floor / r['ours_us']:.0%}" if floor else NO_FIGURE,
                f"{other:.1f}" if other else NO_FIGURE,
                f"{other / r['ours_us']:.1f}" if other else NO_FIGURE,
            ]
        )
    head = ["kernel", "size", "MB", "floor us", "us", "share of copy", "torch us", "times faster"]
    return [markdown(head, cells)]


def _live(live: Figures, ceilings: Figures, networks: Figures) -> list[str]:
    rows = []
    for mode, f in live.items():
        floor = networks_floor_us(networks, mode, ceilings)
        if floor is not None:
            up, down = (3 * f[k][0] * f[k][1] for k in ("frame", "picture"))
            floor += up / ceilings["upload_gb_s"] / 1e3 + down / ceilings["download_gb_s"] / 1e3
        cells = [f"{f[name]:.3f}" for name in ("p50", "p95", "p99", "max")]
        rows.append([mode, _sizes(f["frame"]), _sizes(f["picture"]), as_ms(floor), *cells])
    head = ["mode", "frame", "picture", "floor ms", "p50 ms", "p95", "p99", "max"]
    told = "Host to host; the floor is the networks' and that of the copies both ways."
    return [markdown(head, rows), told]


def _sessions(figures: Figures, ceilings: Figures, networks: Figures) -> list[str]:
    rows = []
    for batch, ms in figures["ms"].items():
        floor = networks_floor_us(networks, "expression", ceilings, int(batch))
        cells = [f"{ms:.3f}", f"{ms / int(batch):.3f}", f"{int(batch) / ms * 1e3 / RATE:.0f}"]
        rows.append([batch, as_ms(floor), *cells])
    served = figures["served"]
    latency = ", ".join(f"{name} {ms:.1f}" for name, ms in served["latency_ms"].items())
    return [
        markdown(["batch", "floor ms", "ms", "ms a frame", f"sessions at {RATE} fps"], rows),
        f"Line: {figures['fixed_ms']:.3f} ms + {figures['per_frame_ms']:.3f} ms a frame. "
        f"{served['sessions']} sessions at once: latency in ms {latency or NO_FIGURE}; "
        f"{served['dropped']:.1%} dropped, {served['mean_batch']:.1f} a batch.",
    ]


def _rig(rows: list[Figures], *_: Figures) -> list[str]:
    cells = [[str(r["side"]), f"{r['numbers_us']:.0f}", f"{r['kernels_us']:.1f}"] for r in rows]
    return [markdown(["lines", "numbers on the CPU us", "kernels to I420 us"], cells)]


def _tests(counts: Figures, *_: Figures) -> list[str]:
    return [", ".join(f"{number} {kind}" for kind, number in counts.items()) + "."]


def _compiled(figures: Figures, *_: Figures) -> list[str]:
    return [f"Compiled in {figures['compile_s']:.0f} s; its times are in the headline."]


TOLD: dict[str, Callable[[Any, Figures, Figures], list[str]]] = {
    "machine": _machine,
    "profile": _profile,
    "convolutions": _convolutions,
    "kernels against twins": _tests,
    "kernels": _kernels,
    "live step": _live,
    "sessions": _sessions,
    "rig": _rig,
    "other tests": _tests,
    "torch.compile": _compiled,
}
"""How each section after the headline is told."""


def _us(value: float | None) -> str:
    return NO_FIGURE if value is None else f"{value:.1f}"


def as_ms(value_us: float | None) -> str:
    """A time, or that there is none."""
    return NO_FIGURE if value_us is None else f"{value_us / 1e3:.3f}"


def _sizes(sizes: list[int]) -> str:
    return " x ".join(map(str, sizes))


def _short(name: str) -> str:
    plain = name.replace("|", "/")
    return plain if len(plain) <= NAME else f"{plain[:NAME]}..."
