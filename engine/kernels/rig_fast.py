"""The rig's kernels, launched; what each computes stands in `rig_twins.py`."""

from dataclasses import dataclass
from typing import Self

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RigOnDevice:
    """A frame's numbers where the kernels read them."""

    corners: Tensor
    outline: Tensor
    affine: Tensor
    field: Tensor
    patches: Tensor
    table: Tensor
    numbers: Tensor
    box_height: int
    box_width: int
    seam_reach: int

    @classmethod
    def of(cls, frame: RigFrame, on: torch.device) -> Self:
        """Copy a frame's numbers, some tens of kilobytes, to a device."""
        if len(frame.corners) > MOST_TRIANGLES:
            raise ValueError(f"corners must be at most {MOST_TRIANGLES}, got {len(frame.corners)}")
        left, top, right, bottom = frame.box
        patches, table = frame.packed_patches()
        return cls(
            corners=torch.from_numpy(frame.corners).to(on),
            outline=torch.from_numpy(frame.outline).to(on),
            affine=torch.from_numpy(frame.affine).to(on),
            field=torch.from_numpy(frame.field).to(on),
            patches=torch.from_numpy(patches).to(on),
            table=torch.from_numpy(table).to(on),
            numbers=torch.from_numpy(frame.numbers()).to(on),
            box_height=bottom - top,
            box_width=right - left,
            seam_reach=frame.seam_reach,
        )


class RigKernels:
    """The rig's warp on one launcher."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

    def warp(
        self,
        person: Tensor,
        background: Tensor | None,
        frame: RigOnDevice,
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
        check_same_device(person, background, frame.numbers)
        ids, seam = self.cover(frame)
        shape = picture_format.shape(height, width)
        out = torch.empty(shape, dtype=torch.uint8, device=person.device)
        of_mesh = (frame.field, frame.affine, ids, seam, frame.patches, frame.table, frame.numbers)
        sizes = (height, width, int(picture_format))
        blocks = -(-(height // 2) * (width // 2) // THREADS)
        arguments = (person, background, *of_mesh, *sizes, *matrix, out)
        self._launcher.launch("rig_warp", "rig_warp", blocks, THREADS, arguments)
        return out

    def cover(self, frame: RigOnDevice) -> tuple[Tensor, Tensor]:
        """The nearest triangle of each pixel of the mesh's box, int16, and the seam, float32."""
        height, width, on = frame.box_height, frame.box_width, frame.corners.device
        ids = torch.empty((height, width), dtype=torch.int16, device=on)
        hull, other = (torch.empty((height, width), device=on) for _ in range(2))
        if not ids.numel():
            return ids, hull  # the face has left the picture
        sizes = (len(frame.corners), len(frame.outline), height, width)
        tiles = -(-height // TILE) * -(-width // TILE)
        given = (frame.corners, frame.outline, *sizes, ids, hull)
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
