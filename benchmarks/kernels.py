"""Each kernel beside torch's unfused form and the copy limit, at the sizes the networks have.

Times are medians of replayed CUDA graphs, on data that rotates through more than the caches hold;
the bytes count each input read once and each output written once. torch's form is the twin: half
precision in and out, float32 between its passes, as the kernel has it in registers. (The networks
in half precision throughout are in gpu_networks.py.) The twins of crop and paste cannot be
recorded, and are left out.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from benchmarks.gpu import Bench, copies, device_us
from engine.kernels.energies import Energies
from engine.kernels.launch import CudaLauncher
from engine.kernels.pictures import Format, crop_place, inverted
from engine.kernels.pictures_twins import PictureTwins
from engine.kernels.rig_fast import RigKernels, RigOnDevice
from engine.kernels.twins import Twins
from engine.motion import Edit
from engine.runtimes.cuda_device import Ops, Pictures

Case: TypeAlias = tuple[int, Callable[[Ops, Pictures], object]]
"""Bytes at least moved, and the call."""

LEVELS = ((512, 8), (512, 32), (256, 64), (128, 128), (64, 256))
"""Channels and size of the released generator's levels."""
TINY = ((16, 8),)


class Data:
    """One set of everything a level's kernels take."""

    def __init__(self, bench: Bench, samples: int, channels: int, side: int) -> None:
        on, dtype = bench.device.torch_device, bench.device.dtype
        shape = (samples, channels, side, side)
        self.x, self.feature, self.other = (_map(shape, dtype, on) for _ in range(3))
        self.wide = _map((samples, channels, side + 1, side + 1), dtype, on)
        self.delta, self.colour = (torch.randn(samples, 3, side, side, device=on) for _ in "ab")
        self.below = torch.randn(samples, 3, side // 2, side // 2, device=on)
        self.scale, self.style = (torch.randn(samples, channels, device=on) for _ in "ab")
        self.bias, self.weight = (
            torch.randn(channels, device=on),
            torch.randn(3, channels, device=on),
        )
        self.three = torch.randn(3, device=on)


def _map(shape: tuple[int, ...], dtype: torch.dtype, on: torch.device) -> Tensor:
    made = torch.randn(shape, device=on).to(dtype)
    return made.contiguous(memory_format=torch.channels_last)


def level_cases(d: Data) -> dict[str, Case]:
    """The kernels of one level, with the bytes each moves at least."""
    half, planes = d.x.numel() * d.x.element_size(), d.delta.numel() * 4
    return {
        "flow_warp_blend": (
            3 * half + 2 * planes + planes // 4,
            lambda ops, _: ops.flow_warp_blend(d.feature, d.x, d.delta, d.below, d.style),
        ),
        "warp_colours": (
            3 * planes + planes // 2,
            lambda ops, _: ops.warp_colours(d.colour, d.delta, d.below, d.three, d.three, d.below),
        ),
        "activate": (2 * half, lambda ops, _: ops.activate(d.x, d.bias, d.scale, d.style)),
        "activate_add": (3 * half, lambda ops, _: ops.activate_add(d.x, d.bias, d.other)),
        "activate_to_flow": (
            2 * half + planes,
            lambda ops, _: ops.activate_to_flow(d.x, d.bias, d.scale, d.style, d.weight, d.three),
        ),
        "activate_blur": (2 * half, lambda ops, _: ops.activate_blur(d.x, d.bias)),
        "blur_halve": (half + half // 4, lambda ops, _: ops.blur_halve(d.x)),
        "blur_activate": (
            2 * half,
            lambda ops, _: ops.blur_activate(d.wide, d.bias, d.scale, d.style),
        ),
    }


def kernels(bench: Bench) -> list[dict[str, Any]]:
    """Every kernel of the live step at its sizes, batch 1."""
    return levels(bench, samples=1) + pictures(bench)


def levels(bench: Bench, samples: int) -> list[dict[str, Any]]:
    """Every kernel of a level at every size."""
    rows = []
    for channels, side in TINY if bench.is_rehearsal else LEVELS:
        map_bytes = samples * channels * side * side * 2
        sets = [Data(bench, samples, channels, side) for _ in range(copies(bench, 3 * map_bytes))]
        for name, (size, _) in level_cases(sets[0]).items():
            calls = [level_cases(d)[name][1] for d in sets]
            label = f"{samples} x {channels} x {side} x {side}"
            rows.append(timed(bench, name, label, size, calls))
    return rows


def pictures(bench: Bench) -> list[dict[str, Any]]:
    """Crop and paste at the sizes of cameras and outputs, and the demodulation."""
    on, rows = bench.device.torch_device, []
    side = 32 if bench.is_rehearsal else 256
    for height, width in ((36, 48),) if bench.is_rehearsal else ((512, 512), (1080, 1920)):
        frame = torch.randint(0, 255, (1, height, width, 3), device=on).to(torch.uint8)
        matrix = torch.tensor([[0.8 * height / side, 0, 3], [0, 0.8 * height / side, 3]]).double()
        place = torch.from_numpy(crop_place(matrix.numpy(), side, height, width))[None].to(on)
        label = f"{width} x {height}"
        part = int((0.8 * height) ** 2) * 3
        call = partial(_crop, frame, place, side)
        rows.append(
            timed(bench, "crop", label, part + side * side * 16, [call] * 4, has_twin=False)
        )
        drawn = torch.randn(1, 3, side, side, device=on)
        mask = torch.rand(1, height, width, device=on)
        back = torch.from_numpy(inverted(matrix.numpy()))[None].to(on)
        for kind in (Format.RGB, Format.I420):
            shape = (1, *kind.shape(height, width))
            out = torch.empty(shape, dtype=torch.uint8, device=on)
            call = partial(_paste, drawn, frame, mask, back, out, kind)
            size = frame.numel() + mask.numel() * 4 + out.numel() + drawn.numel() * 4
            rows.append(
                timed(bench, f"paste to {kind.name}", label, size, [call] * 4, has_twin=False)
            )
    widths = (16, 8) if bench.is_rehearsal else (512, 512, 512, 512, 256, 128, 64)
    energies = Energies([torch.rand(w, w, device=on) for w in widths for _ in "ab"])
    styles = torch.randn(1, energies.styles, device=on)
    call = partial(_demodulation, styles, energies)
    rows.append(timed(bench, "demodulation", "batch 1", energies.flat.numel() * 4, [call] * 4))
    return rows


def rig(bench: Bench) -> list[dict[str, Any]]:
    """The rig's warp: numbers on the CPU, upload, and kernels; sizes of outputs."""
    # Here, since they need OpenCV, which the rest of the report does not.
    from benchmarks.made_rig import made_portrait, turned
    from engine.rig.gpu_frame import rig_frame

    found = []
    for side in (64,) if bench.is_rehearsal else (512, 1080):
        portrait, motion = made_portrait(side), turned()
        planes, _ = portrait.planes(uncovers=False)
        rig_frame(portrait, motion, Edit())  # prepares the flow
        began = time.perf_counter()
        frame = rig_frame(portrait, motion, Edit())
        numbers_us = (time.perf_counter() - began) * 1e6
        kernels_us = 0.0
        if not bench.is_rehearsal:
            on, warp = bench.device.torch_device, RigKernels(CudaLauncher()).warp
            person, placed = torch.from_numpy(planes).to(on), RigOnDevice.of(frame, on)
            kernels_us = device_us(bench, [partial(warp, person, None, placed, Format.I420)] * 4)
        found.append({"side": side, "numbers_us": numbers_us, "kernels_us": kernels_us})
    return found


def _crop(frame: Tensor, place: Tensor, side: int, _: Ops, pictures: Pictures) -> object:
    return pictures.crop(frame, place, side)


def _paste(*given: Any) -> object:  # noqa: ANN401 - the arguments of a paste, then the kernels
    *arguments, _, kernels = given
    return kernels.paste(*arguments)


def _demodulation(styles: Tensor, energies: Energies, ops: Ops, _: Pictures) -> object:
    return ops.demodulation(styles, energies)


def timed(
    bench: Bench,
    name: str,
    label: str,
    size: int,
    calls: list[Callable[[Ops, Pictures], object]],
    *,
    has_twin: bool = True,
) -> dict[str, Any]:
    """A kernel and torch's form of it on the same data."""
    twins, picture_twins = Twins(), PictureTwins(bench.device.dtype)
    device = bench.device
    ours = device_us(bench, [partial(call, device.ops, device.pictures) for call in calls])
    row = {"kernel": name, "size": label, "bytes": size, "ours_us": ours, "torch_us": None}
    if has_twin:
        row["torch_us"] = device_us(bench, [partial(c, twins, picture_twins) for c in calls])
    return row
