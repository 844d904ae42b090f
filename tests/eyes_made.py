"""Drawn eyes that look aside, on a made face."""

from dataclasses import replace

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from engine.rig.landmarks import EYES
from tests.faces_made import made_face

SIZE = 512


def looking(aside: float, size: int = SIZE) -> Face:
    """A face whose irises lie so many eye widths to the picture's right of their eyes' middles."""
    landmarks = made_face(size).landmarks.copy()
    for eye in EYES:
        corners = landmarks[[eye.outer, eye.inner], :2]
        width = np.linalg.norm(corners[0] - corners[1])
        ring = landmarks[eye.iris : eye.iris + 5]
        ring[:, :2] += corners.mean(axis=0) - ring[0, :2]
        ring[:, 0] += aside * width
    return replace(made_face(size), landmarks=landmarks)


def drawn(face: Face, size: int = SIZE, dark: int = 60) -> Pixels:
    """Skin, whites between the lids, and irises with a glint where they lie."""
    picture = np.full((size, size, 3), (200, 150, 130), np.uint8)
    for eye in EYES:
        white = picture.copy()
        lids = np.round(face.landmarks[eye.contour, :2] * 16).astype(np.int32)
        cv2.fillPoly(white, [lids], (225, 220, 215), cv2.LINE_AA, 4)
        ring = face.landmarks[eye.iris : eye.iris + 5, :2]
        radius = np.linalg.norm(ring[1] - ring[3]) / 2.0
        centre, px = np.round(ring[0] * 16).astype(int), round(float(radius) * 16)
        ball = white.copy()
        cv2.circle(ball, centre.tolist(), px, (dark, dark, dark), -1, cv2.LINE_AA, 4)
        cv2.circle(ball, centre.tolist(), px // 6, (255, 255, 255), -1, cv2.LINE_AA, 4)
        opening = cv2.fillPoly(np.zeros((size, size), np.uint8), [lids], 1, cv2.LINE_8, 4)
        picture = np.where(opening[..., None] > 0, ball, picture)
    return cv2.GaussianBlur(picture, (0, 0), 1.0 * size / SIZE)  # type: ignore[return-value]
