"""Results on their way to viewers: turned into video planes once, whoever watches."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from engine.stats import timed
from stream.session.fan_out import FanOut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outgoing:
    """A picture ready to be encoded, and the frame it was made of."""

    planes: NDArray[np.uint8]
    """(H * 3 / 2, W): Y, U and V in 4:2:0, BT.601 limited range, for which browsers take untagged
    WebRTC video."""
    frame: Frame

    def picture(self) -> VideoFrame:
        """The planes as an encoder takes them."""
        # PyAV's reader without a copy takes the height for a multiple of 4 (rows // 6 * 4): at any
        # other it looks for the colours in the wrong rows. A copy takes 0.1 ms of the event loop;
        # elsewhere there is none, for nobody writes into planes once they are out.
        is_whole = self.planes.shape[0] % 6 == 0
        make = VideoFrame.from_numpy_buffer if is_whole else VideoFrame.from_ndarray
        return make(self.planes, format="yuv420p")


class Outlet:
    """Takes results in the loop's thread; each viewer has a slot with the newest."""

    def __init__(self, first: Frame) -> None:
        """Begin with a picture to show until there are results."""
        self._newest = Outgoing(planes=i420(first.pixels), frame=first)
        self._viewers: FanOut[Outgoing] = FanOut()

    @property
    def newest(self) -> Outgoing:
        """The last picture, to be repeated while none comes."""
        return self._newest

    def put(self, frame: Frame) -> None:
        """Show this result."""
        with timed(frame.stages_ns, "convert"):
            outgoing = Outgoing(planes=i420(frame.pixels), frame=frame)
        self._newest = outgoing
        self._viewers.put(outgoing)

    def subscribe(self, on_put: Callable[[], None]) -> LatestSlot[Outgoing]:
        """A slot of one more viewer; `on_put` is called in the loop's thread."""
        return self._viewers.subscribe(on_put)

    def unsubscribe(self, viewer: LatestSlot[Outgoing]) -> None:
        """The viewer has left."""
        self._viewers.unsubscribe(viewer)


def i420(pixels: Pixels) -> NDArray[np.uint8]:
    """The planes of a picture; 4:2:0 has even sides, so an odd one ends in its last row twice."""
    rows, columns = pixels.shape[:2]
    if rows % 2 or columns % 2:
        pixels = np.pad(pixels, ((0, rows % 2), (0, columns % 2), (0, 0)), mode="edge")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420), np.uint8)
