"""One frame with another expression: its own pixels where they serve, lent ones where not.

The face's own skin is warped to the new expression. Lips and eyes that cannot stay come from a
frame at rest, in this frame's pose and light; the mouth's inside comes from its lender. Whatever
lies in front of the face stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.editing import Box, Patch
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.edit import regions
from engine.rig.edit.grain import with_grain_of
from engine.rig.edit.in_front import found_in_front
from engine.rig.edit.lent import Lent
from engine.rig.edit.regions import Board, Mask
from engine.rig.motion.motion import still_motion
from engine.rig.paint.blend import Layer
from engine.rig.paint.driver_mouth import find_mouth_of_driver
from engine.rig.paint.light import light_of
from engine.rig.paint.mouth import mouth_painter
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.outline import Outline
from engine.rig.warp.target import PortraitFace, head_motion

Colours = NDArray[np.float32]

_STILL_PX = 0.02
"""A face whose landmarks move less stays as it is."""
_LIGHT = 0.12
"""Standard deviation, in face heights, over which lent skin takes the frame's own light."""
_RIM = 0.02
"""In face heights: how far inside of what a lender shows it begins to be shown."""
_LEAST = 0.01
"""A weight below this is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Needs:
    """What a frame takes from where."""

    target: Array
    """(478, 3) px of the cut: where the face's landmarks are to go."""
    lips: Sequence[tuple[Lent, float]]
    """Whose lips at rest, and their shares, which sum to 1."""
    lips_go: float
    """How far the frame's own lips are replaced by them, 0..1."""
    eyes: Sequence[tuple[Lent, float]]
    eyes_go: float
    mouths: Sequence[tuple[Lent | None, float]]
    """Whose mouth is seen inside, None for the drawn one, and their shares."""
    mouth_shown: float
    """How far that is laid over what the lips' warp shows, 0..1."""


