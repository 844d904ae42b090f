"""Puts a network's square picture back where its crop was cut, without a visible border.

The paper blends with a Gaussian-blurred mask of the head. An expression moves nothing outside the
face and just below the chin, so the mask here is the face's own outline, widened and blurred; what
lies outside keeps the portrait's own pixels, at their own sharpness.
"""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels

WIDENED = 0.12
"""Of the crop's side: as far as a chin goes down when the mouth opens wide."""
BLUR = 0.035
"""Standard deviation of the blurred edge, of the crop's side."""
BORDER = 0.08
"""Of the crop's side: over so much the mask falls to zero at the crop's own border."""


def face_mask(face: Face, size: int) -> NDArray[np.float32]:
    """(size, size) in 0..1 for a face in pixels of its size x size crop: 1 on it, softly to 0."""
    outline = cv2.convexHull(np.rint(face.landmarks[:468, :2]).astype(np.int32))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, outline, 255)
    reach = 2 * round(WIDENED * size) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    soft = cv2.GaussianBlur(cv2.dilate(mask, disc).astype(np.float32) / 255, (0, 0), BLUR * size)
    edge = np.minimum(np.arange(size), np.arange(size)[::-1]) / (BORDER * size)
    ramp = np.clip(edge, 0.0, 1.0).astype(np.float32)
    return cast(NDArray[np.float32], soft * np.minimum(ramp[:, None], ramp[None, :]))


class Backdrop:
    """A picture, and the place in it that a square picture of the face goes back to."""

    def __init__(
        self, picture: Pixels, crop_to_picture: NDArray[np.float64], mask: NDArray[np.float32]
    ) -> None:
        """`crop_to_picture` (2, 3) maps the crop's pixels; `mask` (size, size) is in the crop."""
        self.picture = picture
        size = len(mask)
        rows, columns = picture.shape[:2]
        low, high = -0.5, size - 0.5
        corners = crop_to_picture @ np.array(
            [[low, high, low, high], [low, low, high, high], [1, 1, 1, 1]]
        )
        # The pixels whose centres the crop covers.
        left, top = np.clip(np.ceil(corners.min(axis=1)).astype(int), 0, (columns, rows))
        right, bottom = np.clip(np.floor(corners.max(axis=1)).astype(int) + 1, 0, (columns, rows))
        self._region = slice(top, bottom), slice(left, right)
        self._crop_to_region = crop_to_picture - np.array([[0, 0, left], [0, 0, top]])
        self._extent = int(right - left), int(bottom - top)
        self._mask = self._warped(mask)[..., None]
        self._behind = picture[self._region].astype(np.float32)

    def mask(self) -> NDArray[np.float32]:
        """(H, W), how much of each of the picture's pixels the square one covers."""
        whole = np.zeros(self.picture.shape[:2], np.float32)
        whole[self._region] = self._mask[..., 0]
        return whole

    def paste(self, crop: NDArray[np.float32]) -> Pixels:
        """(size, size, 3) in 0..255 blended into a copy of the picture."""
        result = self.picture.copy()
        if 0 in self._extent:
            return result
        front = self._warped(crop)
        blended = self._behind + (front - self._behind) * self._mask
        result[self._region] = np.rint(np.clip(blended, 0, 255)).astype(np.uint8)
        return result

    def _warped(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """A picture of the crop on the pixels of the region."""
        if 0 in self._extent:
            return np.zeros(self._extent[::-1], np.float32)
        warped = cv2.warpAffine(
            crop,
            self._crop_to_region,
            self._extent,
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cast(NDArray[np.float32], warped)
