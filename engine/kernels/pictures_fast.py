"""The picture kernels, launched; what each computes stands in `pictures_twins.py`."""

import torch
from torch import Tensor

from engine.kernels.checks import check_bytes, check_rows, check_same_device, check_which
from engine.kernels.launch import Argument, Launcher
from engine.kernels.pictures import BT709, Format

THREADS = 128
CHANNELS = 8


class PictureKernels:
    """All kernels of pictures, on one launcher."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def crop(
        self, frames: Tensor, places: Tensor, size: int, *, matrix: tuple[float, float] = BT709
    ) -> Tensor:
        """Cut each frame's normalised crop, (N, 8, size, size) float16, channels last."""
        samples, is_nv12 = len(frames), frames.ndim == 3
        height, width = frames.shape[1] * (2 if is_nv12 else 3) // 3, frames.shape[2]
        wanted = Format.NV12 if is_nv12 else Format.RGB
        check_bytes("frames", frames, (samples, *wanted.shape(height, width)))
        check_rows("places", places, (samples, 11))
        check_same_device(frames, places)
        out = torch.empty(
            (samples, CHANNELS, size, size),
            dtype=torch.float16,
            device=frames.device,
            memory_format=torch.channels_last,
        )
        sizes = (samples, height, width, int(is_nv12), size)
        self._run("crop", samples * size * size, (frames, places, *sizes, *matrix, out))
        return out

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
        """Blend the networks' pictures into the portraits' own, into `out`."""
        samples, height, width = len(pictures), *masks.shape[1:]
        if height % 2 or width % 2:
            raise ValueError(f"masks must have an even height and width, got {height} x {width}")
        size = pictures.shape[-1]
        check_rows("pictures", pictures, (samples, 3, size, size))
        portraits = check_which(masks, samples, which)
        check_bytes("behind", behind, (portraits, height, width, 3))
        check_rows("masks", masks, (portraits, height, width))
        check_rows("places", places, (portraits, 6))
        check_bytes("out", out, (samples, *picture_format.shape(height, width)))
        check_same_device(pictures, behind, masks, places, out, which)
        sizes = (samples, size, height, width, int(picture_format))
        given = (pictures, behind, masks, places, which, *sizes, *matrix, out)
        self._run("paste", samples * (height // 2) * (width // 2), given)

    def _run(self, name: str, threads: int, given: tuple[Argument, ...]) -> None:
        self._launcher.launch(name, name, -(-threads // THREADS), THREADS, given)
