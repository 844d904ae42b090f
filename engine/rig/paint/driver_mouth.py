"""The driver's own mouth interior, laid between the portrait's lips and brought into their light.

The largest gain to the eye, and only where the user allows it: it shows the driver's teeth.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import MOUTH_LEFT, MOUTH_RIGHT, relative_lip_gap
from engine.rig.paint.blend import Layer
from engine.rig.paint.light import Light
from engine.rig.paint.window import LOWER, UPPER, find_window
from engine.rig.warp.grid import Box

DriverMouth: TypeAlias = tuple[Pixels, Face]
"""A driving picture and its face."""

_HIDDEN, _SHOWN = 0.03, 0.10
"""Lip gap over mouth width between which the driver's interior fades in."""

_LIP_RIM, _MOST_OF_GAP = 0.018, 0.12
"""A tracker's inner lips lie on the lips: so much is left out along them, in mouth widths, but no
more than this share of the gap."""

_CORNERS = 0.96
"""Of the way from the middle to the corners, for the same reason."""

_PURSED, _PURSED_RIM, _PURSED_CORNERS = (0.28, 0.40), 3.3, 0.75
"""Width of the mouth over that of the eyes below which lips are pursed, and from which they aren't;
what is left out then instead of the above: times so much, and to the corners."""

_OUTER_CORNERS = 33, 263
"""Of the eyes."""

_LEAST_GAIN, _MOST_GAIN = 0.4, 2.2
"""On colours."""

_TINT, _WHITE_TINT = 1.0, 0.5
"""How much of the difference in tint is made up for: all, and where both pictures are in white
light, in which it is more the skin's than the light's."""

_WHITE, _TOO_WHITE = 0.95, 0.6
"""Of the brightness of fully lit teeth: from there on so much is taken away."""

_SHARPEN_FROM, _SHARPEN_TO, _SHARPEN = 1.1, 2.0, 0.6
"""Enlargements between which what the camera blurred is sharpened, at most by this."""

_SHRINK = 0.7
"""Below this scale pixels of the driver's are averaged first, not skipped."""


def find_mouth_of_driver(
    size: tuple[int, int], target: Array, mouth: DriverMouth, light: Light, of_driver: Light
) -> Layer | None:
    """The driver's interior between the inner lips of `target` (478, 2), in a picture of (H, W).

    A strip between both lips goes over into that of the portrait's; colours are scaled from the
    light of the driver's picture to the portrait's.
    """
    picture, face = mouth
    share = float(smoothstep(_HIDDEN, _SHOWN, np.asarray(relative_lip_gap(target))))
    width = float(np.linalg.norm(target[MOUTH_LEFT, :2] - target[MOUTH_RIGHT, :2]))
    window = find_window(target, size, width) if share > 0.0 else None
    if window is None:
        return None
    of = face.landmarks.astype(np.float64)
    scale = width / max(mouth_width(face), 1.0)
    seen, corner, shrunk = _cut(picture, of, scale)
    x, y = _flow(target, (of[:, :2] - corner) * shrunk, window.box, is_pursed(face))
    interior = cv2.remap(seen, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    coloured = _in_light(_sharpened(np.asarray(interior, np.uint8), scale), light, of_driver)
    return Layer(box=window.box, colours=coloured, mask=window.mask * np.float32(share))


def mouth_width(face: Face) -> float:
    """Between the corners of the inner lips, px."""
    return float(np.linalg.norm(face.landmarks[MOUTH_LEFT, :2] - face.landmarks[MOUTH_RIGHT, :2]))


def is_pursed(face: Face) -> float:
    """0..1: lips that are pushed forward, whose inner contour a tracker sees on their front."""
    first, second = face.landmarks[list(_OUTER_CORNERS), :2]
    eyes = max(float(np.linalg.norm(first - second)), 1.0)
    return 1.0 - float(smoothstep(*_PURSED, np.asarray(mouth_width(face) / eyes)))


def _in_light(colours: NDArray[np.float32], light: Light, of_driver: Light) -> NDArray[np.float32]:
    """From the light of the driver's picture to the portrait's; no whiter than its teeth can be."""
    gain = np.sqrt(light.enamel / of_driver.enamel * (light.flesh / of_driver.flesh))
    tint = _TINT + (_WHITE_TINT - _TINT) * light.whiteness * of_driver.whiteness
    gain = np.clip(gain.mean() * (gain / gain.mean()) ** tint, _LEAST_GAIN, _MOST_GAIN)
    lit = colours * gain.astype(np.float32)
    white = (lit * (1.0 / light.enamel).astype(np.float32)).max(axis=-1, keepdims=True)
    beyond = np.maximum(white - _WHITE, 0.0)
    lit *= 1.0 - np.float32(_TOO_WHITE) * beyond / np.maximum(white, np.float32(_WHITE))
    return np.asarray(lit, np.float32)


def _cut(picture: Pixels, points: Array, scale: float) -> tuple[Pixels, Array, float]:
    """The driver's mouth, its upper left corner in the picture, and by how much it is shrunk."""
    lips = points[[*UPPER, *LOWER], :2]
    low = np.clip(np.floor(lips.min(axis=0)).astype(int) - 3, 0, None)
    high = np.minimum(np.ceil(lips.max(axis=0)).astype(int) + 4, picture.shape[1::-1])
    if scale >= _SHRINK or (high - low < 8).any():
        return picture, np.zeros(2), 1.0
    part = picture[low[1] : high[1], low[0] : high[0]]
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), low.astype(np.float64), scale


