"""What goes wrong while somebody is filmed, done to good pictures: a hand, a blur, a dark room."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels


def covered(picture: Pixels, face: Face, *, place: int = 13, tilt: float = 0.2) -> Pixels:
    """Four fingers of the person's own skin, over a landmark and what lies below it."""
    points = face.landmarks[:, :2]
    height = float(points[152, 1] - points[10, 1])
    x, y = points[425].astype(int)
    tone = picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0)
    across = np.array([np.cos(tilt), np.sin(tilt)])
    along = np.array([-np.sin(tilt), np.cos(tilt)])
    mask = np.zeros(picture.shape[:2], np.uint8)
    for finger in range(4):
        root = points[place] + across * (finger - 1.5) * height * 0.13
        tip, wrist = root - along * height * 0.18, root + along * height * 0.6
        cv2.line(mask, _whole(tip), _whole(wrist), 255, max(1, int(height * 0.125)))
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    shade = 0.72 + 0.35 * depth / max(float(depth.max()), 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None] / 255.0
    laid = picture * (1.0 - soft) + tone * shade[..., None] * soft
    return np.asarray(laid.clip(0, 255), np.uint8)


def _whole(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def blurred(picture: Pixels, face: Face) -> Pixels:
    """Out of focus by an eightieth of the face's height."""
    _, top, _, bottom = face.box
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), (bottom - top) / 80.0), np.uint8)


def darkened(picture: Pixels) -> Pixels:
    """The lamp is off."""
    return np.asarray(picture * 0.3, np.uint8)
