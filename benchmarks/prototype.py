"""The geometric rig's prototype, run from where it lies, as the baseline of our figures.

It is not part of the project: it is imported from the folder the user names, with a stand-in for
its tracker module, and fed with the landmarks of ours, so that both see the same faces.
"""

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from engine.faces.face import Face
from engine.frame import Pixels

_BLENDSHAPES = np.zeros(52, np.float32)
"""It was written for MediaPipe's blendshape scores; zeros leave the landmarks as they are."""


def load_prototype(folder: Path) -> Any:  # noqa: ANN401 - a module of another project
    """Import `hybrid.py` from the prototype's folder."""
    stand_in = ModuleType("mpw")
    stand_in.__dict__.update(D="", NAMES=None, make=None, read=None, np=np, cv2=cv2, time=time)
    sys.modules["mpw"] = stand_in
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("hybrid")
    finally:
        sys.path.remove(str(folder))


def prototype_renderer(
    prototype: Any,  # noqa: ANN401
    picture: Pixels,
    face: Face,
    *,
    mouth: str,
) -> Callable[[Pixels, Face], Pixels]:
    """Enrol a square picture as portrait and neutral frame; returns its step."""
    portrait = prototype.Portrait(
        picture, face.landmarks.astype(np.float64), _BLENDSHAPES, picture.shape[0]
    )
    drive = prototype.Drive(portrait, face.landmarks.astype(np.float64), _BLENDSHAPES)

    def step(driving: Pixels, driving_face: Face) -> Pixels:
        landmarks = driving_face.landmarks.astype(np.float64)
        output: Pixels = drive(driving, landmarks, _BLENDSHAPES, mouth)[0]
        return output

    return step
