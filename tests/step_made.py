"""Frames, portraits and what the CPU path makes of them, for the tests of the live step."""

from functools import cache

import cv2
import numpy as np
import torch

from engine.compositing import Backdrop
from engine.dpe.gpu.portraits import Setting
from engine.dpe.gpu.step import Job
from engine.dpe.graphs import from_network, to_network
from engine.faces.crop import CropBox
from engine.frame import Pixels
from engine.motion import Mode
from tests.dpe_wide import WIDE, wide_dpe
from tests.pictures_made import photo

FRAME = (120, 160)
OUT = (96, 128)
CROP = CropBox(x=60.0, y=46.0, side=70.0)


@cache
def backdrop(number: int) -> tuple[Backdrop, Pixels]:
    """A portrait's picture with its soft mask, and its crop."""
    picture = photo(*OUT, seed=100 + number)
    mask = np.zeros((WIDE.size, WIDE.size), np.float32)
    cv2.circle(mask, (32, 34), 20, 1.0, -1)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 3.0), np.float32)
    made = Backdrop(picture, CROP.crop_to_frame(WIDE.size), soft)
    return made, CROP.cut(picture, WIDE.size)


def setting(number: int) -> Setting:
    """The same portrait, as the step enrols it."""
    made, crop = backdrop(number)
    return Setting(
        crop=crop,
        picture=made.picture,
        mask=made.mask(),
        crop_to_picture=CROP.crop_to_frame(WIDE.size),
    )


def box(number: int) -> CropBox:
    """Where the head is in a frame."""
    return CropBox(x=70.0 + number, y=60.0 - number, side=64.0 + 3 * number)


def job(number: int, portrait: int = 0, gain: float = 1.0) -> Job:
    """A frame of a session."""
    return Job(
        frame=photo(*FRAME, seed=200 + number),
        crop_to_frame=box(number).crop_to_frame(WIDE.size),
        portrait=portrait,
        expression=gain,
        pose=gain,
    )


def expected(number: int, *, mode: Mode, gain: float = 1.0) -> Pixels:
    """What the CPU path paints of frame `number` on portrait 0, by the unfolded networks."""
    model, (made, crop) = wide_dpe(), backdrop(0)
    frame = photo(*FRAME, seed=200 + number)
    with torch.no_grad():
        source = torch.from_numpy(to_network(crop))
        driving = torch.from_numpy(to_network(box(number).cut(frame, WIDE.size)))
        expression, pose = model.motion(model.encode(driving)[0])
        if mode in ("expression", "both"):
            source = model.draw(model.expression, expression * gain, *model.encode(source))
        if mode in ("pose", "both"):
            source = model.draw(model.pose, pose * gain, *model.encode(source))
    return made.paste(from_network(source.numpy()))
