"""A portrait that the rig can move: its own pixels, warped to where the motion takes them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.rig.eyes import eye_painters
from engine.rig.factors import edited
from engine.rig.flow import PortraitFlow
from engine.rig.layers import head_half_width, split, trusted
from engine.rig.mesh_flow import Map
from engine.rig.motion import RigMotion
from engine.rig.mouth import mouth_painter
from engine.rig.mouth_of_driver import paint_mouth_of_driver
from engine.rig.painting import Box
from engine.rig.target import PortraitFace, head_motion, target_landmarks


class RigPortrait:
    """Everything of one portrait that doesn't depend on the driving frame."""

    def __init__(
        self, picture: Pixels, face: Face, matte: NDArray[np.float32] | None = None
    ) -> None:
        """Prepare a portrait.

        Args:
            picture: (H, W, 3) at the output's size.
            face: its face.
            matte: (H, W) 0..1, where the person is; None moves one layer, background and all.
        """
        self._picture = np.ascontiguousarray(picture)
        self._opaque = np.asarray(cv2.cvtColor(self._picture, cv2.COLOR_RGB2RGBA), np.uint8)
        """With a fourth channel: OpenCV samples four twice as fast as three."""
        self._face = PortraitFace.from_face(face)
        landmarks = self._face.landmarks
        if matte is not None and not trusted(matte, landmarks):
            matte = None
        half_width = None if matte is None else head_half_width(matte, landmarks)
        size = (picture.shape[0], picture.shape[1])
        self._flow = PortraitFlow(self._face, size, half_width=half_width)
        grid = self._flow.head.grid
        self._layers = None if matte is None else split(self._picture, matte, grid)
        self._eyes = eye_painters(self._picture, landmarks[:, :2])
        self._mouth = mouth_painter(self._picture, landmarks[:, :2])

    @property
    def has_layers(self) -> bool:
        """Whether the person was cut out of the background."""
        return self._layers is not None

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self._picture.copy()

    def render(self, motion: RigMotion, edit: Edit) -> Pixels:
        """Move the portrait: head field, face mesh, then eyes and mouth on top."""
        motion = edited(motion, edit)
        head = head_motion(self._face, motion)
        target = target_landmarks(self._face, motion, head)
        box, x, y = self._flow.backward(head, target)
        output = self._picture.copy()
        self._sample(output, box, x, y, uncovers=head.moves)
        for eye in self._eyes:
            eye.paint(output, target[:, :2])
        self._paint_mouth(output, target[:, :2], motion)
        return output

    def _sample(self, output: Pixels, box: Box, x: Map, y: Map, *, uncovers: bool) -> None:
        """Fetch the portrait's pixels along the flow; behind a moving head, the background."""
        left, top, right, bottom = box
        region = output[top:bottom, left:right]
        if self._layers is None or not uncovers:
            region[:] = cv2.cvtColor(_fetch(self._opaque, x, y), cv2.COLOR_RGBA2RGB)
            return
        person = _fetch(self._layers.person, x, y)
        open_to = cv2.cvtColor(255 - person[..., 3], cv2.COLOR_GRAY2RGB)
        behind = self._layers.background[top:bottom, left:right]
        region[:] = cv2.add(
            cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), cv2.multiply(behind, open_to, scale=1 / 255.0)
        )

    def _paint_mouth(self, output: Pixels, points: Array, motion: RigMotion) -> None:
        if motion.mouth is None:
            self._mouth.paint(output, points)
        else:
            paint_mouth_of_driver(output, points, self._picture, self._face.landmarks, motion.mouth)


def _fetch(layer: NDArray[np.uint8], x: Map, y: Map) -> NDArray[np.uint8]:
    fetched = cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, np.uint8)
