"""A portrait that the rig can move: its own pixels, warped to where the motion takes them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.motion import MODES, Edit, Mode
from engine.rig.bank.bank import NOTHING, Bank, Memory, share_of, stretched
from engine.rig.bank.places import LIDS, MOUTH, UPPER_FACE, Place
from engine.rig.glasses import Glasses
from engine.rig.motion.factors import edited
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.blend import Layer
from engine.rig.paint.cheeks import CheekPainter, cheek_painters
from engine.rig.paint.comic_lids import comic_lids, with_open_lids
from engine.rig.paint.driver_mouth import find_mouth_of_driver
from engine.rig.paint.eyes import eye_painters
from engine.rig.paint.far_rim import FarRim, far_rims
from engine.rig.paint.glints import find_glints
from engine.rig.paint.lids import without_eyeballs
from engine.rig.paint.mouth import mouth_painter
from engine.rig.paint.mouth_choice import Borrowed, Mouth, borrow
from engine.rig.refine.network import Refiner
from engine.rig.refine.regions import Trusted
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.grid import Box, Map
from engine.rig.warp.layers import (
    Layers,
    Matte,
    fetch,
    head_half_width,
    split,
    trusted,
    with_face,
)
from engine.rig.warp.limits import HeadLimits
from engine.rig.warp.outline import Outline
from engine.rig.warp.own_head import OwnHead, find_own_head
from engine.rig.warp.target import (
    HeadMotion,
    PortraitFace,
    head_motion,
    passed_on,
    target_landmarks,
)
from engine.rig.warp.unseen import Unseen

logger = logging.getLogger(__name__)

_CLOSING = 0.15, 0.45
"""Opening of an eye over the portrait's own between which an eyeball comes to be painted above own
lids: below it they are closed, with lashes of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where a motion takes the portrait."""

    motion: RigMotion
    """What of it keeps the head whole."""
    head: HeadMotion
    """Of the face."""
    rim: HeadMotion
    """Of what lies around it: hair, ears and neck."""
    next_to: HeadMotion
    """Of what lies around it and next to the face."""
    asked: Array
    """(478, 3) px: where the motion wants the landmarks."""
    target: Array
    """(478, 3) px: where they go, with the outline joined to the head."""
    recalled: Memory = NOTHING
    """What the person's own appearances show there."""
    borrowed: Borrowed | None = None
    """What is seen of the driver's mouth."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warped:
    """The portrait after the geometric stage."""

    picture: Pixels
    """(H, W, 3), the caller's own."""
    head: HeadMotion
    target: Array
    """(478, 3) px: where the landmarks went."""
    trusted: Trusted
    """Where it shows what no network betters."""


@dataclass(slots=True, kw_only=True, eq=False)
class _MadeLate:
    """What the first frame that needs it makes, for all streams of a portrait."""

    find_matte: Callable[[], Matte] | None
    limits: HeadLimits
    face: PortraitFace
    """Its rim lies where the head has it, once the head is known."""
    outline: Outline
    layers: Layers | None = None
    flow: PortraitFlow | None = None


