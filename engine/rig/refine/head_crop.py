"""The square that the refiner sees: it goes with the head, so that a feature stays where it is.

It follows the rigid head, not the landmarks: an expression does not move it, and what trembles in a
landmark doesn't make the picture tremble.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import to_picture
from engine.geometry import Array
from engine.rig.warp.target import HeadMotion, PortraitFace

SIDE = 256
"""Of the crop, px."""

SIDE_CM = 23.0
"""What the crop shows: a canonical face fills two thirds of its width."""

CENTRE_CM = np.array([0.0, -0.8, 4.0])
"""The point in the crop's middle, in the canonical frame: below the bridge of the nose."""

PART_LEFT, PART_WIDTH, PART_HEIGHT = 48, 160, 112
"""Of the parts of the crop that are looked at in a frame, px: half of what a face moves in takes
half the time. Multiples of 8 and 16, so that the portrait's features can be cut alike."""

PART_TOPS = {"eyes": 24, "mouth": 128}
"""Where the parts begin: lids from 58 to 123 and lips from 138 to 230 px lie well inside."""

_UP_CM = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadCrop:
    """Where the crop lies in a picture."""

    to_crop: Array
    """(2, 3): the picture's px to the crop's px."""
    from_crop: Array
    """(2, 3): its inverse."""
    size: tuple[int, int] = (SIDE, SIDE)
    """Width and height, px."""

    def part(self, top: int) -> "HeadCrop":
        """The part of a whole crop that begins `top` px below its upper edge."""
        to_crop, from_crop = self.to_crop.copy(), self.from_crop.copy()
        to_crop[:, 2] -= (PART_LEFT, top)
        from_crop[:, 2] += from_crop[:, :2] @ (PART_LEFT, top)
        return HeadCrop(to_crop=to_crop, from_crop=from_crop, size=(PART_WIDTH, PART_HEIGHT))

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, C) -> (height, width, C)."""
        # Enlarged or reduced by at most a few times: bilinear, since the network was trained so.
        cut = cv2.warpAffine(picture, self.to_crop, self.size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)

    def points(self, points: Array) -> Array:
        """(..., 2+) px of the picture -> (..., 2) px of the crop."""
        moved: Array = points[..., :2] @ self.to_crop[:, :2].T + self.to_crop[:, 2]
        return moved

    @property
    def scale(self) -> float:
        """Pixels of the picture for one of the crop."""
        return float(np.hypot(*self.from_crop[:, 0]))


def head_crop(face: PortraitFace, head: HeadMotion) -> HeadCrop:
    """The crop around a portrait's head after the motion."""
    placement = face.pose.placement
    axis = np.stack([CENTRE_CM, CENTRE_CM + _UP_CM])
    centre, above = head.apply(to_picture(placement.apply(axis)))[:, :2]
    # The head's size without its turn: linear is a rotation times a scale.
    scale = placement.scale * np.cbrt(np.linalg.det(head.linear))
    up = above - centre
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    side = SIDE_CM * scale / SIDE
    linear = side * np.array([[-up[1], -up[0]], [up[0], -up[1]]])  # columns: right, down
    middle = (SIDE - 1) / 2.0
    from_crop = np.hstack([linear, (centre - linear @ (middle, middle))[:, None]])
    return HeadCrop(from_crop=from_crop, to_crop=np.asarray(cv2.invertAffineTransform(from_crop)))
