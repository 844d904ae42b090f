"""Where a portrait's head lies for a family that draws squares, and how the drawn head is put back.

Once per portrait.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.compositing import Backdrop, face_mask
from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.roi import warped
from engine.frame import Pixels
from engine.motion import MODES, Mode

STANDS_ALONE = 1.5
"""A square picture up to so many crop sides wide is a picture of the head alone. A portrait framed
by its face (engine/framing.py) is 1.16 to 1.27 sides wide."""
PASTES_BACK: frozenset[Mode] = frozenset({"expression"})
"""An expression stays within the face; a head that turns would break off at the neck."""

Affine = NDArray[np.float64]
"""(2, 3)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadSetting:
    """One of two settings.

    A picture of the head alone is shown as the family's own crop, at the picture's size, and can
    take all modes. Any larger picture is shown whole, with the face put back into it, and takes
    expressions only: a head that turns would break off at the neck.
    """

    crop: Pixels
    """(size, size, 3): what the networks see."""
    crop_to_picture: Affine
    """(2, 3): a pixel of the crop -> its place in what is shown."""
    face: Backdrop
    """What is shown, with the drawn face blended into it."""
    whole: Backdrop | None
    """The drawn picture alone; None where the head cannot stand alone."""
    family: str
    """Named in errors."""

    @classmethod
    def around(
        cls, picture: Pixels, face: Face, place: Affine, size: int, *, border: int, family: str
    ) -> "HeadSetting":
        """The crop whose pixels (size x size) lie at `place` in the picture.

        `border` is OpenCV's way to fill what lies beyond the picture; `face` is in the crop.
        """
        rows, columns = picture.shape[:2]
        side = size * float(np.hypot(place[0, 0], place[1, 0]))
        mask = face_mask(face, size)
        crop = warped(picture, place, size, border=border)
        if rows != columns or columns > STANDS_ALONE * side:
            shown = Backdrop(picture.copy(), place, mask)
            return cls(crop=crop, crop_to_picture=place, face=shown, whole=None, family=family)
        scale = columns / size
        enlarged = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]])
        back = place @ np.vstack([_inverse(enlarged), [0, 0, 1]])
        shown = Backdrop(warped(picture, back, columns, border=border), enlarged, mask)
        alone = Backdrop(shown.picture, enlarged, np.ones_like(mask))
        return cls(crop=crop, crop_to_picture=enlarged, face=shown, whole=alone, family=family)

    @property
    def modes(self) -> frozenset[Mode]:
        """Those that `backdrop` takes."""
        return PASTES_BACK if self.whole is None else frozenset(MODES)

    def backdrop(self, mode: Mode) -> Backdrop:
        """What a picture drawn in this mode is put into.

        Raises:
            InputError: the mode moves the head of a whole picture.
        """
        if mode in PASTES_BACK:
            return self.face
        if self.whole is None:
            raise InputError(
                f"{self.family} cannot put a moved head back into a whole picture: the neck would "
                "break. Use --frame face, or --mode expression."
            )
        return self.whole


def _inverse(scaling: Affine) -> Affine:
    """Of a scaling that maps pixel edges to pixel edges."""
    unit = 1 / scaling[0, 0]
    return np.array([[unit, 0, unit / 2 - 0.5], [0, unit, unit / 2 - 0.5]])
