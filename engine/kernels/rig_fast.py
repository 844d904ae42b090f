"""The rig's kernels, launched; what each computes stands in `rig_twins.py`."""

import torch
from torch import Tensor

from engine.kernels.checks import check_bytes, check_same_device
from engine.kernels.launch import Launcher
from engine.kernels.pictures import BT709, Format
from engine.kernels.rig_frame import RigFrame

TILE = 16
THREADS = 256
MOST_TRIANGLES = 32_000
"""Their numbers are 16 bits wide."""


class RigKernels:
    """The rig's warp on one launcher."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def warp(
        self,
        person: Tensor,
        background: Tensor | None,
        frame: RigFrame,
        picture_format: Format,
        *,
        matrix: tuple[float, float] = BT709,
    ) -> Tensor:
        """The picture, `picture_format.shape(H, W)` uint8 on the device of `person` (H, W, 4)."""
        height, width = person.shape[:2]
        if height % 2 or width % 2:
            raise ValueError(f"person must have an even height and width, got {height} x {width}")
        check_bytes("person", person, (height, width, 4))
        if background is not None:
            check_bytes("background", background, (height, width, 3))
        check_same_device(person, background)
        on = person.device
        ids, seam = self.cover(frame, on)
        pixels, table = (torch.from_numpy(part).to(on) for part in frame.packed_patches())
        field, affine = (torch.from_numpy(p).to(on) for p in (frame.field, frame.affine))
        numbers = torch.from_numpy(frame.numbers()).to(on)
        out = torch.empty(picture_format.shape(height, width), dtype=torch.uint8, device=on)
        given = (person, background, field, affine, ids, seam, pixels, table, numbers)
        sizes = (height, width, int(picture_format))
        blocks = -(-(height // 2) * (width // 2) // THREADS)
        arguments = (*given, *sizes, *matrix, out)
        self._launcher.launch("rig_warp", "rig_warp", blocks, THREADS, arguments)
        return out

    def cover(self, frame: RigFrame, on: torch.device) -> tuple[Tensor, Tensor]:
        """The nearest triangle of each pixel of the mesh's box, int16, and the seam, float32."""
        if len(frame.corners) > MOST_TRIANGLES:
            raise ValueError(f"corners must be at most {MOST_TRIANGLES}, got {len(frame.corners)}")
        left, top, right, bottom = frame.box
        height, width = bottom - top, right - left
        corners, outline = (torch.from_numpy(p).to(on) for p in (frame.corners, frame.outline))
        ids = torch.empty((height, width), dtype=torch.int16, device=on)
        hull, other = (torch.empty((height, width), device=on) for _ in range(2))
        sizes = (len(frame.corners), len(frame.outline), height, width)
        tiles = -(-height // TILE) * -(-width // TILE)
        given = (corners, outline, *sizes, ids, hull)
        self._launcher.launch("rig_cover", "rig_cover", tiles, THREADS, given)
        blocks = -(-height * width // THREADS)
        for takes_mean in (0, 1):
            for is_along_row in (1, 0):
                settings = (height, width, frame.seam_reach, is_along_row, takes_mean)
                self._launcher.launch(
                    "rig_cover", "rig_window", blocks, THREADS, (hull, *settings, other)
                )
                hull, other = other, hull
        return ids, hull
