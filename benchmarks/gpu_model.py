"""The DPE that the GPU benchmarks measure: seeded weights, a live step, and its networks alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.gpu import Bench
from engine.backends.cuda_networks import PICTURE_CHANNELS, Encode, Generate, Part, Read
from engine.backends.cuda_portraits import Setting
from engine.backends.cuda_step import DpeStep, Job, StepConfig
from engine.backends.cuda_weights import GRAPHS, DpeWeights
from engine.kernels.pictures import Format
from engine.nets.dpe import DPE
from engine.nets.folded import halve
from engine.nets.layout import RELEASED, Layout
from engine.nets.official import to_ours
from export.plans import plans
from tests.dpe_made import seeded_state

TINY = Layout(widths=(16, 16, 8, 8), style=16, directions=5)
CROP = np.array([[1.6, 0.0, 20.0], [0.0, 1.6, 10.0]])


class Model:
    """The weights, and what of the sizes a rehearsal makes smaller."""

    def __init__(self, bench: Bench) -> None:
        self.layout = TINY if bench.is_rehearsal else RELEASED
        self.dpe = DPE(self.layout)
        state = seeded_state(self.layout)
        self.dpe.load_state_dict({to_ours(name): value for name, value in state.items()})
        self.dpe = self.dpe.eval().requires_grad_(requires_grad=False)
        made = {plan.name: plan.module for plan in plans(self.dpe, precision="fp32")}
        graphs = {name: made[name].state_dict() for name in GRAPHS}
        size, widths = self.layout.size, self.layout.widths
        self.weights = DpeWeights(size=size, widths=widths, graphs=graphs)
        self.frames = 20 if bench.is_rehearsal else 2000
        self.height, self.width = (48, 64) if bench.is_rehearsal else (512, 512)
        self.camera = (48, 64) if bench.is_rehearsal else (720, 1280)

    def step(self, bench: Bench, **changed: Any) -> DpeStep:  # noqa: ANN401 - StepConfig's fields
        """A live step with a portrait in each place."""
        kept = {"height": self.height, "width": self.width}
        kept |= {"frame_height": self.camera[0], "frame_width": self.camera[1]}
        config = StepConfig(**(kept | changed))
        step = DpeStep(self.weights, bench.device, config)
        generator = np.random.default_rng(1)
        size, shape = self.layout.size, (config.height, config.width)
        picture = generator.integers(0, 255, (*shape, 3), dtype=np.uint8)
        setting = Setting(
            crop=generator.integers(0, 255, (size, size, 3), dtype=np.uint8),
            picture=picture,
            mask=np.ones(shape, np.float32),
            crop_to_picture=np.array([[config.width / size, 0, 0], [0, config.height / size, 0]]),
        )
        for place in range(config.portraits):
            step.enroll(place, setting)
        return step

    def job(self, frame_format: Format = Format.RGB) -> Job:
        """A camera's frame of noise."""
        shape = frame_format.shape(*self.camera)
        frame = np.random.default_rng(2).integers(0, 255, shape, dtype=np.uint8)
        return Job(frame=frame, crop_to_frame=CROP)


def torch_form(model: Model, bench: Bench) -> dict[str, Callable[[], object]]:
    """The folded networks as exported, in half precision, channels last."""
    on = bench.device.torch_device
    made = {plan.name: plan.module for plan in plans(model.dpe, precision="fp32")}
    for module in made.values():
        if not bench.is_rehearsal:
            halve(module)
        module.to(on, memory_format=torch.channels_last)  # type: ignore[call-overload]
    picture = torch.randn(1, 3, model.layout.size, model.layout.size, device=on)
    with torch.no_grad():
        code, *maps = made["encode"](picture)
    levels = len(model.layout.widths) - 1
    features = [x.contiguous(memory_format=torch.channels_last) for x in maps[: levels - 1]]
    colours = maps[levels - 1 : 2 * levels - 1]

    def read() -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = made["read"](picture)
        return found

    def generate() -> object:
        return made["generate_expression"](code, code, *features, *colours)

    def frame() -> object:
        return made["generate_expression"](code, read()[0], *features, *colours)

    return {"read": read, "generate": generate, "frame": frame}


def our_form(model: Model, bench: Bench) -> dict[str, Callable[[], object]]:
    """The same on our kernels; `encode` besides."""
    device, levels = bench.device, len(model.layout.widths) - 1

    def part(graph: str) -> Part:
        return Part(model.weights, graph, device.torch_device, device.dtype)

    size = model.layout.size
    picture = torch.randn(1, PICTURE_CHANNELS, size, size, device=device.torch_device)
    picture = picture.to(device.dtype).contiguous(memory_format=torch.channels_last)
    encode = Encode(part("encode"), device.ops, blocks=levels)
    read = Read(part("read"), device.ops, blocks=levels)
    generate = Generate(part("generate_expression"), device.ops, levels=levels)
    with torch.no_grad(), device.exact():
        code, features, colours, _ = encode(picture)
    return {
        "encode": lambda: encode(picture),
        "read": lambda: read(picture),
        "generate": lambda: generate(code, features, colours),
        "frame": lambda: generate(code + read(picture)[0], features, colours),
    }
