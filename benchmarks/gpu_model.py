"""The DPE that the GPU report measures, on our step and in torch's own form.

Its weights are seeded noise of the released sizes: arithmetic does not care, as long as they are no
zeros.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.gpu import Bench
from benchmarks.seeded_weights import seeded_state
from engine.dpe.gpu.loaded import DpeNetworks
from engine.dpe.gpu.portraits import Setting
from engine.dpe.gpu.step import EXPRESSION, NUMBERS, POSE, DpeStep, Job, StepConfig
from engine.dpe.gpu.weights import GRAPHS, DpeWeights
from engine.dpe.nets.dpe import DPE
from engine.dpe.nets.layout import RELEASED, Layout
from engine.dpe.nets.official import to_ours
from engine.kernels.pictures import Format
from engine.motion import Mode
from engine.stylegan.folded import halve
from export.plans import plans

TINY = Layout(widths=(16, 16, 8, 8), style=16, directions=5)
CROP = np.array([[1.6, 0.0, 20.0], [0.0, 1.6, 10.0]])
MODES: tuple[Mode, ...] = ("expression", "both")
JOBS = 16
"""Camera frames that take turns."""


class Model:
    """Weights, networks and steps, each made when a section first needs it and then kept."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.layout = TINY if bench.is_rehearsal else RELEASED
        self.height, self.width = (48, 64) if bench.is_rehearsal else (512, 512)
        self.camera = (48, 64) if bench.is_rehearsal else (720, 1280)
        self._steps: dict[Mode, DpeStep] = {}

    @cached_property
    def modules(self) -> dict[str, nn.Module]:
        """The folded networks as exported, in float32 on the CPU."""
        dpe = DPE(self.layout)
        state = seeded_state(self.layout)
        dpe.load_state_dict({to_ours(name): value for name, value in state.items()})
        dpe = dpe.eval().requires_grad_(requires_grad=False)
        return {plan.name: plan.module for plan in plans(dpe, precision="fp32")}

    @cached_property
    def networks(self) -> DpeNetworks:
        """On our kernels."""
        graphs = {name: self.modules[name].state_dict() for name in GRAPHS}
        weights = DpeWeights(size=self.layout.size, widths=self.layout.widths, graphs=graphs)
        return DpeNetworks(weights, self.bench.device)

    def step(self, mode: Mode) -> DpeStep:
        """The live step of one session."""
        if mode not in self._steps:
            self._steps[mode] = self.new_step(mode=mode)
        return self._steps[mode]

    def new_step(self, **changed: Any) -> DpeStep:  # noqa: ANN401 - StepConfig's fields
        """A live step with a portrait in each place."""
        kept = {"height": self.height, "width": self.width}
        kept |= {"frame_height": self.camera[0], "frame_width": self.camera[1]}
        step = DpeStep(self.networks, StepConfig(**(kept | changed)))
        for place in range(step.config.portraits):
            step.enroll(place, self.setting)
        return step

    @cached_property
    def setting(self) -> Setting:
        """A portrait of noise."""
        generator = np.random.default_rng(1)
        size, shape = self.layout.size, (self.height, self.width)
        return Setting(
            crop=generator.integers(0, 255, (size, size, 3), dtype=np.uint8),
            picture=generator.integers(0, 255, (*shape, 3), dtype=np.uint8),
            mask=np.ones(shape, np.float32),
            crop_to_picture=np.array([[self.width / size, 0, 0], [0, self.height / size, 0]]),
        )

    def jobs(self, frame_format: Format = Format.RGB) -> list[Job]:
        """Camera frames of noise, each another."""
        shape = (JOBS, *frame_format.shape(*self.camera))
        frames = np.random.default_rng(2).integers(0, 255, shape, dtype=np.uint8)
        return [Job(frame=frame, crop_to_frame=CROP) for frame in frames]

    def crops(self, count: int) -> Tensor:
        """Drivers' pictures of noise as a crop leaves them, (count, 8, size, size)."""
        size = self.layout.size
        generator = torch.Generator().manual_seed(3)
        colours = torch.rand(count, 3, size, size, generator=generator) * 2 - 1
        wide = nn.functional.pad(colours, (0, 0, 0, 0, 0, 5))
        wide = wide.to(self.bench.on, self.bench.device.dtype)
        return wide.contiguous(memory_format=torch.channels_last)

    def ours(self, mode: Mode, crop: Tensor) -> Callable[[], Tensor]:
        """The networks of the live step on one crop: read, generate, in mode `both` once more."""
        step = self.step(mode)
        numbers = torch.zeros(1, NUMBERS, device=self.bench.on)
        numbers[:, [EXPRESSION, POSE]] = 1.0  # of the first portrait
        return lambda: step.draw(crop, numbers)

    @cached_property
    def eager(self) -> dict[str, nn.Module]:
        """The modules on the device, in half precision on a GPU, channels last."""
        assert self.networks  # made of the weights as they are before they are halved
        made = {}
        for name, module in self.modules.items():
            if not self.bench.is_rehearsal:
                halve(module)
            made[name] = module.to(self.bench.on, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return made

    def theirs(self, mode: Mode, crop: Tensor) -> Callable[[], Tensor]:
        """The same by torch alone, of the same portrait."""
        nets, levels = self.eager, len(self.layout.widths) - 1
        driver = crop[:, :3].float().contiguous(memory_format=torch.channels_last)
        portrait = torch.from_numpy(self.setting.crop).to(self.bench.on)
        source = (portrait.permute(2, 0, 1)[None].float() / 127.5 - 1.0).contiguous()

        def encode(picture: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor], list[Tensor]]:
            code, *maps = nets["encode"](picture)
            features, colours = maps[: levels - 1], maps[levels - 1 :]
            features = [x.contiguous(memory_format=torch.channels_last) for x in features]
            return code, features, colours[:levels], colours[levels:]

        with torch.no_grad():
            code, features, colours, _ = encode(source)

        def frame() -> Tensor:
            expression, pose = nets["read"](driver)
            drawn: Tensor = nets["generate_expression"](code, expression, *features, *colours)
            if mode == "expression":
                return drawn
            again, maps, _, others = encode(drawn)
            posed: Tensor = nets["generate_pose"](again, pose, *maps, *others)
            return posed

        return frame
