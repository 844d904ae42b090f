"""A face drawn with a few ellipses: nobody's picture, and every part lies where it was put."""

from typing import Any

import cv2
import numpy as np

from engine.frame import Pixels

SKIN = (224, 172, 140)
SHADE = (186, 130, 102)
HAIR = (70, 45, 30)
LIP = (176, 80, 80)
SHIRT = (60, 70, 110)
MIDDLE = (300, 240)
"""Of the face on its canvas."""
UNIT = 100
"""Half the width of a drawn face, before it is scaled."""

EYES = {"right": (-40.0, -20.0), "left": (40.0, -20.0)}
"""Centre of each iris in units of 1/100 of the face's half width, from the face's middle."""
MOUTH = (0.0, 68.0)


def draw_face(
    picture: Pixels,
    x: float,
    y: float,
    half_width: float,
    *,
    lid_gap: float = 1.0,
    mouth_gap: float = 0.0,
    shoulders: bool = False,
) -> None:
    """Draw into the picture, around (x, y); gaps from 0, shut, to 1, wide open."""
    canvas = np.zeros((800, 600, 4), np.uint8)

    def ellipse(
        at: tuple[float, float], size: tuple[float, float], colour: tuple[int, int, int]
    ) -> None:
        centre = (round((MIDDLE[0] + at[0]) * 8), round((MIDDLE[1] + at[1]) * 8))
        axes = (round(size[0] * 8), round(size[1] * 8))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA, 3)

    if shoulders:
        ellipse((0, 400), (250, 200), SHIRT)
    ellipse((0, -30), (122, 150), HAIR)
    ellipse((0, 120), (55, 90), SHADE)
    ellipse((0, 10), (UNIT, 135), SKIN)
    ellipse((0, -55), (72, 46), tuple(min(255, c + 12) for c in SKIN))  # type: ignore[arg-type]
    for side, (eye_x, eye_y) in EYES.items():
        ellipse((eye_x, eye_y - 6), (27, 22), SHADE)
        ellipse((eye_x, eye_y + 6), (25, 14), SKIN)
        if lid_gap > 0:
            ellipse((eye_x, eye_y), (22, 11 * lid_gap), (245, 245, 245))
            ellipse((eye_x, eye_y), (9.5, 9.5 * min(1.0, lid_gap * 1.1)), (60, 90, 110))
            ellipse((eye_x, eye_y), (4.5, 4.5 * lid_gap), (10, 10, 10))
        outward = -1 if side == "right" else 1
        for step in range(-24, 25, 4):
            ellipse((eye_x + step, eye_y - 11 * lid_gap - 1 + step * step / 90), (3, 1.6), HAIR)
            ellipse((eye_x + outward * 2 + step, eye_y - 33 + step * step / 130), (4, 3.4), HAIR)
    ellipse((0, 22), (11, 26), tuple(min(255, c + 8) for c in SKIN))  # type: ignore[arg-type]
    ellipse((0, 38), (18, 11), SHADE)
    ellipse((0, 33), (15, 10), SKIN)
    for nostril in (-9, 9):
        ellipse((nostril, 42), (4, 2.4), (90, 50, 40))
    ellipse((0, MOUTH[1] - 4 - 14 * mouth_gap), (32, 8), LIP)
    ellipse((0, MOUTH[1] + 6 + 14 * mouth_gap), (29, 10), LIP)
    ellipse(MOUTH, (30, 1.2 + 18 * mouth_gap), (60, 20, 25))
    ellipse((0, 100), (30, 6), SHADE)
    ellipse((0, 97), (30, 6), SKIN)

    soft = cv2.GaussianBlur(canvas, (0, 0), 1.2)
    scale = half_width / UNIT
    # Pixel p of the canvas lies at scale * (p - middle) + (x, y).
    to_picture = np.array([[scale, 0, x - MIDDLE[0] * scale], [0, scale, y - MIDDLE[1] * scale]])
    if scale < 1:
        soft = cv2.GaussianBlur(soft, (0, 0), 0.4 / scale)
    size = picture.shape[1::-1]
    layer = cv2.warpAffine(soft, to_picture, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    alpha = layer[..., 3:] / 255
    picture[:] = (picture * (1 - alpha) + layer[..., :3] * alpha).round().astype(np.uint8)


def drawn_picture(
    width: int = 320,
    height: int = 320,
    half_width: float = 60,
    **how: Any,  # noqa: ANN401 (of draw_face)
) -> Pixels:
    """One drawn face in the middle of a plain wall."""
    picture = np.full((height, width, 3), (170, 180, 190), np.uint8)
    draw_face(picture, width / 2, height / 2, half_width, **how)
    return picture
