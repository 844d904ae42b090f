"""A trained refiner becomes a bundle: one graph per portrait, one per frame.

The graphs take pixels as they are, 0..255 with channels last, and give what the rig's last pass
needs: where a pixel comes from and how much of it stays, and what is added to it.
"""

import copy
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import BundleError
from engine.manifest import Manifest, write_manifest
from engine.nets.refiner import CODE, PIXEL_CHANNELS, Refiner
from engine.rig.refine.head_crop import PART_HEIGHT, PART_LEFT, PART_TOPS, PART_WIDTH, SIDE
from engine.runtimes.choose import choose
from engine.runtimes.registry import OPENVINO
from export.bundle import Origin, largest_error
from export.folder import whole_folder
from export.onnx_file import OPSET, write_graph
from export.plans import Plan

TOLERANCE = 1e-4
"""Largest difference from float64 that is written, relative to an output's range."""
FADE_PX = 12
"""At the border of what is seen the corrections fade to none, or its edge would show."""


class Enroll(nn.Module):
    """Once per portrait."""

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """(1, S, S, 8) in 0..255 -> fine and coarse of each part, and the head's code."""
        found = self.refiner.enroll(_to_network(pixels))
        parts = [(_part(found.fine, 4, top), _part(found.coarse, 8, top)) for top in _TOPS]
        return *chain.from_iterable(parts), found.code


_TOPS = PART_TOPS.values()
_FEATURES = (
    *(f"{name}_{part}" for part in PART_TOPS for name in ("fine", "coarse")),
    "code",
)
"""What `Enroll` returns."""
_OF_MOUTH = {"fine": "fine_mouth", "coarse": "coarse_mouth", "code": "code"}
"""What `Refine` is tried with; another part's have the same shape."""


class Refine(nn.Module):
    """Once per frame and part."""

    window: Tensor

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner
        window = _ramp(PART_HEIGHT)[:, None] * _ramp(PART_WIDTH)[None, :]
        self.register_buffer("window", window[None, None])

    def forward(
        self, pixels: Tensor, fine: Tensor, coarse: Tensor, code: Tensor, motion: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The last pass of the rig: out = picture[at + flow] * keep + added.

        Returns:
            (1, h, w, 3) flow right and down in px of the crop, and what is kept, 0..1;
            (1, h, w, 3) what is added, in 0..255.
        """
        found = self.refiner(_to_network(pixels), fine, coarse, code, motion)
        mask = found.mask * self.window
        # The network's scale has its black at -1: what is kept of it is made up for here.
        shade = found.shade * self.window * (1.0 - mask)
        added = (shade + (found.colours + 1.0) * mask) * 127.5
        steer = torch.cat([found.flow * self.window, 1.0 - mask], 1)
        return steer.permute(0, 2, 3, 1), added.permute(0, 2, 3, 1)


def _part(features: Tensor, step: int, top: int) -> Tensor:
    """(N, C, S / step, S / step) -> where a part of the crop is."""
    rows = slice(top // step, (top + PART_HEIGHT) // step)
    columns = slice(PART_LEFT // step, (PART_LEFT + PART_WIDTH) // step)
    return features[..., rows, columns]


def _ramp(length: int) -> Tensor:
    """(length,) float64: 0 at both ends, 1 from FADE_PX on."""
    along = torch.arange(length)
    return (torch.minimum(along, length - 1 - along).double() / FADE_PX).clamp(0, 1)


def _to_network(pixels: Tensor) -> Tensor:
    return pixels.permute(0, 3, 1, 2) * (1.0 / 127.5) - 1.0


def write_refiner(refiner: Refiner, out: Path, *, origin: Origin, force: bool = False) -> float:
    """Write the bundle; returns the largest error against float64, relative to a range.

    Raises:
        BundleError: a written graph does not compute what PyTorch does.
        OutputError: the folder exists, or cannot be written.
    """
    refiner = copy.deepcopy(refiner).cpu().eval()
    exact = _exact_tensors(copy.deepcopy(refiner).double())
    motion_length = exact["motion"].shape[1]
    plans = (
        Plan(
            name="enroll",
            module=Enroll(refiner).float().eval(),
            inputs={"pixels": "portrait"},
            outputs={name: name for name in _FEATURES},
        ),
        Plan(
            name="refine",
            module=Refine(refiner).float().eval(),
            inputs={"pixels": "pixels", **_OF_MOUTH, "motion": "motion"},
            outputs={"steer": "steer", "added": "added"},
        ),
    )
    runtime = choose(OPENVINO.name)
    worst, specs = 0.0, {}
    with whole_folder(out, force=force) as folder:
        for plan in plans:
            spec = write_graph(plan, exact, folder, dynamic_batch=False)
            error = largest_error(plan, spec, folder, exact, runtime)
            if not error <= TOLERANCE:
                raise BundleError(
                    f"the graph {plan.name} differs from PyTorch by {error:.1e} of its range."
                )
            worst, specs[plan.name] = max(worst, error), spec
        manifest = Manifest(
            family="rig-refiner",
            sizes={
                "picture": SIDE, "width": PART_WIDTH, "height": PART_HEIGHT,
                "code": CODE, "channels": PIXEL_CHANNELS, "motion": motion_length,
            },
            precision="fp32",
            opset=OPSET,
            licence=origin.licence,
            trained_on=origin.trained_on,
            graphs=specs,
        )  # fmt: skip
        write_manifest(folder, manifest)
    return worst


def _exact_tensors(refiner: Refiner) -> Mapping[str, Tensor]:
    """Examples of all inputs and what they must give, float64."""
    generator = torch.Generator().manual_seed(7)
    head, face = (1, SIDE, SIDE, PIXEL_CHANNELS), (1, PART_HEIGHT, PART_WIDTH, PIXEL_CHANNELS)
    first = refiner.motion[0]
    assert isinstance(first, nn.Linear)
    found = {
        "portrait": _smooth(head, generator),
        "pixels": _smooth(face, generator),
        "motion": 0.3 * torch.randn(1, first.in_features, generator=generator, dtype=torch.float64),
    }
    with torch.inference_mode():
        found |= dict(zip(_FEATURES, Enroll(refiner)(found["portrait"]), strict=True))
        features = [found[name] for name in _OF_MOUTH.values()]
        steer, added = Refine(refiner)(found["pixels"], *features, found["motion"])
    return found | {"steer": steer, "added": added}


def _smooth(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    _, height, width, channels = shape
    coarse = torch.rand(1, channels, 16, 16, generator=generator, dtype=torch.float64) * 255
    fine = nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return fine.permute(0, 2, 3, 1).contiguous()
