"""Whether a mouth that a tracker places is really seen, or a hand, a cup or a mask before it.

A tracker places lips also where none are seen. Lips are redder than the skin around them by an
amount that is each person's own; what covers a mouth has no such contrast where the lips should be.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels

_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_INSIDE = (
    78,
    191,
    80,
    81,
    82,
    13,
    312,
    311,
    310,
    415,
    308,
    324,
    318,
    402,
    317,
    14,
    87,
    178,
    88,
    95,
)
_AROUND = (
    57, 186, 92, 165, 167, 164, 393, 391, 322, 410, 287, 273, 335, 406, 313, 18, 83, 182, 106, 43,
)  # fmt: skip
_WIDTH_PX = 64
"""Of the patch that is looked at: colours, not details."""
_LEAST_PX = 12
"""Of the mouth's own width; of a smaller one nothing can be said."""

_HIDDEN_BELOW, _SEEN_ABOVE = 0.3, 0.55
"""Share of the usual contrast; between the two, it stays as it was."""
_LEAST_USUAL = 2.0
_LEARN_S, _FORGET_S = 1.0, 20.0
"""How fast the usual contrast is learned first, and followed later."""


def lip_contrast(picture: Pixels, face: Face) -> float | None:
    """How much redder the lips are than the skin around them, in units of Lab's a.

    None where the mouth is too small, or lies outside the picture.
    """
    points = face.landmarks[:, :2]
    ring = points[list(_AROUND)]
    low, high = ring.min(axis=0), ring.max(axis=0)
    width, height = picture.shape[1], picture.shape[0]
    if high[0] - low[0] < _LEAST_PX or (low < 0).any() or high[0] >= width or high[1] >= height:
        return None
    scale = _WIDTH_PX / (high[0] - low[0])
    patch = picture[int(low[1]) : int(high[1]) + 1, int(low[0]) : int(high[0]) + 1]
    size = (_WIDTH_PX, max(8, round(patch.shape[0] * scale)))
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    reds = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[..., 1].astype(np.float32)
    lips = _filled(points, _LIPS, low, scale, reds.shape)
    inside = _filled(points, _INSIDE, low, scale, reds.shape)
    around = _filled(points, _AROUND, low, scale, reds.shape)
    on_lips, on_skin = (lips > 0) & (inside == 0), (around > 0) & (lips == 0)
    if not on_lips.any() or not on_skin.any():
        return None
    return float(np.median(reds[on_lips]) - np.median(reds[on_skin]))


class MouthView:
    """Whether the mouth of one stream is seen; a face without one to be seen is none."""

    def __init__(self) -> None:
        self.is_seen = True
        self._usual: float | None = None
        self._last_ns = 0
        self._learned_s = 0.0

    def look(self, picture: Pixels, face: Face | None, captured_ns: int) -> bool:
        """Whether the mouth is seen in this picture."""
        elapsed_s = min(max(captured_ns - self._last_ns, 0) / 1e9, 0.2)
        self._last_ns = captured_ns
        contrast = None if face is None else lip_contrast(picture, face)
        if contrast is None:
            self.is_seen = False
            return False
        if self._usual is None:
            self._usual = contrast
        if self._usual < _LEAST_USUAL:
            self.is_seen = True  # in this light lips look like skin: nothing can be told
        else:
            share = contrast / self._usual
            self.is_seen = share > (_HIDDEN_BELOW if self.is_seen else _SEEN_ABOVE)
        if self.is_seen:
            self._follow(contrast, elapsed_s)
        return self.is_seen

    def _follow(self, contrast: float, elapsed_s: float) -> None:
        assert self._usual is not None
        self._learned_s += elapsed_s
        slowness_s = min(max(self._learned_s, _LEARN_S), _FORGET_S)
        self._usual += (contrast - self._usual) * min(elapsed_s / slowness_s, 1.0)


def _filled(
    points: NDArray[np.float32],
    ring: tuple[int, ...],
    low: NDArray[np.float32],
    scale: float,
    shape: tuple[int, ...],
) -> NDArray[np.uint8]:
    """The ring's inside in the patch's own pixels: 1 there, 0 elsewhere."""
    mask = np.zeros(shape, np.uint8)
    places = np.round((points[list(ring)] - low) * scale).astype(np.int32)
    cv2.fillPoly(mask, [places], 1)
    return mask