def retouched(own: Lent, needs: Needs) -> Patch | None:
    """The frame's patch, in pixels of its cut; None where nothing changes."""
    face = PortraitFace.from_face(own.face)
    asked = needs.target
    goes = max(needs.lips_go, needs.eyes_go) > _LEAST
    if not goes and float(np.abs(asked - own.landmarks).max()) < _STILL_PX:
        return None
    pixels = own.cut.pixels
    size = pixels.shape[0], pixels.shape[1]
    head = head_motion(face, still_motion())
    target = Outline(own.landmarks).joined(head, asked)
    board = Board.on(_patch_box(own.landmarks, target, size), regions.face_height(own.landmarks))
    shown = pixels.copy()
    box, x, y = PortraitFlow(face, size, half_width=None).backward(head, target, asked)
    shown[box[1] : box[3], box[0] : box[2]] = cv2.remap(
        pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    left, top, right, bottom = board.box
    new = shown[top:bottom, left:right].astype(np.float32)
    lent: Mask = np.zeros(new.shape[:2], np.float32)
    if needs.lips_go > _LEAST:
        part = board.around(regions.LOWER_FACE, target, regions.LOWER_FACE_REACH)
        share = regions.lower_face(part, target) * np.float32(needs.lips_go)
        laid = _lay_over(_view(new, board, part), needs.lips, share, part, own, target)
        _note(lent, board, part, laid)
    if needs.eyes_go > _LEAST:
        part = board.around(regions.EYE_POINTS, target, regions.EYE_REACH)
        share = regions.eyes(part, target) * np.float32(needs.eyes_go)
        laid = _lay_over(
            _view(new, board, part), needs.eyes, share, part, own, target, with_eyes=True
        )
        _note(lent, board, part, laid)
    _lay_mouth(new, lent, board, own, needs, target)
    with_grain_of(pixels[top:bottom, left:right], new, lent)
    mask: Mask = regions.whole_face(board, own.landmarks, target)
    front = _in_front(board, own, needs)
    covered = 0.0
    if front is not None:
        covered = float((front * mask).sum() / max(float(mask.sum()), 1e-6))
        mask = np.asarray(mask * (1.0 - np.minimum(front, 1.0)), np.float32)
    return Patch(
        box=board.box,
        own=pixels[top:bottom, left:right],
        new=new,
        mask=board.full(mask),
        covered=covered,
    )


def _patch_box(own: Array, target: Array, size: tuple[int, int]) -> Box:
    """Where `regions.whole_face` may be above 0, with an even corner."""
    reach = (regions.WIDENED + 0.12) * regions.face_height(own) + 4.0
    reach += float(np.abs(target - own)[:, :2].max())
    points = np.vstack([own[:468, :2], target[:468, :2]])
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    left, top = (max(int(value), 0) // 2 * 2 for value in low)
    right, bottom = min(int(high[0]) + 2, size[1]), min(int(high[1]) + 2, size[0])
    return left, top, right, bottom


def _view(new: NDArray[np.float32], board: Board, part: Board) -> NDArray[np.float32]:
    """Where a smaller board lies in what is painted."""
    left, top = board.box[:2]
    x0, y0, x1, y1 = part.box
    return new[y0 - top : y1 - top, x0 - left : x1 - left]


def _note(lent: Mask, board: Board, part: Board, laid: Mask) -> None:
    """Where pixels of a smaller board are another frame's."""
    view = _view(lent, board, part)
    np.maximum(view, laid, out=view)


def _lay_over(
    new: Colours,
    lenders: Sequence[tuple[Lent, float]],
    mask: Mask,
    board: Board,
    own: Lent,
    target: Array,
    *,
    with_eyes: bool = False,
) -> Mask:
    """Blend lent pixels into a board's box, in the light of what they are laid over.

    Returns (h, w) how far each pixel is a lent one.
    """
    colours: Colours = np.zeros_like(new)
    where: Mask = np.zeros(new.shape[:2], np.float32)
    for lent, share in lenders:
        placed, covered = _placed(lent, target, board, own, with_eyes=with_eyes)
        colours += placed * np.float32(share)
        where += covered * np.float32(share)
    mask = mask * _softened(board, board.reduced(where))
    skin = mask.copy()
    skin *= np.float32(1.0) - regions.features(board, own.landmarks, target)
    apart = (board.reduced(new) - board.reduced(colours)) * skin[..., None]
    sigma = _LIGHT * board.face_px
    weight = cv2.GaussianBlur(skin, (0, 0), sigma)[..., None] + np.float32(1e-3)
    light = cv2.GaussianBlur(apart, (0, 0), sigma) / weight
    colours += board.full(light)
    colours -= new
    laid = board.full(mask)
    colours *= cv2.merge((laid, laid, laid))  # numpy is slow along rows of three
    new += colours
    return laid


def _softened(board: Board, seen: Mask) -> Mask:
    """Where lenders show skin well, with a soft edge inside of it."""
    reach = 2 * round(_RIM * board.face_px) + 1
    inner = cv2.erode(seen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(cv2.GaussianBlur(inner, (0, 0), _RIM * board.face_px), np.float32)


def _placed(
    lent: Lent, target: Array, board: Board, own: Lent, *, with_eyes: bool
) -> tuple[Pixels, Mask]:
    """What a lender shows with its landmarks at `target`, in the board's box, and how well."""
    if not with_eyes:
        return lent.placed(lent.cut.pixels, target, board.box)
    placed, covered = lent.placed(lent.lidded, target, board.box)
    left, top, right, bottom = board.box
    height, width = own.cut.pixels.shape[:2]
    # Painters know whole pictures only; around the box nothing is looked at.
    whole = np.zeros((height, width, 3), np.uint8)
    whole[top:bottom, left:right] = placed
    for eye in lent.eyes:
        layer = eye.find_layer((height, width), target[:, :2])
        if layer is not None:
            layer.paint(whole)
    return whole[top:bottom, left:right], covered


def _lay_mouth(
    new: Colours, lent: Mask, board: Board, own: Lent, needs: Needs, target: Array
) -> None:
    """What is seen between the lips; the second of two lenders fades over the first."""
    shown = max(needs.mouth_shown, needs.lips_go)
    if shown <= _LEAST:
        return
    left_over = 0.0
    for lender, share in sorted(needs.mouths, key=lambda each: -each[1]):
        left_over += share
        layer = _mouth_of(lender, own, target)
        if layer is not None:
            _paint(new, lent, board, layer, shown * share / left_over)


def _mouth_of(lender: Lent | None, own: Lent, target: Array) -> Layer | None:
    pixels = own.cut.pixels
    size, points = (pixels.shape[0], pixels.shape[1]), target[:, :2]
    if lender is None:
        return mouth_painter(pixels, own.landmarks[:, :2]).find_layer(size, points)
    lent = lender.cut.pixels, lender.face
    of_lender = light_of(lender.cut.pixels, lender.landmarks)
    return find_mouth_of_driver(size, points, lent, light_of(pixels, own.landmarks), of_lender)


def _paint(new: Colours, lent: Mask, board: Board, layer: Layer, share: float) -> None:
    """Blend a layer of the cut into the board's box; what it covers is lent."""
    low = np.maximum(layer.box[:2], board.box[:2])
    high = np.minimum(layer.box[2:], board.box[2:])
    if (high <= low).any():
        return
    inside, there = (
        (slice(low[1] - top, high[1] - top), slice(low[0] - left, high[0] - left))
        for left, top in (layer.box[:2], board.box[:2])
    )
    region, mask = new[there], layer.mask[inside] * np.float32(share)
    region += (layer.colours[inside] - region) * mask
    np.maximum(lent[there], mask[..., 0], out=lent[there])


def _in_front(board: Board, own: Lent, needs: Needs) -> Mask | None:
    left, top, right, bottom = board.box
    lenders = {id(lent): lent for lent, _ in (*needs.lips, *needs.eyes)}
    again = [lent.small(own.landmarks, board.box, board.scale) for lent in lenders.values()]
    return found_in_front(
        board,
        board.reduced(own.cut.pixels[top:bottom, left:right]),
        again,
        regions.openings(board, own.landmarks),
    )
