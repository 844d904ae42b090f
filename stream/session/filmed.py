"""What an enrolment keeps of a driving frame: the face with some of the picture around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels
from stream.session.prompts import Measures, straightness

LARGEST_CROP = 640
"""Longest side of what is kept, in px."""
_AROUND = 0.45
"""Of the face's height: what is kept around it."""
_AWAKE = 0.9
"""Of the eyes' widest opening; below, the person was about to blink."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filmed:
    """A face of a driving frame, with some of the picture around it, or all."""

    picture: Pixels
    face: Face
    """In that picture."""


def best_of(straight: Sequence[tuple[Measures, Filmed]]) -> Filmed:
    """The sharpest of the straightest faces whose eyes are as open as they were."""
    straightest = max(straightness(now) for now, _ in straight)
    near = [one for one in straight if straightness(one[0]) >= straightest - 0.05]
    widest = max(now.aperture for now, _ in near)
    awake = [filmed for now, filmed in near if now.aperture >= _AWAKE * widest]
    return max(awake, key=_sharpness)


def cropped(picture: Pixels, face: Face) -> Filmed:
    """A copy of what is around a face, reduced where it is large."""
    left, top, right, bottom = face.box
    rim = _AROUND * (bottom - top)
    x, y = max(int(left - rim), 0), max(int(top - rim), 0)
    region = picture[y : int(bottom + rim) + 1, x : int(right + rim) + 1]
    face = face.moved(1.0, (-x, -y))
    scale = LARGEST_CROP / max(region.shape[:2])
    if scale >= 1.0:
        return Filmed(picture=region.copy(), face=face)
    rows, columns = (max(round(side * scale), 1) for side in region.shape[:2])
    reduced = cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA)
    # Pixel centres lie at integers.
    half = scale / 2.0 - 0.5
    return Filmed(picture=np.asarray(reduced, np.uint8), face=face.moved(scale, (half, half)))


def _sharpness(filmed: Filmed) -> float:
    """Of the face: how much neighbouring pixels differ."""
    left, top, right, bottom = (max(int(side), 0) for side in filmed.face.box)
    region = filmed.picture[top : bottom + 1, left : right + 1]
    return float(cv2.Laplacian(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())
