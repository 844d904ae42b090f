"""The portraits of a live step: rows of static buffers, so that one is swapped by copying into it.

A CUDA graph knows addresses, not contents: a new portrait needs no new recording.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.dpe.gpu.loaded import DpeNetworks
from engine.errors import BundleError
from engine.frame import Pixels
from engine.kernels.pictures import inverted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """A portrait as it is enrolled, and where the network's picture goes in it."""

    crop: Pixels
    """(size, size, 3): what the network sees."""
    picture: Pixels
    """(H, W, 3), the output's size."""
    mask: NDArray[np.float32]
    """(H, W), 0..1: how much of each pixel the network paints."""
    crop_to_picture: NDArray[np.float64]
    """(2, 3): a pixel of the crop -> its place in the picture."""


class Portraits:
    """Everything of so many portraits that a frame needs, on the device."""

    def __init__(self, networks: DpeNetworks, *, places: int, height: int, width: int) -> None:
        """Room for `places` portraits of (height, width)."""
        self._device, self._size = networks.device, networks.size
        self._encode = networks.encode
        self._shape = (height, width)
        on, dtype = self._device.torch_device, self._device.dtype
        sizes = [8 * 2**level for level in range(len(networks.widths) - 1)]
        self.codes = torch.zeros(places, networks.style, device=on)
        self.features = [
            torch.zeros(places, channels, side, side, dtype=dtype, device=on).contiguous(
                memory_format=torch.channels_last
            )
            for side, channels in zip(sizes[:-1], networks.widths[1:-1], strict=True)
        ]
        self.expression = [torch.zeros(places, 3, side, side, device=on) for side in sizes]
        self.pose = [torch.zeros(places, 3, side, side, device=on) for side in sizes]
        self.behind = torch.zeros(places, height, width, 3, dtype=torch.uint8, device=on)
        self.masks = torch.zeros(places, height, width, device=on)
        self.places = torch.zeros(places, 6, device=on)

    def __len__(self) -> int:
        return len(self.codes)

    def put(self, place: int, setting: Setting) -> None:
        """Show this portrait at a place, from the next frame on that is submitted.

        It goes through the same lane as the frames, so none of them sees half of it.

        Raises:
            BundleError: half precision is too small for what these networks make of it.
        """
        if not 0 <= place < len(self):
            raise ValueError(f"place must be in [0, {len(self)}), got {place}")
        wanted = (*self._shape, 3)
        if setting.picture.shape != wanted or setting.mask.shape != self._shape:
            raise ValueError(
                f"picture and mask must be {wanted} and {self._shape}, "
                f"got {setting.picture.shape} and {setting.mask.shape}"
            )
        if setting.crop.shape != (self._size, self._size, 3):
            raise ValueError(f"crop must be {self._size} pixels square, got {setting.crop.shape}")
        on = self._device.torch_device
        # Whole and on the device before the lane takes it: what the caller does with the arrays
        # afterwards is nothing to it.
        crop = torch.tensor(setting.crop, device=on)[None]
        behind, mask = (torch.tensor(a, device=on) for a in (setting.picture, setting.mask))
        to_crop = torch.tensor(inverted(setting.crop_to_picture), device=on)
        if on.type == "cuda":
            torch.cuda.synchronize(on)

        def swap() -> None:
            with torch.no_grad(), self._device.exact():
                self._encode_into(place, crop)
            self.behind[place].copy_(behind)
            self.masks[place].copy_(mask)
            self.places[place].copy_(to_crop)

        done = self._device.mark()
        self._device.enqueue("compute", swap, (), done)
        done.wait()
        if not self._is_finite(place):
            raise BundleError(
                "these networks overflow half precision, and the cuda backend knows no other. "
                "Use --backend openvino."
            )

    def _encode_into(self, place: int, crop: Tensor) -> None:
        whole = [1, 0, 0, 0, 1, 0, 1, 0, 0, self._size, self._size]
        here = torch.tensor([whole], dtype=torch.float32, device=crop.device)
        found = self._encode(self._device.pictures.crop(crop, here, self._size))
        code, features, expression, pose = found
        self.codes[place].copy_(code[0])
        rows = zip(
            self._maps,
            (*features, *expression, *pose),
            strict=True,
        )
        for kept, new in rows:
            kept[place].copy_(new[0])

    @property
    def _maps(self) -> list[Tensor]:
        return [*self.features, *self.expression, *self.pose]

    def _is_finite(self, place: int) -> bool:
        """Whether nothing that is kept at a place has overflowed; asked of the GPU once for all."""
        kept = [self.codes[place], *(rows[place] for rows in self._maps)]
        return bool(torch.stack([x.isfinite().all() for x in kept]).all())
