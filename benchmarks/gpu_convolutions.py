"""The convolutions of a frame: which shapes there are, and how long each takes alone."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmarks.gpu import Bench, copies, device_us
from benchmarks.gpu_model import MODES, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One shape of convolution."""

    kind: str
    """conv2d or conv_transpose2d."""
    maps: tuple[int, ...]
    """(N, C, h, w)."""
    kernel: tuple[int, ...]
    stride: int
    padding: int
    dtype: str

    @property
    def out(self) -> tuple[int, int]:
        """Height and width of the result."""
        sides = zip(self.maps[2:], self.kernel[2:], strict=True)
        if self.kind == "conv2d":
            height, width = ((a + 2 * self.padding - k) // self.stride + 1 for a, k in sides)
        else:
            height, width = ((a - 1) * self.stride + k - 2 * self.padding for a, k in sides)
        return height, width

    @property
    def flop(self) -> int:
        """Two per multiplication with addition."""
        places = self.out if self.kind == "conv2d" else self.maps[2:]
        inputs, outputs, rows, columns = self.kernel
        return 2 * self.maps[0] * inputs * outputs * rows * columns * places[0] * places[1]

    @property
    def bytes(self) -> int:
        """Read and written at least: maps, weights, result."""
        channels = self.kernel[0 if self.kind == "conv2d" else 1]
        result = self.maps[0] * channels * self.out[0] * self.out[1]
        size: int = getattr(torch, self.dtype).itemsize
        return size * (_product(self.maps) + _product(self.kernel) + result)

    def call(self, on: torch.device) -> Callable[[], Tensor]:
        """It, on fresh noise."""
        dtype = getattr(torch, self.dtype)
        maps, kernel = (
            torch.randn(shape, device=on).to(dtype).contiguous(memory_format=torch.channels_last)
            for shape in (self.maps, self.kernel)
        )
        run = getattr(torch, self.kind)
        return partial(run, maps, kernel, stride=self.stride, padding=self.padding)


class Convolutions(TorchFunctionMode):
    """Notes the convolutions that are called meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[Shape] = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's own signature
        kwargs = kwargs or {}
        # Those in groups are low-passes of twins, which the kernels do without.
        if func in (torch.conv2d, torch.conv_transpose2d) and "groups" not in kwargs:
            self.seen[_shape(func.__name__, args[0], args[1], **kwargs)] += 1
        return func(*args, **kwargs)

    @property
    def flop(self) -> int:
        """Of all that was called."""
        return sum(shape.flop * count for shape, count in self.seen.items())


def convolutions_of(work: Callable[[], Tensor]) -> Convolutions:
    """What a frame calls."""
    found = Convolutions()
    with torch.no_grad(), found:
        work()
    return found


def convolutions(model: Model) -> list[dict[str, Any]]:
    """Every shape of a frame: how often it is called, and its time with cold and warm caches."""
    crop = model.crops(1)
    counts = {mode: convolutions_of(model.ours(mode, crop)).seen for mode in MODES}
    rows = []
    for shape in counts["both"]:
        row = asdict(shape) | {"flop": shape.flop, "bytes": shape.bytes}
        row |= {f"in {mode}": counts[mode][shape] for mode in MODES}
        rows.append(row | timed(model.bench, shape))
    return rows


def timed(bench: Bench, shape: Shape) -> dict[str, float]:
    """In a frame the weights come from memory as a rule and the maps from the cache: in between."""
    sets = [shape.call(bench.on) for _ in range(copies(bench, shape.bytes))]
    cold = device_us(bench, sets, repeats=10)
    return {"cold_us": cold, "warm_us": device_us(bench, sets[:1] * 4, repeats=20)}


def _shape(kind: str, maps: Tensor, kernel: Tensor, *, stride: int = 1, padding: int = 0) -> Shape:
    return Shape(
        kind=kind,
        maps=tuple(maps.shape),
        kernel=tuple(kernel.shape),
        stride=stride,
        padding=padding,
        dtype=str(maps.dtype).removeprefix("torch."),
    )


def _product(sizes: Sequence[int]) -> int:
    return int(torch.Size(sizes).numel())
