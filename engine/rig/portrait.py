"""A portrait that the rig can move: its own pixels, warped to where the motion takes them."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import MODES, Edit, Mode
from engine.rig.motion.factors import edited
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.blend import Layer
from engine.rig.paint.driver_mouth import find_mouth_of_driver
from engine.rig.paint.eyes import eye_painters
from engine.rig.paint.lids import without_eyeballs
from engine.rig.paint.mouth import mouth_painter
from engine.rig.refine.network import Refiner
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.grid import Box, Map
from engine.rig.warp.layers import Layers, Matte, head_half_width, split, trusted
from engine.rig.warp.limits import HeadLimits
from engine.rig.warp.outline import Outline
from engine.rig.warp.target import HeadMotion, PortraitFace, head_motion, target_landmarks

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where a motion takes the portrait."""

    motion: RigMotion
    """What of it keeps the head whole."""
    head: HeadMotion
    asked: Array
    """(478, 3) px: where the motion wants the landmarks."""
    target: Array
    """(478, 3) px: where they go, with the outline joined to the head."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warped:
    """The portrait after the geometric stage."""

    picture: Pixels
    """(H, W, 3), the caller's own."""
    head: HeadMotion
    target: Array
    """(478, 3) px: where the landmarks went."""


class RigPortrait:
    """Everything of one portrait that doesn't depend on the driving frame."""

    def __init__(
        self,
        picture: Pixels,
        face: Face,
        find_matte: Callable[[], Matte] | None = None,
        refiner: Refiner | None = None,
    ) -> None:
        """Prepare a portrait.

        Args:
            picture: (H, W, 3) at the output's size.
            face: its face.
            find_matte: finds where the person is, (H, W) in 0..1; None moves one layer, background
                and all. It is called by `prepare`, at the latest when the head moves first.
            refiner: corrects what the geometric stage makes; None leaves it as it is.
        """
        self._picture = np.ascontiguousarray(picture)
        self._size = picture.shape[0], picture.shape[1]
        self._face = PortraitFace.from_face(face)
        landmarks = self._face.landmarks
        self._warped = without_eyeballs(self._picture, landmarks[:, :2])
        self._opaque = np.asarray(cv2.cvtColor(self._warped, cv2.COLOR_RGB2RGBA), np.uint8)
        """With a fourth channel: OpenCV samples four twice as fast as three."""
        self._find_matte = find_matte
        self._layers: Layers | None = None
        self._limits = HeadLimits(self._face, self._size)
        self._made_flow: PortraitFlow | None = None
        self._outline = Outline(landmarks)
        self._eyes = eye_painters(self._picture, landmarks[:, :2])
        self._mouth = mouth_painter(self._picture, landmarks[:, :2])
        self._refined = refiner.portrait(self._picture, self._face) if refiner else None

    @property
    def modes(self) -> frozenset[Mode]:
        """All."""
        return frozenset(MODES)

    @property
    def face(self) -> PortraitFace:
        """The portrait's own landmarks."""
        return self._face

    def prepare(self) -> None:
        """Separate the person from the background, once.

        That takes a fifth of a second, and only a head that moves needs it: in the mode
        `expression` it never does.
        """
        find_matte, self._find_matte = self._find_matte, None
        if find_matte is None:
            return
        matte, landmarks = find_matte(), self._face.landmarks
        width = head_half_width(matte, landmarks) if trusted(matte, landmarks) else None
        self._made_flow = PortraitFlow(self._face, self._size, half_width=width)
        if width is not None:
            self._limits = HeadLimits(self._face, self._size, half_width=width)
            self._layers = split(self._warped, matte, self.flow.head.grid)
        else:
            logger.info("no person was cut out of this portrait: its background moves a little")

    def for_stream(self) -> Self:
        """Nothing eases: each picture is of one motion alone."""
        return self

    @property
    def flow(self) -> PortraitFlow:
        """What moves its pixels.

        Made late: a head that is cut out before its first frame has its width by then.
        """
        if self._made_flow is None:
            self._made_flow = PortraitFlow(self._face, self._size, half_width=None)
        return self._made_flow

    @property
    def has_layers(self) -> bool:
        """Whether the person was cut out of the background."""
        return self._layers is not None

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self._picture.copy()

    def render(self, motion: RigMotion, edit: Edit) -> Pixels:
        """One output picture: the portrait moved by what the edit leaves of the motion."""
        motion = edited(motion, edit)
        warped = self.warp(motion)
        if self._refined is not None and edit.refine:
            self._refined.refine(warped.picture, motion, warped.head, warped.target)
        return warped.picture

    def warp(self, motion: RigMotion) -> Warped:
        """Move the portrait: head field, face mesh, then eyes and mouth on top."""
        placed = self.placed(motion)
        box, x, y = self.flow.backward(placed.head, placed.target, placed.asked)
        output = self._picture.copy()
        self._sample(output, box, x, y, uncovers=placed.head.moves)
        for layer in self.layers_above(placed):
            layer.paint(output)
        return Warped(picture=output, head=placed.head, target=placed.target)

    def placed(self, motion: RigMotion) -> Placed:
        """Where everything goes, within what keeps the head whole."""
        if head_motion(self._face, motion).moves:
            self.prepare()
        motion = self._limits.keep(motion)
        head = head_motion(self._face, motion)
        asked = target_landmarks(self._face, motion, head)
        target = self._outline.joined(head, asked)
        return Placed(motion=motion, head=head, asked=asked, target=target)

    def planes(self, *, uncovers: bool) -> tuple[NDArray[np.uint8], Pixels | None]:
        """What is warped, (H, W, 4), and what lies behind it; see `engine/kernels/rig_warp.cu`."""
        if self._layers is None or not uncovers:
            return self._opaque, None
        return self._layers.person, self._layers.background

    def _sample(self, output: Pixels, box: Box, x: Map, y: Map, *, uncovers: bool) -> None:
        """Fetch the portrait's pixels along the flow; behind a moving head, the background."""
        left, top, right, bottom = box
        region = output[top:bottom, left:right]
        if self._layers is None or not uncovers:
            cv2.cvtColor(_fetch(self._opaque, x, y), cv2.COLOR_RGBA2RGB, dst=region)
            return
        person = _fetch(self._layers.person, x, y)
        opacity = cv2.extractChannel(person, 3)
        open_to = cv2.cvtColor(cv2.bitwise_not(opacity, dst=opacity), cv2.COLOR_GRAY2RGB)
        background = self._layers.background[top:bottom, left:right]
        behind = cv2.multiply(background, open_to, dst=open_to, scale=1 / 255.0)
        cv2.add(cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), behind, dst=region)

    def layers_above(self, placed: Placed) -> Iterator[Layer]:
        """Eyes and mouth, in the order they are painted."""
        points, motion = placed.target[:, :2], placed.motion
        found = [eye.find_layer(self._size, points) for eye in self._eyes]
        if motion.mouth is None:
            found.append(self._mouth.find_layer(self._size, points))
        else:
            own, of_driver = self._face.landmarks, motion.mouth
            found.append(find_mouth_of_driver(self._size, points, self._picture, own, of_driver))
        return (layer for layer in found if layer is not None)


def _fetch(layer: NDArray[np.uint8], x: Map, y: Map) -> NDArray[np.uint8]:
    fetched = cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, np.uint8)
