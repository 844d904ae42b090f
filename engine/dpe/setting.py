"""Where a portrait's head lies for DPE, and how the drawn head is put back; once per portrait."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.compositing import Backdrop, face_mask
from engine.dpe.motion import CAN
from engine.errors import InputError
from engine.faces.crop import portrait_crop
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import MODES, Mode

STANDS_ALONE = 1.5
"""A square picture up to so many crop sides wide is a picture of the head alone. A portrait framed
by its face (engine/framing.py) is 1.16 to 1.27 sides wide."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadSetting:
    """One of two settings.

    A picture of the head alone is shown as DPE's own crop, at the picture's size, and can take all
    modes. Any larger picture is shown whole, with the face put back into it, and takes expressions
    only: a head that turns would break off at the neck.
    """

    crop: Pixels
    """(size, size, 3): what the networks see."""
    crop_to_picture: NDArray[np.float64]
    """(2, 3): a pixel of the crop -> its place in what is shown."""
    face: Backdrop
    """What is shown, with the drawn face blended into it."""
    whole: Backdrop | None
    """The drawn picture alone; None where the head cannot stand alone."""

    @classmethod
    def of(cls, picture: Pixels, face: Face, size: int) -> "HeadSetting":
        """For networks whose pictures are `size` pixels square."""
        rows, columns = picture.shape[:2]
        box = portrait_crop(face, columns, rows)
        mask = face_mask(box.face(face, size), size)
        crop = box.cut(picture, size)
        if rows != columns or columns > STANDS_ALONE * box.side:
            place = box.crop_to_frame(size)
            shown = Backdrop(picture.copy(), place, mask)
            return cls(crop=crop, crop_to_picture=place, face=shown, whole=None)
        scale = columns / size
        place = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]])
        shown = Backdrop(box.cut(picture, columns), place, mask)
        alone = Backdrop(shown.picture, place, np.ones_like(mask))
        return cls(crop=crop, crop_to_picture=place, face=shown, whole=alone)

    @property
    def modes(self) -> frozenset[Mode]:
        """Those that `backdrop` takes."""
        return CAN.pastes_back if self.whole is None else frozenset(MODES)

    def backdrop(self, mode: Mode) -> Backdrop:
        """What a picture drawn in this mode is put into.

        Raises:
            InputError: the mode moves the head of a whole picture.
        """
        if mode in CAN.pastes_back:
            return self.face
        if self.whole is None:
            raise InputError(
                "DPE cannot put a moved head back into a whole picture: the neck would break. "
                "Use --frame face, or --mode expression."
            )
        return self.whole
