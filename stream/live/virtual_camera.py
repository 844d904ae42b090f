"""Shows the portrait to meeting programs: a camera that is always on, whatever the source does.

A reader that sees no new picture turns grey or freezes, so the last one is repeated in time.
"""

import logging
import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Protocol

import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from engine.errors import MachineError
from engine.frame import Frame, Pixels
from engine.installing import install_extra
from engine.slot import LatestSlot
from stream.files.colours import YuvWriter
from stream.live.cameras import linux_cameras
from stream.live.pace import Pace
from stream.live.v4l2 import restore_writer

logger = logging.getLogger(__name__)

FPS = 30.0
"""What meeting programs ask a camera for."""
AGAIN_S = 2.0
"""Between two attempts to open a camera that failed while it was running."""
STOP_S = 1.0


class Camera(Protocol):
    """pyvirtualcam's camera, as far as it is used."""

    @property
    def device(self) -> str:
        """Its name, as other programs list it."""
        ...

    def send(self, frame: NDArray[np.uint8]) -> None:
        """Show a picture; (height * 3 / 2, width) in I420."""
        ...

    def close(self) -> None:
        """Take it away from its readers."""
        ...


def open_camera(width: int, height: int, device: str | None) -> Camera:
    """A virtual camera that takes I420 as it is; MachineError says what is missing."""
    try:
        import pyvirtualcam
    except ImportError as error:
        raise MachineError(
            f"the virtual camera needs the extra `camera`: {install_extra('camera')}"
        ) from error
    if sys.platform == "linux":
        virtual = [camera.device for camera in linux_cameras() if camera.is_virtual]
        for listed in virtual if device is None else [device]:
            restore_writer(listed)
    try:
        camera: Camera = pyvirtualcam.Camera(
            width, height, FPS, device=device, fmt=pyvirtualcam.PixelFormat.I420
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise MachineError(
            f"no virtual camera can be opened ({reason}). `understudy doctor` says what to do."
        ) from error
    return camera


class VirtualCamera:
    """Feeds a virtual camera from a slot, in a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        slot: LatestSlot[Frame],
        still: Pixels,
        *,
        device: str | None = None,
        opener: Callable[[int, int, str | None], Camera] = open_camera,
        fps: float = FPS,
        again_s: float = AGAIN_S,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        """Open the camera.

        Args:
            slot: where results come from; all have the size of `still`.
            still: what is shown before the first result.
            device: which camera, where there are several.
            opener: makes a camera of this width, height and device.
            fps: pictures per second while no new one comes.
            again_s: between two attempts to open a camera that failed.
            on_shown: told of each result once it is shown.
        """
        self.repeats = 0
        """How often the last picture was shown again because no new one came in time."""
        self.failures = 0
        """How often the camera had to be opened again."""
        self._slot = slot
        self._on_shown = on_shown
        # Programs take a camera's untagged I420 for BT.601, whatever its size.
        self._yuv = YuvWriter(Colorspace.ITU601)
        self._picture = self._i420(still)
        self._size = still.shape[1], still.shape[0]
        self._opener = opener
        self._camera: Camera | None = opener(*self._size, device)
        self.device = self._camera.device
        """The camera's name, as other programs list it."""
        self._pace = Pace(fps)
        self._again_s = again_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="virtual-camera", daemon=True)

    def start(self) -> None:
        """Show the still picture, and then each result."""
        self._thread.start()

    def stop(self) -> None:
        """Take the camera away."""
        self._stopping.set()
        self._slot.close()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        self._close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._camera is None and not self._open_again():
                continue
            frame = self._next()
            if frame is not None:
                self._picture = self._i420(frame.pixels)
            if self._stopping.is_set() or not self._send():
                continue
            self._pace.shown(time.monotonic(), is_new=frame is not None)
            if frame is None:
                self.repeats += 1
            else:
                self._on_shown(frame)

    def _next(self) -> Frame | None:
        """The result to show now; None where it is time to repeat the last one."""
        self._stopping.wait(self._pace.new_allowed_s(time.monotonic()))
        frame = self._slot.take(self._pace.repeat_due_s(time.monotonic()))
        if frame is None:  # a closed slot does not wait
            self._stopping.wait(self._pace.repeat_due_s(time.monotonic()))
        return frame

    def _i420(self, pixels: Pixels) -> NDArray[np.uint8]:
        """(height * 3 / 2, width), BT.601 in limited range."""
        picture = self._yuv.picture(np.ascontiguousarray(pixels))
        return np.asarray(picture.to_ndarray(), np.uint8)

    def _send(self) -> bool:
        if self._camera is None:
            return False
        try:
            self._camera.send(self._picture)
        except (RuntimeError, OSError) as error:
            logger.warning("the virtual camera %s failed (%s); trying again", self.device, error)
            self._close()
            return False
        return True

    def _open_again(self) -> bool:
        if self._stopping.wait(self._again_s):
            return False
        try:
            self._camera = self._opener(*self._size, self.device)
        except MachineError as error:
            logger.debug("%s", error)
            return False
        self.failures += 1
        return True

    def _close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
