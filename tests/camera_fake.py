"""A camera as FFmpeg opens one: levels of grey, one per interval, until it dies or ends."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np

from engine.frame import Pixels
from stream.live.cameras import Opened

Stamps = Callable[[int], int | None]
Paint = Callable[[int], Pixels]


def now_us(index: int) -> int:
    return time.monotonic_ns() // 1000


def plain(level: int) -> Pixels:
    return np.full((48, 64, 3), level, np.uint8)


class FakePacket:
    """A raw picture: its level says which one it is, `paint` what it looks like."""

    time_base = Fraction(1, 1_000_000)

    def __init__(
        self, level: int, pts: int | None, decoded: list[int], paint: Paint = plain
    ) -> None:
        self.pts = pts
        self._level = level
        self._decoded = decoded
        self._paint = paint

    def decode(self) -> list[av.VideoFrame]:
        self._decoded.append(self._level)
        picture = av.VideoFrame.from_ndarray(self._paint(self._level), format="rgb24")
        picture.pts, picture.time_base = self.pts, self.time_base
        return [picture]


class FakeContainer:
    """A camera that gives these levels, one per interval, and then dies or ends."""

    def __init__(
        self,
        levels: list[int],
        *,
        interval_s: float = 0.005,
        dies: bool = True,
        stamps: Stamps = now_us,
        paint: Paint = plain,
    ) -> None:
        self.streams = SimpleNamespace(video=[None], audio=[])
        self.decoded: list[int] = []
        self.is_closed = False
        self._levels, self._interval_s = levels, interval_s
        self._dies, self._stamps, self._paint = dies, stamps, paint

    def demux(self, *streams: object) -> Iterator[FakePacket]:
        for index, level in enumerate(self._levels):
            time.sleep(self._interval_s)
            yield FakePacket(level, self._stamps(index), self.decoded, self._paint)
        if self._dies:
            raise OSError(19, "No such device")

    def close(self) -> None:
        self.is_closed = True


def opened(container: FakeContainer, *, is_camera: bool = True) -> Opened:
    fake: Any = container
    return Opened(container=fake, describes="64 x 48 fake", is_camera=is_camera)
