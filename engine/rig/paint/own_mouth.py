"""The inside of its mouth that a portrait shows itself: carried with the skull, never redrawn."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import (
    INNER_LIPS,
    INNER_LOWER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    relative_lip_gap,
)
from engine.rig.paint.arch import FARTHEST, Arch
from engine.rig.paint.blend import blend_rgba
from engine.rig.paint.mouth_place import Seen, carry_by_skull
from engine.rig.warp.grid import Box

_SHOWS = 0.17
"""Inner lip gap over mouth width from which the portrait has a mouth interior of its own."""

_TURNED = 0.05
"""Change of the way aside of what lies a mouth width farther back, in mouth widths, from which the
portrait's own teeth are spread out along their arch."""

_STRIPES = 0.06
"""Where a portrait's own interior is continued, colours run together over this, in mouth widths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnMouth:
    """The interior of one portrait's mouth."""

    interior: NDArray[np.uint8]
    """(H, W, 4), continued upwards and to the sides; its opacity ends at the lower lip."""
    at_rest: Seen
    """Where it is in the portrait."""
    arch: Arch
    """Of its upper teeth."""

    def lay_over(self, canvas: NDArray[np.float32], seen: Seen, box: Box) -> None:
        """Over a canvas (h, w, 3) that fills `box`, in place, carried with the skull.

        A turned one is spread out and folded as the arch of its teeth is.
        """
        left, top, right, bottom = box
        to_widths = np.linalg.inv(seen.frame)
        to_widths[:, 2] += to_widths[:, :2] @ np.array([left, top], float)
        behind, before = (
            float(np.clip(each.behind[0], -FARTHEST, FARTHEST)) for each in (seen, self.at_rest)
        )
        size = right - left, bottom - top
        if abs(behind - before) < _TURNED:
            back = (self.at_rest.frame @ to_widths)[:2]
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            own = np.asarray(cv2.warpAffine(self.interior, back, size, flags=flags), np.float32)
        else:
            rows, columns = np.indices(size[::-1], np.float32)
            across, down = (row[0] * columns + row[1] * rows + row[2] for row in to_widths[:2])
            places = self.arch.places(across, behind)
            rest = self.arch.at(self.arch.across + before * self.arch.depth, places)
            x, y = (
                (row[0] * rest + row[1] * down + row[2]).astype(np.float32)
                for row in self.at_rest.frame[:2]
            )
            own = np.asarray(cv2.remap(self.interior, x, y, cv2.INTER_LINEAR), np.float32)
            own[..., 3] *= places >= 0.0
        own[..., 3] *= np.float32(1.0 / 255.0)
        blend_rgba(canvas, own)


def shows_interior(source: Array) -> bool:
    """Whether a portrait with landmarks `source` (478, 2) px has a mouth interior of its own."""
    return relative_lip_gap(source) > _SHOWS


def own_interior_at(source: Array, target: Array) -> Array:
    """(20, 2) px: the outline of the portrait's own interior in the output."""
    skull = carry_by_skull(source, target)
    placed: Array = source[list(INNER_LIPS)] @ skull[:, :2].T + skull[:, 2]
    return placed


def own_mouth(portrait: Pixels, source: Array, at_rest: Seen, arch: Arch) -> OwnMouth:
    """Of a portrait with landmarks `source` (478, 2) px that shows one."""
    width = float(np.linalg.norm(source[MOUTH_LEFT] - source[MOUTH_RIGHT]))
    return OwnMouth(interior=_continued(portrait, source, width), at_rest=at_rest, arch=arch)


def _continued(portrait: Pixels, source: Array, width: float) -> NDArray[np.uint8]:
    """Cut the interior out and continue its colours, so that a rising lip uncovers more of it."""
    shape = portrait.shape[:2]
    inside = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [np.round(source[list(INNER_LIPS)] * 16).astype(np.int32)], 255, shift=4)
    rim = max(int(0.05 * width), 1)
    cv2.erode(inside, np.ones((rim, rim), np.uint8), dst=inside)
    away, nearest = cv2.distanceTransformWithLabels(
        255 - inside, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(inside)
    of_label = np.zeros(int(nearest.max()) + 1, np.int64)
    of_label[nearest[rows, columns]] = rows * shape[1] + columns
    colours = portrait.reshape(-1, 3)[of_label[nearest]]
    # Farther on, single pixels would be seen as stripes.
    soft = cv2.GaussianBlur(colours, (0, 0), max(_STRIPES * width, 0.5))
    far = np.clip(np.asarray(away) / (_STRIPES * width), 0.0, 1.0)[..., None]
    colours = (colours + (np.asarray(soft, np.float32) - colours) * far).astype(np.uint8)
    along, down = _mouth_frame(source)[:2, 0] / width, _mouth_frame(source)[:2, 1] / width
    lower = source[[MOUTH_RIGHT, *INNER_LOWER, MOUTH_LEFT]]
    grid = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), axis=-1) - lower[0]
    lip = np.interp(grid @ along, (lower - lower[0]) @ along, (lower - lower[0]) @ down)
    above_lip = np.clip((lip - grid @ down) / rim, 0.0, 1.0)
    return np.dstack([colours, (above_lip * 255.0).astype(np.uint8)])


def _mouth_frame(source: Array) -> Array:
    """(3, 3) from mouth widths (x along the mouth, y down, origin amid the lips' line) to px."""
    right, left = source[MOUTH_RIGHT], source[MOUTH_LEFT]
    line = (source[13] + source[14]) / 2.0
    along = left - right
    down = np.array([-along[1], along[0]])
    return np.array([[along[0], down[0], line[0]], [along[1], down[1], line[1]], [0.0, 0.0, 1.0]])
