"""Pictures and places for the picture kernels, on any device."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.faces.crop import CropBox
from engine.frame import Pixels
from engine.kernels.pictures import Format, crop_place, inverted


def photo(height: int, width: int, seed: int = 0, blur: float = 2.0) -> Pixels:
    """Noise as smooth as a photo."""
    noise = np.random.default_rng(seed).normal(0, 130 * blur, (height, width, 3))
    return (cv2.GaussianBlur(noise, (0, 0), blur) + 128).clip(0, 255).astype(np.uint8)


def nv12(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, h, w, 3) RGB -> (N, 3 h / 2, w), BT.709, limited range."""
    from engine.kernels.pictures import BT709
    from engine.kernels.pictures_twins import encoded

    rgb = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    return encoded(rgb, Format.NV12, BT709).numpy()


def places_of(boxes: Sequence[CropBox], size: int, height: int, width: int) -> Tensor:
    """(N, 11), as the crop kernel takes them."""
    rows = [crop_place(box.crop_to_frame(size), size, height, width) for box in boxes]
    return torch.from_numpy(np.stack(rows))


class MadePaste:
    """All that a paste takes: 32 x 32 pictures into 60 x 80 ones."""

    def __init__(self, samples: int, device: str = "cpu") -> None:
        behind = np.stack([photo(60, 80, seed=seed) for seed in range(samples)])
        small = np.stack([photo(32, 32, seed=10 + seed) for seed in range(samples)])
        self.behind = torch.from_numpy(behind).to(device)
        scaled = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 100 - 1.2  # some beyond 1
        self.pictures = scaled.contiguous().to(device)
        generator = np.random.default_rng(3)
        self.crop_masks = (
            cv2.GaussianBlur(generator.random((32, 32, samples)), (0, 0), 3)
            .reshape(32, 32, samples)
            .transpose(2, 0, 1)
            .astype(np.float32)
        )
        masks = cv2.GaussianBlur(generator.random((60, 80, samples)), (0, 0), 3)
        masks = ((masks.reshape(60, 80, samples) - 0.45) * 10).clip(0, 1).transpose(2, 0, 1)
        self.masks = torch.from_numpy(np.ascontiguousarray(masks, np.float32)).to(device)
        turned = [np.array([[1.6, 0.2, 5 + n], [-0.2, 1.6, 9.0 - n]]) for n in range(samples)]
        self.places = torch.from_numpy(np.stack([inverted(m) for m in turned])).to(device)
        self.given = self.pictures, self.behind, self.masks, self.places

    def out(self, picture_format: Format) -> Tensor:
        """Where the result goes; full of a value that it rarely has."""
        shape = (len(self.behind), *picture_format.shape(60, 80))
        return torch.full(shape, 77, dtype=torch.uint8, device=self.behind.device)
