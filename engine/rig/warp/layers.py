"""The portrait as two layers: the person, who may move, and what lies behind.

With the person cut out, a turning head uncovers background instead of dragging it along.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.warp.backdrop import filled
from engine.rig.warp.grid import Box, Map
from engine.rig.warp.head_field import NodeGrid
from engine.rig.warp.shown import Shown

_LEAST_INSIDE = 0.85
"""Mean matte within the face's outline below which the segmentation has failed."""


Matte: TypeAlias = NDArray[np.float32]
"""(H, W), 1 where the person is, 0 where not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layers:
    """Both layers."""

    person: NDArray[np.uint8]
    """(H, W, 4): RGB times opacity, opacity 0..255; the whole picture."""
    background: Pixels
    """(H, W, 3): the picture with the head filled in."""
    shown: Shown
    """Where the person may be seen."""

    def lay(self, output: Pixels, box: Box, x: Map, y: Map) -> None:
        """Move the person along a flow and lay them over the background.

        Args:
            output: (H, W, 3), the picture as it is; changed where the person is or was.
            box: what moves of it.
            x: (h, w) px, where the pixels of the box come from.
            y: the same.
        """
        for left, top, right, bottom in self.shown.bands(box, x, y):
            part = slice(top - box[1], bottom - box[1]), slice(left - box[0], right - box[0])
            person = fetch(self.person, x[part], y[part])
            opacity = cv2.extractChannel(person, 3)
            open_to = cv2.cvtColor(cv2.bitwise_not(opacity, dst=opacity), cv2.COLOR_GRAY2RGB)
            background = self.background[top:bottom, left:right]
            seen = cv2.multiply(background, open_to, dst=open_to, scale=1 / 255.0)
            region = output[top:bottom, left:right]
            cv2.add(cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), seen, dst=region)


def trusted(matte: Matte, landmarks: Array) -> bool:
    """Whether the matte covers the face: on a drawing the segmentation may see no person."""
    outline = np.zeros(matte.shape, np.uint8)
    cv2.fillPoly(outline, [np.round(landmarks[list(OVAL), :2]).astype(np.int32)], 1)
    inside = matte[outline > 0]
    return inside.size > 0 and float(inside.mean()) > _LEAST_INSIDE


def with_face(matte: Matte, landmarks: Array) -> Matte:
    """The matte without holes in the face: in a drawing, pale parts are taken for wall."""
    face = np.zeros(matte.shape, np.uint8)
    cv2.fillPoly(face, [np.round(landmarks[list(OVAL), :2]).astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(np.maximum(matte, face.astype(np.float32) / 255.0), np.float32)


def head_half_width(matte: Matte, landmarks: Array) -> float:
    """Of the head with its hair at the height of eyes and forehead, in face heights."""
    middle = (landmarks[FOREHEAD, :2] + landmarks[CHIN, :2]) / 2.0
    down = landmarks[CHIN, :2] - landmarks[FOREHEAD, :2]
    height = float(np.linalg.norm(down))
    down = down / height
    aside = np.array([-down[1], down[0]])
    steps = np.linspace(0.3, 1.3, 41)
    widest = 0.3
    for along in (-0.45, -0.3, -0.15, 0.0, 0.15):
        for side in (-1.0, 1.0):
            line = middle + down * along * height + aside * (side * steps * height)[:, None]
            inside = _sample(matte, line) > 0.5
            run = int(np.argmin(inside)) if not inside.all() else len(steps)
            widest = max(widest, float(steps[max(run - 1, 0)]))
    return widest


def split(picture: Pixels, matte: Matte, grid: NodeGrid) -> Layers:
    """Cut the person out and fill in the background behind the head, which is where `grid` is."""
    opacity = np.round(matte * 255.0).astype(np.uint8)
    person = np.dstack([cv2.multiply(picture, cv2.merge([opacity] * 3), scale=1 / 255.0), opacity])
    left, top, right, bottom = grid.box
    background = picture.copy()
    region = background[top : bottom + 1, left : right + 1]
    region[:] = filled(region, matte[top : bottom + 1, left : right + 1])
    return Layers(person=np.ascontiguousarray(person), background=background, shown=Shown(opacity))


def fetch(layer: NDArray[np.uint8], x: Map, y: Map) -> NDArray[np.uint8]:
    """The pixels (h, w, 4) of a layer (H, W, 4) at places x and y (h, w) px."""
    fetched = cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, np.uint8)


def _sample(matte: Matte, points: Array) -> NDArray[np.float32]:
    height, width = matte.shape
    columns = points[:, 0].round().astype(int)
    rows = points[:, 1].round().astype(int)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    values = matte[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.where(inside, values, np.float32(0.0))
