"""The DPE family on a GPU: the whole live step as one program, behind the same protocol.

A motion here is the driver's crop itself: it is read on the GPU where it is rendered, so that
nothing comes back in between. So this family has no codes to record or to mix.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np

from engine.backends.cuda_device import CudaDevice, Device
from engine.backends.cuda_portraits import Setting
from engine.backends.cuda_step import DpeStep, Job, StepConfig
from engine.backends.cuda_weights import DpeWeights
from engine.dpe.motion import gains
from engine.dpe.setting import HeadSetting
from engine.errors import InputError
from engine.faces.crop import CropFollower
from engine.faces.face import Face
from engine.frame import Pixels
from engine.manifest import Manifest
from engine.motion import Edit, Mode

logger = logging.getLogger(__name__)

WHOLE_CROP = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GpuMotion:
    """A driving picture's crop, not yet read, and how much of its motion is meant."""

    crop: Pixels
    """(size, size, 3)."""
    amount: float = 1.0

    def eased(self, amount: float) -> Self:
        """0 is the motion itself; 1 is none."""
        return replace(self, amount=self.amount * (1.0 - amount))


class GpuDpeModel:
    """Loaded networks; portraits and drivers share them, so all belong to one thread."""

    def __init__(self, weights: DpeWeights, device: Device) -> None:
        self.size = weights.size
        self.refines = False
        self._weights, self._device = weights, device
        self._steps: dict[tuple[int, int, Mode], DpeStep] = {}
        self._shown: dict[int, HeadSetting] = {}
        self._turn = Lock()

    @classmethod
    def of_bundle(cls, folder: Path, manifest: Manifest) -> Self:
        """Load a bundle, whose files have been checked, on the first GPU.

        Raises:
            MachineError: there is no GPU, or cuda-python is missing.
            BundleError: the networks are not ones that the kernels run.
        """
        device = CudaDevice()
        return cls(DpeWeights.of_bundle(folder, manifest), device)

    def enroll(self, picture: Pixels, face: Face, *, passing: bool = False) -> "GpuDpePortrait":
        """Cut the portrait; the GPU encodes it when it is first shown."""
        rows, columns = picture.shape[:2]
        if rows % 2 or columns % 2:
            raise InputError(f"a portrait on a GPU must have even sides, not {columns} x {rows}.")
        return GpuDpePortrait(self, HeadSetting.of(picture, face, self.size))

    def driver(self) -> "GpuDpeDriver":
        """A fresh reader for a new driving stream."""
        return GpuDpeDriver(self.size)

    def draw(self, setting: HeadSetting, mode: Mode, job: Job) -> Pixels:
        """One picture of the setting's size, the caller's own."""
        backdrop = setting.backdrop(mode)
        rows, columns = backdrop.picture.shape[:2]
        # One session at a time from its portrait's place on the GPU to its own picture.
        with self._turn:
            step = self._step(rows, columns, mode)
            if self._shown.get(id(step)) is not setting:
                step.enroll(
                    0,
                    Setting(
                        crop=setting.crop,
                        picture=backdrop.picture,
                        mask=backdrop.mask(),
                        crop_to_picture=setting.crop_to_picture,
                    ),
                )
                self._shown[id(step)] = setting
            drawn: Pixels = step.submit([job]).pictures()[0].copy()
        return drawn

    def _step(self, height: int, width: int, mode: Mode) -> DpeStep:
        """The step for pictures of this size in this mode; recording one takes seconds."""
        key = height, width, mode
        if key not in self._steps:
            logger.info("recording the live step: %s, %d x %d", mode, width, height)
            config = StepConfig(
                frame_height=self.size,
                frame_width=self.size,
                height=height,
                width=width,
                mode=mode,
            )
            self._steps[key] = DpeStep(self._weights, self._device, config)
        return self._steps[key]


class GpuDpeDriver:
    """Keeps the crop of one driving stream around its face."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._crop = CropFollower()

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> GpuMotion:
        """The crop of this picture: a tenth of its bytes to send to the GPU."""
        box = self._crop.update(face, captured_ns)
        return GpuMotion(crop=box.cut(picture, self._size))

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Does nothing: there is no neutral face."""

    def recalibrate(self) -> None:
        """Does nothing: there is no neutral face."""


class GpuDpePortrait:
    """A portrait; the model keeps the one that was shown last on the GPU."""

    def __init__(self, model: GpuDpeModel, setting: HeadSetting) -> None:
        self._model, self._setting = model, setting
        self._still: Pixels | None = None

    def render(self, motion: GpuMotion, edit: Edit) -> Pixels:
        """One picture of the enrolled one's size.

        Raises:
            InputError: the mode moves the head of a whole picture, or a gain that DPE has not.
        """
        expression, pose = (gain * motion.amount for gain in gains(edit))
        return self._drawn(motion.crop, edit.mode, expression, pose)

    def still(self) -> Pixels:
        """The portrait drawn without motion: as soft as it is while it moves, so nothing jumps."""
        if self._still is None:
            self._still = self._drawn(self._setting.crop, "expression", 0.0, 0.0)
        return self._still.copy()

    def _drawn(self, crop: Pixels, mode: Mode, expression: float, pose: float) -> Pixels:
        job = Job(frame=crop, crop_to_frame=WHOLE_CROP, expression=expression, pose=pose)
        return self._model.draw(self._setting, mode, job)
