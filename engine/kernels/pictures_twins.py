"""The slow twins of the picture kernels: what each computes, in plain PyTorch, on any device.

Same names, arguments and results as `pictures_fast.py`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.kernels.pictures import BT709, Format
from engine.kernels.twins import chosen

CUBIC = -0.75
"""Keys' parameter, as OpenCV has it."""


class PictureTwins:
    """All kernels of pictures, slowly. `dtype` is that of the crops."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        self._dtype = dtype

    def crop(
        self, frames: Tensor, places: Tensor, size: int, *, matrix: tuple[float, float] = BT709
    ) -> Tensor:
        """Cut each frame's normalised crop.

        Args:
            frames: (N, h, w, 3) uint8 RGB, or (N, 3 h / 2, w) uint8 NV12.
            places: (N, 11) float32, see `crop_place`.
            size: of the crops in pixels.
            matrix: kr and kb of NV12.

        Returns:
            (N, 8, size, size), channels last: RGB in [-1, 1], and five channels of zeros.
        """
        rgb = frames.float() if frames.ndim == 4 else from_nv12(frames, matrix)
        crops = [_cut(*pair, size) for pair in zip(rgb, places.tolist(), strict=True)]
        wide = F.pad(torch.stack(crops) / 127.5 - 1.0, (0, 0, 0, 0, 0, 5))
        return wide.to(self._dtype).contiguous(memory_format=torch.channels_last)

    def paste(
        self,
        pictures: Tensor,
        behind: Tensor,
        masks: Tensor,
        places: Tensor,
        out: Tensor,
        picture_format: Format,
        which: Tensor | None = None,
        *,
        matrix: tuple[float, float] = BT709,
    ) -> None:
        """Blend the networks' pictures into the portraits' own, into `out`.

        Args:
            pictures: (N, 3, size, size) float32 in [-1, 1].
            behind: (N, h, w, 3) uint8.
            masks: (N, h, w) float32, 0..1.
            places: (N, 6) float32, from the output's pixels to the pictures', see `inverted`.
            out: (N, *picture_format.shape(h, w)) uint8.
            picture_format: what to write.
            which: (N,) int32, whose of any number of `behind`, `masks` and `places` each sample
                takes; None for one each, in order.
            matrix: kr and kb of YUV.
        """
        behind, masks, places = (chosen(part, which) for part in (behind, masks, places))
        levels = (pictures.clamp(-1, 1) + 1) * 127.5
        height, width = masks.shape[1:]
        front = torch.stack(
            [_cubic(*pair, height, width) for pair in zip(levels, places.tolist(), strict=True)]
        )
        below = behind.permute(0, 3, 1, 2).float()
        blended = below + (front - below) * masks[:, None]
        out.copy_(encoded(blended, picture_format, matrix))


def encoded(rgb: Tensor, picture_format: Format, matrix: tuple[float, float]) -> Tensor:
    """(N, 3, h, w) in 0..255 -> (N, *shape) uint8."""
    rgb = rgb.clone()
    if picture_format is Format.RGB:
        return _rounded(rgb).permute(0, 2, 3, 1)
    kr, kb = matrix
    area = rgb.shape[2] * rgb.shape[3]
    luma = _rounded(16 + _luma(rgb, matrix) * (219 / 255)).flatten(1)
    mean = F.avg_pool2d(rgb, 2)
    y = _luma(mean, matrix)
    u = _rounded(128 + (mean[:, 2] - y) / (1 - kb) * (112 / 255)).flatten(1)
    v = _rounded(128 + (mean[:, 0] - y) / (1 - kr) * (112 / 255)).flatten(1)
    chroma = torch.stack([u, v], 2).flatten(1) if picture_format is Format.NV12 else None
    whole = torch.cat([luma, torch.cat([u, v], 1) if chroma is None else chroma], 1)
    return whole.reshape(len(rgb), area * 3 // 2 // rgb.shape[3], rgb.shape[3])


def from_nv12(frames: Tensor, matrix: tuple[float, float]) -> Tensor:
    """(N, 3 h / 2, w) uint8 -> (N, h, w, 3) float32 in 0..255."""
    kr, kb = matrix
    height = frames.shape[1] * 2 // 3
    y = (frames[:, :height].float() - 16) * (255 / 219)
    chroma = (frames[:, height:].float() - 128) * (255 / 112)
    chroma = chroma.reshape(len(frames), height // 2, -1, 2)
    u, v = chroma.repeat_interleave(2, 1).repeat_interleave(2, 2).unbind(-1)
    r, b = y + v * (1 - kr), y + u * (1 - kb)
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return torch.stack([r, g, b], -1).clamp(0, 255)


def _cut(rgb: Tensor, place: list[float], size: int) -> Tensor:
    """(h, w, 3) -> (3, size, size), still 0..255."""
    factor, left, top, across, down = (int(value) for value in place[6:])
    part = rgb[top : top + down * factor, left : left + across * factor].permute(2, 0, 1)
    cells = F.avg_pool2d(part, factor)
    x, y = _moved(place, size, size, rgb.device)
    x0, y0 = x.floor(), y.floor()
    right, below = x - x0, y - y0
    result = torch.zeros(3, size, size, device=rgb.device)
    for dy, share_y in ((0, 1 - below), (1, below)):
        for dx, share_x in ((0, 1 - right), (1, right)):
            result += share_y * share_x * _at(cells, y0 + dy, x0 + dx)
    return result


def _cubic(picture: Tensor, place: list[float], height: int, width: int) -> Tensor:
    """(3, size, size) -> (3, h, w)."""
    x, y = _moved(place, height, width, picture.device)
    x0, y0 = x.floor(), y.floor()
    across, down = _cubic_weights(x - x0), _cubic_weights(y - y0)
    result = torch.zeros(3, height, width, device=picture.device)
    for i in range(4):
        for j in range(4):
            result += down[i] * across[j] * _at(picture, y0 + i - 1, x0 + j - 1)
    return result


def _cubic_weights(share: Tensor) -> list[Tensor]:
    near = [((CUBIC + 2) * s - (CUBIC + 3)) * s * s + 1 for s in (share, 1 - share)]
    far = share + 1
    first = ((CUBIC * far - 5 * CUBIC) * far + 8 * CUBIC) * far - 4 * CUBIC
    return [first, *near, 1 - first - near[0] - near[1]]


def _moved(
    place: list[float], height: int, width: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """The x and y that each pixel of (height, width) is sent to."""
    row = torch.arange(height, dtype=torch.float32, device=device)[:, None]
    column = torch.arange(width, dtype=torch.float32, device=device)
    x = place[0] * column + place[1] * row + place[2]
    y = place[3] * column + place[4] * row + place[5]
    return x, y


def _at(picture: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Pixels of (3, h, w) at whole places; beyond the edge the edge goes on."""
    rows = row.long().clamp(0, picture.shape[1] - 1)
    columns = column.long().clamp(0, picture.shape[2] - 1)
    return picture[:, rows, columns]


def _luma(rgb: Tensor, matrix: tuple[float, float]) -> Tensor:
    kr, kb = matrix
    return kr * rgb[:, 0] + (1 - kr - kb) * rgb[:, 1] + kb * rgb[:, 2]


def _rounded(value: Tensor) -> Tensor:
    return value.clamp(0, 255).round().to(torch.uint8)
