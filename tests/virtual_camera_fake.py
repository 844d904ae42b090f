"""A virtual camera without a kernel module: pyvirtualcam with a backend that keeps what it gets."""

import time
from threading import Event

import av
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels


class FakeBackend:
    """What pyvirtualcam asks of a backend. Class-wide switches, since pyvirtualcam makes it."""

    made: list["FakeBackend"] = []  # noqa: RUF012 (one list for all, on purpose)
    is_there = True
    fails_after: int | None = None

    def __init__(
        self, *, width: int, height: int, fps: float, fourcc: int, device: str | None
    ) -> None:
        if not FakeBackend.is_there:
            raise RuntimeError("no such camera")
        self.width, self.height = width, height
        self.sent: list[tuple[float, NDArray[np.uint8]]] = []
        self.is_closed = False
        self.came = Event()
        FakeBackend.made.append(self)

    def send(self, frame: NDArray[np.uint8]) -> None:
        if FakeBackend.fails_after is not None and len(self.sent) >= FakeBackend.fails_after:
            FakeBackend.fails_after = None
            raise RuntimeError("the device is gone")
        self.sent.append((time.monotonic(), frame.copy()))
        self.came.set()

    def close(self) -> None:
        self.is_closed = True

    def device(self) -> str:
        return "fake"

    def native_fourcc(self) -> int | None:
        return None

    def pictures(self) -> list[Pixels]:
        """What a reader would see, RGB."""
        return [self.as_rgb(frame) for _, frame in self.sent]

    def as_rgb(self, frame: NDArray[np.uint8]) -> Pixels:
        rows = frame.reshape(self.height * 3 // 2, self.width)
        picture = av.VideoFrame.from_ndarray(rows, format="yuv420p")
        return np.asarray(
            picture.reformat(
                format="rgb24", src_colorspace=5, src_color_range=1, dst_color_range=2
            ).to_ndarray(),
            np.uint8,
        )


def wait_until(condition: object, timeout_s: float = 10.0) -> None:
    """Wait for something that other threads do; the time is only a limit for a broken test."""
    assert callable(condition)
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)
