"""The whole live step of DPE on a GPU: camera frames in host memory to pictures in host memory.

    upload -> crop -> read -> generate -> paste -> download

What lies between the copies is one CUDA graph per batch size and slot, on static buffers. Two slots
let the upload of one batch and the download of another overlap with the step; the host waits in one
place, `Ticket.pictures`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.dpe.gpu.loaded import DpeNetworks
from engine.dpe.gpu.networks import PICTURE_CHANNELS
from engine.dpe.gpu.portraits import Portraits, Setting
from engine.kernels.pictures import Format, crop_place
from engine.motion import Mode
from engine.runtimes.cuda_device import Device, Mark, Work

LARGEST_BATCH = 8
"""Beyond it a batch costs latency and hardly gains throughput; in overload frames are dropped."""
SLOTS = 2
PLACE = slice(0, 11)
"""Of a row of numbers: where the crop lies; see `crop_place`."""
EXPRESSION, POSE, PORTRAIT = 11, 12, 13
NUMBERS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfig:
    """What is fixed when the graphs are recorded."""

    frame_height: int
    frame_width: int
    height: int
    """Of the portraits and the results; even."""
    width: int
    frame_format: Format = Format.RGB
    """RGB or NV12: what the camera's decoder gives."""
    picture_format: Format = Format.RGB
    """What the encoder or the virtual camera takes."""
    mode: Mode = "expression"
    portraits: int = 1
    """Places for portraits; a session of a server has one each."""
    largest_batch: int = 1
    batches: tuple[int, ...] = ()
    """Batch sizes that can be submitted, each a graph of its own; none named: every one up to the
    largest, since padding to powers of two costs a quarter of the capacity."""

    def __post_init__(self) -> None:
        """Refuse what the kernels cannot take."""
        if not 1 <= self.largest_batch <= LARGEST_BATCH:
            raise ValueError(f"largest_batch must be 1..{LARGEST_BATCH}, got {self.largest_batch}")
        if not set(self.batches) <= set(range(1, self.largest_batch + 1)):
            raise ValueError(f"batches must be in 1..{self.largest_batch}, got {self.batches}")
        if self.height % 2 or self.width % 2:
            raise ValueError(f"height and width must be even, got {self.height} x {self.width}")
        if self.frame_format is Format.I420:
            raise ValueError("frame_format must be RGB or NV12, got I420")

    @property
    def recorded(self) -> tuple[int, ...]:
        """The batch sizes with a graph."""
        return self.batches or tuple(range(1, self.largest_batch + 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """One frame of one session."""

    frame: NDArray[np.uint8]
    """As `StepConfig.frame_format` says: (h, w, 3) or (3 h / 2, w)."""
    crop_to_frame: NDArray[np.float64]
    """(2, 3): a pixel of the network's crop -> its place in the frame."""
    portrait: int = 0
    """Its place."""
    expression: float = 1.0
    """Gain of the expression code."""
    pose: float = 1.0


class Ticket:
    """A batch on its way."""

    def __init__(self, out: Tensor, done: Mark) -> None:
        self._out, self._done = out, done

    def pictures(self) -> NDArray[np.uint8]:
        """Wait for the results (n, ...) in `picture_format`.

        They lie in the slot's own memory: valid until the slot is submitted to again, which is two
        submissions later. Copy what is kept longer.
        """
        self._done.wait()
        return self._out.numpy()


class Slot:
    """Buffers of one batch on both sides, and what is recorded on them."""

    def __init__(self, config: StepConfig, device: Device) -> None:
        batch, on = config.largest_batch, device.torch_device
        frame = (batch, *config.frame_format.shape(config.frame_height, config.frame_width))
        picture = (batch, *config.picture_format.shape(config.height, config.width))
        self.host_frames = device.host(frame, torch.uint8)
        self.host_numbers = device.host((batch, NUMBERS), torch.float32)
        self.host_pictures = device.host(picture, torch.uint8)
        self.frames = torch.zeros(frame, dtype=torch.uint8, device=on)
        # While a graph is recorded it runs, so what it is given must be a place in a frame.
        whole = [1, 0, 0, 0, 1, 0, 1, 0, 0, config.frame_width, config.frame_height, 1, 1, 0]
        self.numbers = torch.tensor([whole] * batch, dtype=torch.float32, device=on)
        self.pictures = torch.zeros(picture, dtype=torch.uint8, device=on)
        self.uploaded, self.computed, self.downloaded = (device.mark() for _ in range(3))
        self.graphs: dict[int, Work] = {}


class DpeStep:
    """The live step of one model. Belongs to one thread."""

    def __init__(self, networks: DpeNetworks, config: StepConfig) -> None:
        """Allocate and record everything; where it is the networks' first step, seconds."""
        self.config = config
        self._networks, self._device, self._size = networks, networks.device, networks.size
        with torch.no_grad():
            self.portraits = Portraits(
                networks, places=config.portraits, height=config.height, width=config.width
            )
            self._slots = [Slot(config, self._device) for _ in range(SLOTS)]
            for slot in self._slots:
                for batch in config.recorded:
                    slot.graphs[batch] = self._device.record(partial(self._compute, slot, batch))
        self._next = 0

    def enroll(self, place: int, setting: Setting) -> None:
        """Show another portrait at a place; frames submitted before still show the old one."""
        self.portraits.put(place, setting)

    def submit(self, jobs: Sequence[Job]) -> Ticket:
        """Send a batch off. Waits only where two batches are on their way already."""
        if not 1 <= len(jobs) <= self.config.largest_batch:
            raise ValueError(
                f"a batch must have 1..{self.config.largest_batch} frames, got {len(jobs)}"
            )
        if len(jobs) not in self.config.recorded:
            raise ValueError(f"batches of {self.config.recorded} are recorded, got {len(jobs)}")
        slot = self._slots[self._next]
        self._next = (self._next + 1) % SLOTS
        # The slot's own host buffers: its last upload must have read them, and its last pictures
        # must have arrived. The caller has had those since the ticket before the last.
        slot.downloaded.wait()
        self._fill(slot, jobs)
        batch = len(jobs)
        # Every lane keeps its own order, so what is listed is only what crosses lanes.
        self._device.enqueue("upload", partial(self._upload, slot, batch), (), slot.uploaded)
        work = slot.graphs[batch]
        self._device.enqueue("compute", work, (slot.uploaded,), slot.computed)
        self._device.enqueue(
            "download", partial(self._download, slot, batch), (slot.computed,), slot.downloaded
        )
        return Ticket(slot.host_pictures[:batch], slot.downloaded)

    def _fill(self, slot: Slot, jobs: Sequence[Job]) -> None:
        """Write a batch into the slot's host memory."""
        config = self.config
        frames, numbers = slot.host_frames.numpy(), slot.host_numbers.numpy()
        for row, job in enumerate(jobs):
            if job.frame.shape != frames.shape[1:]:
                raise ValueError(f"frame must be {frames.shape[1:]}, got {job.frame.shape}")
            if not 0 <= job.portrait < config.portraits:
                raise ValueError(f"portrait must be in [0, {config.portraits}), got {job.portrait}")
            frames[row] = job.frame
            numbers[row, PLACE] = crop_place(
                job.crop_to_frame, self._size, config.frame_height, config.frame_width
            )
            numbers[row, PLACE.stop :] = job.expression, job.pose, job.portrait

    @staticmethod
    def _upload(slot: Slot, batch: int) -> None:
        slot.frames[:batch].copy_(slot.host_frames[:batch], non_blocking=True)
        slot.numbers[:batch].copy_(slot.host_numbers[:batch], non_blocking=True)

    @staticmethod
    def _download(slot: Slot, batch: int) -> None:
        slot.host_pictures[:batch].copy_(slot.pictures[:batch], non_blocking=True)

    def _compute(self, slot: Slot, batch: int) -> None:
        """All between the copies; this is what a graph records."""
        with torch.no_grad():
            numbers, portraits = slot.numbers[:batch], self.portraits
            crops = self._device.pictures.crop(
                slot.frames[:batch], numbers[:, PLACE].contiguous(), self._size
            )
            drawn = self.draw(crops, numbers)
            self._device.pictures.paste(
                *(drawn, portraits.behind, portraits.masks, portraits.places),
                *(slot.pictures[:batch], self.config.picture_format, _which(numbers)),
            )

    def draw(self, crops: Tensor, numbers: Tensor) -> Tensor:
        """What the networks make of crops (N, 8, size, size): pictures (N, 3, size, size).

        `numbers` (N, NUMBERS) say which portrait each shows, and the gains.
        """
        networks, portraits, which = self._networks, self.portraits, _which(numbers)
        generate = networks.generate
        expression, pose = networks.read(crops)
        expression = expression * numbers[:, EXPRESSION, None]
        pose = pose * numbers[:, POSE, None]
        code = portraits.codes.index_select(0, which)
        if self.config.mode == "pose":
            return generate["pose"](code + pose, portraits.features, portraits.pose, which)
        drawn = generate["expression"](
            code + expression, portraits.features, portraits.expression, which
        )
        if self.config.mode == "expression":
            return drawn
        # The pose generator warps the features of what is there now: they must be found anew.
        wide = F.pad(drawn, (0, 0, 0, 0, 0, PICTURE_CHANNELS - 3)).to(self._device.dtype)
        wide = wide.contiguous(memory_format=torch.channels_last)
        code, features, _, colours = networks.encode(wide)
        return generate["pose"](code + pose, features, colours)


def _which(numbers: Tensor) -> Tensor:
    """The portraits' places, (N,)."""
    return numbers[:, PORTRAIT].to(torch.int32)
