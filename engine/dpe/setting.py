"""Where a portrait's head lies for DPE: in a level square with room to move."""

import cv2

from engine.faces.crop import portrait_crop
from engine.faces.face import Face
from engine.frame import Pixels
from engine.head_setting import HeadSetting


def setting_of(picture: Pixels, face: Face, size: int) -> HeadSetting:
    """For networks whose pictures are `size` pixels square."""
    rows, columns = picture.shape[:2]
    box = portrait_crop(face, columns, rows)
    return HeadSetting.around(
        picture,
        box.face(face, size),
        box.crop_to_frame(size),
        size,
        border=cv2.BORDER_REPLICATE,
        family="DPE",
    )