def _sharpened(interior: Pixels, scale: float) -> NDArray[np.float32]:
    much = _SHARPEN * float(smoothstep(_SHARPEN_FROM, _SHARPEN_TO, np.asarray(scale)))
    colours = interior.astype(np.float32)
    if much <= 0.0:
        return colours
    blurred = cv2.GaussianBlur(colours, (0, 0), 0.6 * scale)
    sharp = cv2.addWeighted(colours, 1.0 + much, blurred, -much, 0.0)
    return np.clip(np.asarray(sharp, np.float32), 0.0, 255.0)


def _flow(
    target: Array, source: Array, box: Box, pursed: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per pixel of the box, where it lies in the driver's mouth.

    Found in columns across the portrait's mouth and turned with it: linear from the upper lip to
    the lower.
    """
    right, left = target[MOUTH_RIGHT, :2], target[MOUTH_LEFT, :2]
    along = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    turn = np.array([along, [-along[1], along[0]]])  # px of the picture -> along, down
    corners = np.array([[box[0], box[1]], [box[2], box[1]], [box[0], box[3]], [box[2], box[3]]])
    placed = (corners - right) @ turn.T
    low, high = np.floor(placed.min(axis=0)), np.ceil(placed.max(axis=0))
    columns, rows = np.arange(low[0], high[0] + 1.0), np.arange(low[1], high[1] + 1.0)
    upper, lower = ((target[list(lip), :2] - right) @ turn.T for lip in (UPPER, LOWER))
    above, below = _within_lips(source, pursed)

    def on(lip: Array, values: Array) -> Array:
        # Seen from the side lips fold over: what lies behind is left out.
        places = np.maximum.accumulate(lip[:, 0]) + np.arange(len(lip)) * 1e-6
        found: Array = np.interp(columns, places, values)
        return found

    top, bottom = on(upper, upper[:, 1]), on(lower, lower[:, 1])
    down = np.clip((rows[:, None] - top) / np.maximum(bottom - top, 1.0), 0.0, 1.0)
    flow = np.dstack(
        [on(upper, above[:, axis]) * (1.0 - down) + on(lower, below[:, axis]) * down
         for axis in (0, 1)]
    )  # fmt: skip
    to_grid = np.column_stack([turn, turn @ (np.array(box[:2]) - right) - low])
    x, y = cv2.split(
        cv2.warpAffine(
            flow.astype(np.float32),
            to_grid,
            (box[2] - box[0], box[3] - box[1]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _within_lips(points: Array, pursed: float) -> tuple[Array, Array]:
    """Upper and lower inner lip, (11, 2) each, without the rim on which the tracker sees them."""
    upper, lower = points[list(UPPER), :2], points[list(LOWER), :2]
    middle = (upper + lower) / 2.0
    centre = middle.mean(axis=0)
    width = float(np.linalg.norm(upper[0] - upper[-1]))
    half = (lower - upper) / 2.0
    gap = 2.0 * np.linalg.norm(half, axis=1, keepdims=True)
    more = 1.0 + (_PURSED_RIM - 1.0) * pursed
    rim = np.minimum(_LIP_RIM * width / np.maximum(gap, 1e-6), _MOST_OF_GAP) * more
    kept = 1.0 - 2.0 * np.minimum(rim, 0.45)
    middle = centre + (middle - centre) * (_CORNERS + (_PURSED_CORNERS - _CORNERS) * pursed)
    return middle - half * kept, middle + half * kept