class RigPortrait:
    """Everything of one portrait that doesn't depend on the driving frame."""

    def __init__(
        self,
        picture: Pixels,
        face: Face,
        find_matte: Callable[[], Matte] | None = None,
        refiner: Refiner | None = None,
        appearances: Sequence[Appearance] = (),
        mouth: Mouth = "auto",
    ) -> None:
        """Prepare a portrait.

        Args:
            picture: (H, W, 3) at the output's size.
            face: its face.
            find_matte: finds where the person is, (H, W) in 0..1; None moves one layer, background
                and all. It is called by `prepare`, at the latest when the head moves first.
            refiner: corrects what the geometric stage makes; None leaves it as it is.
            appearances: parts of the same person's face, as other frames show them.
            mouth: what is seen between its lips.
        """
        if mouth in {"driver", "drawn"}:
            appearances = [each for each in appearances if each.part != "mouth"]
        self._picture = np.ascontiguousarray(picture)
        self._size = picture.shape[0], picture.shape[1]
        self._face = PortraitFace.from_face(face)
        landmarks = self._face.landmarks
        self._glasses = Glasses(self._picture, self._face)
        self._glints = find_glints(self._picture, self._face) if self._glasses.are_worn else ()
        self._warped = without_eyeballs(self._picture, landmarks[:, :2])
        for glints in self._glints:
            glints.remove_from(self._warped)
        self._opaque = np.asarray(cv2.cvtColor(self._warped, cv2.COLOR_RGB2RGBA), np.uint8)
        """With a fourth channel: OpenCV samples four twice as fast as three."""
        self._late = _MadeLate(
            find_matte=find_matte,
            limits=HeadLimits(self._face, self._size),
            face=self._face,
            outline=Outline(landmarks),
        )
        self._sides: tuple[FarRim | CheekPainter, ...] = (
            *far_rims(self._warped, self._face),
            *cheek_painters(self._warped, self._face),
        )
        self._eyes = eye_painters(self._picture, landmarks[:, :2])
        self._mouth = mouth_painter(self._picture, landmarks[:, :2], self._face)
        self._comic_lids = comic_lids(self._picture, landmarks[:, :2], self._mouth.ink)
        self._refined = refiner.portrait(self._picture, self._face) if refiner else None
        self._bank = Bank(appearances, self._picture, self._face) if appearances else None
        opened = None if self._bank is None else self._bank.open_mouth
        self._has_own_teeth = opened is not None
        if opened is not None:
            self._mouth = mouth_painter(*opened, self._face)
        self._recalled = NOTHING
        """What the bank showed last."""
        self._mouth_shown = mouth
        self._borrowed: Borrowed | None = None
        """What was seen last of the driver's mouth."""
        self._begins = True
        """Nothing was shown yet."""

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
        late = self._late
        find_matte, late.find_matte = late.find_matte, None
        if find_matte is None:
            return
        matte, landmarks = find_matte(), self._face.landmarks
        if not trusted(matte, landmarks):
            late.flow = self._flow()
            logger.info("no person was cut out of this portrait: its background moves a little")
            return
        matte = with_face(matte, landmarks)
        own = find_own_head(self._face, self._warped, matte)
        late.face = own.deepened(self._face)
        late.outline = Outline(late.face.landmarks)
        width = head_half_width(matte, landmarks)
        late.flow = self._flow(half_width=width, matte=matte, own=own)
        late.limits = HeadLimits(self._face, self._size, half_width=width)
        late.layers = split(self._warped, matte, late.flow.head.grid)

    def for_stream(self) -> Self:
        """Own and driver's mouths ease from frame to frame, so each stream begins with nothing."""
        own = copy(self)
        own._recalled, own._borrowed, own._begins = NOTHING, None, True
        return own

    @property
    def flow(self) -> PortraitFlow:
        """What moves its pixels.

        Made late: a head that is cut out before its first frame has its width by then.
        """
        if self._late.flow is None:
            self._late.flow = self._flow()
        return self._late.flow

    def _flow(
        self,
        *,
        half_width: float | None = None,
        matte: Matte | None = None,
        own: OwnHead | None = None,
    ) -> PortraitFlow:
        unseen = Unseen(self._face.landmarks, self._warped)
        return PortraitFlow(
            self._late.face,
            self._size,
            half_width=half_width,
            matte=matte,
            unseen=unseen,
            own=own,
        )

    @property
    def has_layers(self) -> bool:
        """Whether the person was cut out of the background."""
        return self._late.layers is not None

    def still(self) -> Pixels:
        """The portrait as it is."""
        return self._picture.copy()

    def render(self, motion: RigMotion, edit: Edit) -> Pixels:
        """One output picture: the portrait moved by what the edit leaves of the motion."""
        motion = self.edited(motion, edit)
        warped = self.warp(motion)
        if self._refined is not None and edit.refine:
            self._refined.refine(warped.picture, motion, warped.head, warped.target, warped.trusted)
        return warped.picture

    def edited(self, motion: RigMotion, edit: Edit) -> RigMotion:
        """What the edit leaves of the motion, and of the driver's mouth what may be seen."""
        motion = edited(motion, edit)
        is_allowed = self._mouth_shown == "driver" or (
            self._mouth_shown == "auto" and edit.driver_teeth
        )
        return motion if is_allowed or motion.mouth is None else replace(motion, mouth=None)

    def warp(self, motion: RigMotion) -> Warped:
        """Move the portrait: head field, face mesh, then eyes and mouth on top."""
        placed = self.placed(motion)
        box, x, y = self.flow.backward(placed.rim, placed.target, placed.asked, placed.next_to)
        output = self._picture.copy()
        self._sample(output, box, x, y, uncovers=placed.rim.moves)
        for layer in self.layers_above(placed):
            layer.paint(output)
        trusted = _trusted(placed.recalled, placed.borrowed, is_comic=self._mouth.ink is not None)
        return Warped(picture=output, head=placed.head, target=placed.target, trusted=trusted)

    def placed(self, motion: RigMotion) -> Placed:
        """Where everything goes, within what keeps the head whole. Once a frame: mouths ease."""
        if self._late.find_matte is not None and head_motion(self._face, motion.of_rim).moves:
            self.prepare()
        motion = self._late.limits.keep(motion)
        head, rim = head_motion(self._face, motion), head_motion(self._face, motion.of_rim)
        warped = with_open_lids(self._glasses.held(motion), self._comic_lids)
        asked = target_landmarks(self._late.face, warped, head)
        next_to = passed_on(rim, head, self._face)
        target = self._late.outline.joined(next_to, asked)
        if self._bank is not None:
            self._recalled = self._bank.recall(self._recalled, motion, head, target)
        self._borrowed = borrow(
            self._borrowed,
            motion.mouth,
            self._mouth.width,
            always=self._mouth_shown == "driver",
            begins=self._begins,
        )
        self._begins = False
        return Placed(
            motion=motion,
            head=head,
            rim=rim,
            next_to=next_to,
            asked=asked,
            target=target,
            recalled=self._recalled,
            borrowed=self._borrowed,
        )

    def planes(self, *, uncovers: bool) -> tuple[NDArray[np.uint8], Pixels | None]:
        """What is warped, (H, W, 4), and what lies behind it; see `engine/kernels/rig_warp.cu`."""
        layers = self._late.layers
        if layers is None or not uncovers:
            return self._opaque, None
        return layers.person, layers.background

    def _sample(self, output: Pixels, box: Box, x: Map, y: Map, *, uncovers: bool) -> None:
        """Fetch the portrait's pixels along the flow; behind a moving head, the background."""
        if self._late.layers is not None and uncovers:
            self._late.layers.lay(output, box, x, y)
            return
        left, top, right, bottom = box
        region = output[top:bottom, left:right]
        cv2.cvtColor(fetch(self._opaque, x, y), cv2.COLOR_RGBA2RGB, dst=region)

    def layers_above(self, placed: Placed) -> Iterator[Layer]:
        """Sides of the face, own brows and lids, eyes, glints and mouth, as they are painted."""
        found = [
            *(each.find_layer(self._size, placed.target, placed.head) for each in self._sides),
            self._find_own(UPPER_FACE, placed),
            *(self._find_own(lids, placed) for lids in LIDS),
            *self._eyeballs(placed),
            *self._painted_lids(placed),
            *(glints.find_layer(self._size, placed.head) for glints in self._glints),
            *self._mouths(placed),
        ]
        return (layer for layer in found if layer is not None)

    def _find_own(self, place: Place, placed: Placed) -> Layer | None:
        """What the person's own frames show there, where the bank is trusted."""
        if self._bank is None:
            return None
        return self._bank.find_layer(place, placed.recalled, placed.target, self._size)

    def _eyeballs(self, placed: Placed) -> Iterator[Layer | None]:
        """Painted in the opening of the lids; the person's own closed lids have all there is."""
        apertures = placed.motion.aperture
        for eye, lids, aperture in zip(self._eyes, LIDS, apertures, strict=True):
            closed = 1.0 - float(smoothstep(*_CLOSING, np.asarray(aperture)))
            yield _faded(
                eye.find_layer(self._size, placed.target[:, :2]),
                1.0 - closed * share_of(lids, placed.recalled),
            )

    def _painted_lids(self, placed: Placed) -> Iterator[Layer | None]:
        for lids, aperture in zip(self._comic_lids, placed.motion.aperture, strict=True):
            if lids is not None:
                yield lids.find_layer(self._size, placed.target[:, :2], float(aperture))

    def _mouths(self, placed: Placed) -> Iterator[Layer | None]:
        """The drawn one, the driver's above it, above that their own; but none that is hidden."""
        points, borrowed = placed.target[:, :2], placed.borrowed
        own, of_driver = share_of(MOUTH, placed.recalled), borrowed.share if borrowed else 0.0
        above = own * stretched(placed.recalled) if self._has_own_teeth else 0.0
        is_seen = max(own, of_driver) < 1.0
        is_needed = is_seen or above > 0.0
        drawn = self._mouth.find_layer(self._size, points, placed.head) if is_needed else None
        yield drawn if is_seen else None
        if borrowed is not None and own < 1.0:
            layer = find_mouth_of_driver(
                self._size, points, borrowed.mouth, self._mouth.light, borrowed.light
            )
            yield _faded(layer, of_driver)
        yield self._find_own(MOUTH, placed)
        yield _faded(drawn, above)  # lips stretch well, teeth do not


def _faded(layer: Layer | None, share: float) -> Layer | None:
    if layer is None or share <= 0.0:
        return None
    return layer if share >= 1.0 else replace(layer, mask=layer.mask * np.float32(share))


def _trusted(recalled: Memory, borrowed: Borrowed | None, *, is_comic: bool) -> Trusted:
    """Where the refiner is silent: of flat colours and lines it has seen none, and smudges them."""
    left, right = (max(share_of(lids, recalled), float(is_comic)) for lids in LIDS)
    mouth = max(share_of(MOUTH, recalled), borrowed.share if borrowed else 0.0, float(is_comic))
    return Trusted(mouth=mouth, lids=(left, right))
