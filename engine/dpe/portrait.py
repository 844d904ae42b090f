"""A portrait that DPE moves: encoded once, drawn per frame, put back where it came from."""

import numpy as np

from engine.backends.base import Array
from engine.compositing import Backdrop, face_mask
from engine.dpe.graphs import DpeGraphs, from_network, to_network
from engine.dpe.motion import DpeMotion
from engine.errors import InputError
from engine.faces.crop import portrait_crop
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit, Mode

STANDS_ALONE = 1.5
"""A square picture up to so many crop sides wide is a picture of the head alone. A portrait framed
by its face (engine/framing.py) is 1.16 to 1.27 sides wide."""


class DpePortrait:
    """A portrait in one of two settings.

    A picture of the head alone is shown as DPE's own crop, at the picture's size, and can take all
    modes. Any larger picture is shown whole, with the face put back into it, and takes expressions
    only: a head that turns would break off at the neck.
    """

    def __init__(self, graphs: DpeGraphs, picture: Pixels, face: Face) -> None:
        self._graphs = graphs
        rows, columns = picture.shape[:2]
        box = portrait_crop(face, columns, rows)
        mask = face_mask(box.face(face, graphs.size), graphs.size)
        self._stands_alone = rows == columns and columns <= STANDS_ALONE * box.side
        if self._stands_alone:
            scale = columns / graphs.size
            scaling = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]])
            self._backdrop = Backdrop(box.cut(picture, columns), scaling, mask)
            self._whole = Backdrop(self._backdrop.picture, scaling, np.ones_like(mask))
        else:
            self._backdrop = Backdrop(picture.copy(), box.crop_to_frame(graphs.size), mask)
        self._encoded = graphs.encode(to_network(box.cut(picture, graphs.size))).kept()
        self._still: Pixels | None = None

    def render(self, motion: DpeMotion, edit: Edit) -> Pixels:
        """One picture of the enrolled one's size.

        Raises:
            InputError: the mode moves the head of a whole picture, or a gain that DPE has not.
        """
        if edit.mode != "expression" and not self._stands_alone:
            raise InputError(
                "DPE cannot put a moved head back into a whole picture: the neck would break. "
                "Use --frame face, or --mode expression."
            )
        drawn = from_network(self._drawn(motion.edited(edit), edit.mode))
        setting = self._backdrop if edit.mode == "expression" else self._whole
        return setting.paste(drawn)

    def still(self) -> Pixels:
        """The portrait drawn without motion: as soft as it is while it moves, so nothing jumps."""
        if self._still is None:
            rest = np.zeros_like(self._encoded.code)
            drawn = self._graphs.draw("expression", self._encoded, rest)
            self._still = self._backdrop.paste(from_network(drawn))
        return self._still.copy()

    def _drawn(self, motion: DpeMotion, mode: Mode) -> Array:
        """The network's picture, (1, 3, size, size)."""
        if mode == "expression":
            return self._graphs.draw("expression", self._encoded, motion.expression)
        if mode == "pose":
            return self._graphs.draw("pose", self._encoded, motion.pose)
        first = self._graphs.draw("expression", self._encoded, motion.expression)
        # The pose generator warps the features of what is there now: they must be found anew.
        return self._graphs.draw("pose", self._graphs.encode(first), motion.pose)
