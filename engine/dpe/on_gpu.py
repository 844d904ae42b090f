"""The DPE family on a GPU: the whole live step as one program, behind the same protocol.

A motion here is the driver's crop itself: it is read on the GPU where it is rendered, so that
nothing comes back in between. So this family has no codes to record or to mix.
"""

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from engine.appearances import Appearance
from engine.dpe.gpu.loaded import DpeNetworks
from engine.dpe.gpu.portraits import Setting
from engine.dpe.gpu.step import DpeStep, Job, StepConfig
from engine.dpe.gpu.weights import DpeWeights
from engine.dpe.motion import CAN, gains
from engine.dpe.setting import setting_of
from engine.errors import InputError
from engine.faces.crop import CropFollower
from engine.faces.face import Face
from engine.frame import Pixels
from engine.head_setting import HeadSetting
from engine.manifest import Manifest
from engine.model import Neutral
from engine.motion import Edit, Mode
from engine.runtimes.cuda_device import CudaDevice, Device

logger = logging.getLogger(__name__)

WHOLE_CROP = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
MODES: tuple[Mode, ...] = ("expression", "pose", "both")

Steps: TypeAlias = dict[Mode, DpeStep]
"""What draws a portrait, in each mode that it can be shown in."""


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
    """Loaded networks. Portraits and drivers of any number of threads share them.

    One thread owns the GPU and does everything there, in the order it was asked for: a portrait is
    put into a step and drawn without another's coming between. It also records, because cuDNN
    remembers per thread what it chose.
    """

    def __init__(self, weights: DpeWeights, device: Device) -> None:
        self.size = weights.size
        self.can = CAN
        self._owner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gpu")
        self._networks = self._owner.submit(DpeNetworks, weights, device).result()
        # A step lives as long as a portrait that is drawn by it. The last portrait's are kept
        # besides: a clip's pictures follow each other as portraits of one size.
        self._steps: WeakValueDictionary[tuple[int, int, Mode], DpeStep] = WeakValueDictionary()
        self._last: deque[Steps] = deque(maxlen=1)
        self._shown: WeakKeyDictionary[DpeStep, HeadSetting] = WeakKeyDictionary()

    @classmethod
    def of_bundle(cls, folder: Path, manifest: Manifest) -> Self:
        """Load a bundle, whose files have been checked, on the first GPU.

        Raises:
            MachineError: there is no GPU, or cuda-python is missing.
            BundleError: the networks are not ones that the kernels run.
        """
        device = CudaDevice()
        return cls(DpeWeights.of_bundle(folder, manifest), device)

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> "GpuDpePortrait":
        """Cut the portrait, and record what draws it where it is the first of its size: seconds."""
        rows, columns = picture.shape[:2]
        if rows % 2 or columns % 2:
            raise InputError(f"a portrait on a GPU must have even sides, not {columns} x {rows}.")
        setting = setting_of(picture, face, self.size)
        return GpuDpePortrait(self, setting, self._owner.submit(self._steps_for, setting).result())

    def mixer(self) -> None:
        """There is none: one code holds the whole expression."""

    def driver(self) -> "GpuDpeDriver":
        """A fresh reader for a new driving stream."""
        return GpuDpeDriver(self.size)

    def draw(self, step: DpeStep, setting: HeadSetting, job: Job) -> Pixels:
        """One picture of the setting's size, the caller's own."""
        return self._owner.submit(self._draw, step, setting, job).result()

    def _draw(self, step: DpeStep, setting: HeadSetting, job: Job) -> Pixels:
        if self._shown.get(step) is not setting:
            backdrop = setting.backdrop(step.config.mode)
            self._shown.pop(step, None)  # where it cannot be enrolled, nobody's is there whole
            step.enroll(
                0,
                Setting(
                    crop=setting.crop,
                    picture=backdrop.picture,
                    mask=backdrop.mask(),
                    crop_to_picture=setting.crop_to_picture,
                ),
            )
            self._shown[step] = setting
        drawn: Pixels = step.submit([job]).pictures()[0].copy()
        return drawn

    def _steps_for(self, setting: HeadSetting) -> Steps:
        modes = MODES[:1] if setting.whole is None else MODES
        rows, columns = setting.face.picture.shape[:2]
        steps = {mode: self._step(rows, columns, mode) for mode in modes}
        self._last.append(steps)
        return steps

    def _step(self, height: int, width: int, mode: Mode) -> DpeStep:
        """The step for pictures of this size in this mode."""
        key = height, width, mode
        step = self._steps.get(key)
        if step is None:
            logger.info("recording the live step: %s, %d x %d", mode, width, height)
            config = StepConfig(
                frame_height=self.size,
                frame_width=self.size,
                height=height,
                width=width,
                mode=mode,
            )
            step = self._steps[key] = DpeStep(self._networks, config)
        return step


class GpuDpeDriver:
    """Keeps the crop of one driving stream around its face."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._crop = CropFollower()

    @property
    def neutral(self) -> Neutral:
        """There is none."""
        return "none"

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> GpuMotion:
        """The crop of this picture: a tenth of its bytes to send to the GPU."""
        box = self._crop.update(face, captured_ns)
        return GpuMotion(crop=box.cut(picture, self._size))

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Does nothing: there is no neutral face."""

    def recalibrate(self) -> None:
        """Does nothing: there is no neutral face."""


class GpuDpePortrait:
    """A portrait; each step keeps the one that it drew last on the GPU."""

    def __init__(self, model: GpuDpeModel, setting: HeadSetting, steps: Steps) -> None:
        self._model, self._setting, self._steps = model, setting, steps
        self._still: Pixels | None = None

    @property
    def modes(self) -> frozenset[Mode]:
        """As what it is shown in lets it."""
        return self._setting.modes

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

    def prepare(self) -> None:
        """Draw the still picture, and not in the thread that first shows it."""
        self.still()

    def for_stream(self) -> Self:
        """Nothing eases: each picture is of one motion alone."""
        return self

    def _drawn(self, crop: Pixels, mode: Mode, expression: float, pose: float) -> Pixels:
        self._setting.backdrop(mode)  # refuses a mode that this portrait has no step for
        job = Job(frame=crop, crop_to_frame=WHOLE_CROP, expression=expression, pose=pose)
        return self._model.draw(self._steps[mode], self._setting, job)
