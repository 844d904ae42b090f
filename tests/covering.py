"""A hand before the mouth, drawn into a picture."""

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels


def covered(picture: Pixels, face: Face) -> Pixels:
    """Four fingers of the cheek's colour across the mouth, rounded by shade."""
    points = face.landmarks[:, :2]
    wide = float(np.linalg.norm(points[61] - points[291]))
    x, y = (points[13] + points[14]) / 2
    left, top = (int(place) - 3 for place in points[50])
    colour = picture[top : top + 7, left : left + 7].reshape(-1, 3).mean(axis=0)
    mask = np.zeros(picture.shape[:2], np.uint8)
    for number in range(4):
        height = int(y + (number - 1.5) * wide * 0.42)
        ends = (int(x - 1.3 * wide), height), (int(x + wide), height)
        cv2.line(mask, *ends, 1, max(2, int(wide * 0.4)))
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    shade = 0.75 + 0.22 * np.clip(depth / (0.18 * wide), 0.0, 1.0)
    result = picture.copy()
    result[mask > 0] = np.clip(colour * shade[..., None], 0, 255).astype(np.uint8)[mask > 0]
    return result
