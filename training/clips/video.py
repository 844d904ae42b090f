"""The frames of a source, one after the other; never more than one in memory."""

from collections.abc import Iterator

import av
import cv2
import numpy as np

from engine.errors import InputError
from engine.frame import Pixels
from training.clips.sources import Source, frames_in


def frames_of(source: Source) -> Iterator[Pixels]:
    """Each frame (H, W, 3) RGB, upright.

    Raises:
        InputError: the source cannot be decoded, or no longer; what came before is whole.
    """
    yield from _pictures(source) if source.is_folder else _decoded(source)


def _decoded(source: Source) -> Iterator[Pixels]:
    try:
        with av.open(str(source.path)) as container:
            if not container.streams.video:
                raise InputError("it has no picture")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                pixels = frame.to_ndarray(format="rgb24", src_colorspace=frame.colorspace)
                yield np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90))
    except av.FFmpegError as error:
        raise InputError(f"it cannot be decoded ({error.strerror})") from None


def _pictures(source: Source) -> Iterator[Pixels]:
    for path in frames_in(source.path):
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            raise InputError(f"{path.name} cannot be decoded")
        yield np.ascontiguousarray(np.asarray(pixels, np.uint8)[..., ::-1])
