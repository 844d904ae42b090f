"""What arrives from a peer's camera, for the frame loop: the newest picture, as RGB.

Pictures go from the decoder's thread into a slot; the pixels are touched only when the loop takes
one, in the loop's thread.
"""

import time

import cv2
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from av.video.reformatter import ColorRange

from engine.errors import InputError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from engine.stats import timed
from stream.files import faults
from stream.webrtc.decoder_tap import take_at_once

LONGEST_SIDE = 1280
"""A larger camera picture is reduced: the tracker sees 192 pixels of a face at most."""
LEAST_SIDE = 16
"""Of a camera picture once it is reduced; in less there is no face, and to scale it may fail."""
MOST_PIXELS = 4096 * 2304
"""Of a camera picture as it comes: cameras have 4K, and to reduce more takes others' time."""


class CameraSource:
    """A source of frames that `receive` fills; it outlives the track, and takes the next one."""

    def __init__(self) -> None:
        self._slot: LatestSlot[tuple[VideoFrame, int]] = LatestSlot()
        self.arrived_s = time.monotonic()
        """When the last picture came; at first, when this was made."""

    @property
    def dropped(self) -> int:
        """Pictures that were replaced before the loop took them."""
        return self._slot.dropped

    async def receive(self, track: MediaStreamTrack) -> None:
        """Read the track to its end."""
        take_at_once(track, self._put)
        try:
            while True:
                picture = await track.recv()
                if isinstance(picture, VideoFrame):
                    self._put(picture)
        except MediaStreamError:
            return  # the track has ended; the last picture stays

    def _put(self, picture: VideoFrame) -> None:
        """In the decoder's thread, or in the event loop's."""
        if faults.happens("camera.freeze"):
            return
        self.arrived_s = time.monotonic()
        jump_ns = faults.JUMP_NS if faults.happens("clock.jump") else 0
        self._slot.put((picture, time.monotonic_ns() + jump_ns))

    def take(self, timeout_s: float | None = 0.0) -> Frame | None:
        """The newest picture; None where none came in time. One of an absurd size is an error."""
        arrived = self._slot.take(timeout_s)
        if arrived is None:
            return None
        picture, arrived_ns = arrived
        stages_ns: dict[str, int] = {}
        with timed(stages_ns, "convert"):
            pixels = rgb(picture)
        return Frame(pixels=pixels, captured_ns=arrived_ns, stages_ns=stages_ns)

    def close(self) -> None:
        """Nothing more will be taken."""
        self._slot.close()


def rgb(picture: VideoFrame) -> Pixels:
    """(H, W, 3) of a decoded picture. WebRTC is BT.601 limited range unless it says full range."""
    width, height = _reduced(picture.width, picture.height)
    is_even = not (picture.width % 2 or picture.height % 2)
    if is_even and picture.format.name == "yuv420p" and picture.color_range != ColorRange.JPEG:
        planes = picture.to_ndarray()
        pixels = np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), np.uint8)
    else:
        pixels = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    if (width, height) == (picture.width, picture.height):
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _reduced(width: int, height: int) -> tuple[int, int]:
    """The size that the tracker is given; refused before anything is made of such a picture."""
    scale = min(1.0, LONGEST_SIDE / max(width, height, 1))
    reduced = round(width * scale), round(height * scale)
    if min(reduced) < LEAST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"a camera picture of {width} x {height} pixels cannot be used: "
            "let the camera give an ordinary size, such as 640 x 480"
        )
    return reduced
