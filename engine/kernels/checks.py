"""What a tensor must be before its address is given to a kernel."""

import torch
from torch import Tensor

VECTOR = 8


def check_map(name: str, x: Tensor, shape: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """(N, C, h, w) float16, channels last, C a multiple of 8; returns its shape."""
    wanted = x.ndim == 4 and (shape is None or tuple(x.shape) == shape)
    is_layout = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    if x.dtype != torch.float16 or not wanted or not is_layout or x.shape[1] % VECTOR:
        sizes = "(N, C, h, w) with C a multiple of 8" if shape is None else str(shape)
        raise ValueError(
            f"{name} must be float16 {sizes}, channels last, got {_told(x)}, strides {x.stride()}"
        )
    return tuple(x.shape)


def check_flow(name: str, x: Tensor, sizes: tuple[int, int, int]) -> None:
    """(N, 3, h, w) float32, planes after each other."""
    samples, height, width = sizes
    check_rows(name, x, (samples, 3, height, width))


def check_rows(name: str, x: Tensor, shape: tuple[int, ...]) -> None:
    """float32 and contiguous."""
    if x.dtype != torch.float32 or tuple(x.shape) != shape or not x.is_contiguous():
        raise ValueError(f"{name} must be contiguous float32 {shape}, got {_told(x)}")


def check_factor(name: str, x: Tensor, shape: tuple[int, int]) -> None:
    """(N, C) float32, also columns of a wider table, readable 16 bytes at a time."""
    is_aligned = x.data_ptr() % 16 == 0 and (len(x) < 2 or x.stride(0) % 4 == 0)
    wanted = x.dtype == torch.float32 and tuple(x.shape) == shape and x.stride(-1) == 1
    if not wanted or not is_aligned:
        raise ValueError(
            f"{name} must be float32 {shape}, each row contiguous and aligned to 16 bytes, "
            f"got {_told(x)}, strides {x.stride()}"
        )


def check_bytes(name: str, x: Tensor, shape: tuple[int, ...]) -> None:
    """uint8 and contiguous."""
    if x.dtype != torch.uint8 or tuple(x.shape) != shape or not x.is_contiguous():
        raise ValueError(f"{name} must be contiguous uint8 {shape}, got {_told(x)}")


def check_which(portraits: Tensor, samples: int, which: Tensor | None) -> int:
    """How many portraits there must be; `which` is (N,) int32 or None for one per sample.

    Its values are on the device and are not looked at: whoever writes them answers for them.
    """
    if which is None:
        return samples
    if which.dtype != torch.int32 or which.shape != (samples,) or not which.is_contiguous():
        raise ValueError(f"which must be contiguous int32 ({samples},), got {_told(which)}")
    return len(portraits)


def check_same_device(*tensors: Tensor | None) -> None:
    """All on one device: an address means nothing on another."""
    devices = {tensor.device for tensor in tensors if tensor is not None}
    if len(devices) > 1:
        raise ValueError(f"all tensors must be on one device, got {sorted(map(str, devices))}")


def _told(x: Tensor) -> str:
    return f"{x.dtype} {tuple(x.shape)}"
