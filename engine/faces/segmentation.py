"""Which pixels of a picture are the person: a soft matte, for portraits (once, not per frame).

MediaPipe's selfie network on 256 x 256 pixels, looked through twice: wide, because only context
tells a shoulder from a flag, and near, because hair wants pixels.
"""

from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino.frontend import ConversionExtension

from engine.faces.matting import moved_to_edges, stretched
from engine.faces.models import Network
from engine.faces.roi import as_pixels
from engine.frame import Pixels

SIZE = 256
NEAR = 2.6
"""Side of the near look over the face box's longer side: head, hair and neck with a margin."""
WIDE = 7.0
"""The same for the wide look; somebody further away is somebody else."""
SEAM = 0.125
"""The near look fades out over this share of its side, so that its frame never shows."""
HAZE = 0.2
"""Below this is background, above 1 - this is person: so much the two looks may disagree."""
REACH = 5.0
"""How far the matte's edge may be moved to the picture's, in the network's pixels (near look)."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""


class PersonSegmenter:
    """Separates one person from the background."""

    def __init__(self) -> None:
        self._network = Network(
            "selfie_segmentation.tflite",
            ConversionExtension("Convolution2DTransposeBias", transposed_convolution),
        )

    def matte(self, picture: Pixels, box: Box) -> NDArray[np.float32]:
        """(H, W) from 0, background, to 1, person; `box` is the person's face (`Face.box`)."""
        height, width = picture.shape[:2]
        coarse = np.zeros((height, width), np.float32)
        wide, near = (part_around(box, scale, width, height) for scale in (WIDE, NEAR))
        if near[2] - near[0] < 2 or near[3] - near[1] < 2:
            return coarse  # the face lies outside the picture
        _at(coarse, wide)[:] = self._look(_at(picture, wide))
        seen, weight = _at(coarse, near), faded(near, width, height)
        seen += (self._look(_at(picture, near)) - seen) * weight / 2
        reach_px = (near[3] - near[1]) / SIZE * REACH
        person = only_the_one_at(stretched(coarse, HAZE), box, reach_px)
        return moved_to_edges(picture, person, reach_px)

    def _look(self, part: Pixels) -> NDArray[np.float32]:
        """The network's matte of a part; with its mirror image, for a steadier edge."""
        small = as_pixels(cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
        matte = (self._run(small) + self._run(small[:, ::-1])[:, ::-1]) / 2
        resized = cv2.resize(matte, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(resized, np.float32)

    def _run(self, small: Pixels) -> NDArray[np.float32]:
        np.divide(small, np.float32(255), out=self._network.input[0])
        self._network.run()
        return self._network.output("activation_10")[0, :, :, 0].copy()


def part_around(box: Box, scale: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The square of `scale` times the box's longer side around it, as far as the picture goes."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) * scale / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return (
        min(max(floor(x - half), 0), width),
        min(max(floor(y - half), 0), height),
        min(max(ceil(x + half), 0), width),
        min(max(ceil(y + half), 0), height),
    )


def faded(part: tuple[int, int, int, int], width: int, height: int) -> NDArray[np.float32]:
    """(h, w) weight of a part: 1 inside, to 0 at those of its edges that lie in the picture."""
    left, top, right, bottom = part
    across = _ramp(right - left, is_open=(left > 0, right < width))
    down = _ramp(bottom - top, is_open=(top > 0, bottom < height))
    return np.minimum(down[:, None], across)


def only_the_one_at(matte: NDArray[np.float32], box: Box, reach_px: float) -> NDArray[np.float32]:
    """The matte without the people who do not touch the one whose face lies in the box."""
    _, labels = cv2.connectedComponents((matte > 0.5).astype(np.uint8))
    height, width = matte.shape
    here = _at(np.asarray(labels), part_around(box, 1.0, width, height))
    if not here.any():
        return matte
    owner = np.bincount(here[here > 0]).argmax()
    reach = 2 * ceil(reach_px) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    with_edge = cv2.dilate((labels == owner).astype(np.uint8), kernel)
    return np.where(np.asarray(with_edge) > 0, matte, np.float32(0))


def _ramp(length: int, *, is_open: tuple[bool, bool]) -> NDArray[np.float32]:
    """(length,) rises from 0 at an open start, falls to 0 at an open end."""
    along = (np.arange(length, dtype=np.float32) + 0.5) / (length * SEAM)
    rise = along if is_open[0] else np.ones_like(along)
    fall = along[::-1] if is_open[1] else np.ones_like(along)
    return np.clip(np.minimum(rise, fall), 0, 1)


def _at(array: NDArray[Any], part: tuple[int, int, int, int]) -> NDArray[Any]:
    left, top, right, bottom = part
    return array[top:bottom, left:right]


def transposed_convolution(node: Any) -> list[Any]:  # noqa: ANN401 (OpenVINO has no types)
    """The network's own operation: doubles the size with a 2 x 2 kernel, then adds a bias."""
    features, kernel, bias = (node.get_input(index) for index in range(3))
    larger = ops.convolution_backprop_data(
        ops.transpose(features, [0, 3, 1, 2]),
        ops.transpose(kernel, [3, 0, 1, 2]),
        strides=[2, 2],
        auto_pad="same_upper",
    )
    return list(ops.add(ops.transpose(larger, [0, 2, 3, 1]), bias).outputs())
