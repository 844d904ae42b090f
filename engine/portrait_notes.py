"""What a user should know of a portrait before it is animated: lines to show, none for most.

A tracker says nothing of how well its landmarks fit: it is as sure of a drawing as of a photograph.
But where it only guesses, it guesses otherwise when the same face is shown turned or smaller.
"""

import logging
from collections.abc import Sequence
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face, Tracker
from engine.faces.topology import LEFT_EYE, LEFT_EYE_OUTER, RIGHT_EYE, RIGHT_EYE_OUTER
from engine.frame import Pixels
from engine.rig.landmarks import INNER_LIPS, relative_lip_gap

logger = logging.getLogger(__name__)

Doubt: TypeAlias = Literal["face", "eyes", "mouth"]
"""What may be off: all of a face that was not even found, or a part of one."""

_ADJUST = (
    "may be off: adjust the points before it moves, on the page or by `understudy enroll --points`"
)
DOUBTFUL: dict[Doubt, str] = {
    "face": f"the face of the portrait was put where it may be, and {_ADJUST}",
    "eyes": f"the eyes of the portrait {_ADJUST}",
    "mouth": f"the mouth of the portrait {_ADJUST}",
}
BOTH_DOUBTFUL = f"eyes and mouth of the portrait {_ADJUST}"
OPEN = (
    "the portrait's mouth is open and will not close: "
    "a picture of the same person with closed lips would speak better"
)

_VIEWS = ((0.0, 1.0), (15.0, 1.0), (-15.0, 1.0), (0.0, 0.75))
"""Degrees by which the face is turned, and its size over that of the first view."""

_SIDE_PX, _REACH = 400, 2.4
"""Side of a view, and of what it shows over the face's longer side."""

_EYES_WAVER = 0.0027
"""Mean distance of the eyes' landmarks from their mean over all views, in widths between the outer
corners, after each view's were laid over the first's. In 27 photographs, paintings and frames of
clips at most 0.0021; in drawings with eyes that no human has, 0.0034 to 0.009."""

_MOUTH_WAVERS, _BELOW_DOUBTED_EYES = 0.0021, 0.0013
"""The same of the lips' landmarks, over the same width. In 27 photographs, paintings, frames of
clips and drawings with a natural face at most 0.0017; in 55 comic faces 0.0014 to 0.0193. Of the
32 of these whose mouth corners were more than 8 % of that width off, 27 are above the first; the
second holds where the eyes waver, and finds all."""

_OUTER_MIDDLES = (61, 0, 291, 17)
"""Of the lips' outer line: the corners and the middles."""

_OPEN_GAP = 0.25
"""Between the inner lips, over the mouth's width: more than a smile that shows teeth."""

_EYES = [*LEFT_EYE, *RIGHT_EYE]
_MOUTH = [*INNER_LIPS, *_OUTER_MIDDLES]
_LOOKED_AT = [*_EYES, *_MOUTH]
_OF_EYES, _OF_MOUTH = slice(len(_EYES)), slice(len(_EYES), None)
_LEFT_CORNER, _RIGHT_CORNER = _EYES.index(LEFT_EYE_OUTER), _EYES.index(RIGHT_EYE_OUTER)

Points = NDArray[np.complex128]
"""x + iy: a turn is a product."""


def doubts_of(picture: Pixels, face: Face, tracker: Tracker) -> tuple[Doubt, ...]:
    """What of a portrait's face may be off: its shape depends on how the face is shown.

    Args:
        picture: the portrait.
        face: its face, as the tracker found it.
        tracker: looks at the face again; it has forgotten everything afterwards.
    """
    views = [_seen(picture, tracker, face, *view) for view in _VIEWS]
    tracker.reset()
    seen = [view for view in views if view is not None]
    if len(seen) < len(_VIEWS) - 1:
        return "eyes", "mouth"
    width = abs(seen[0][_LEFT_CORNER] - seen[0][_RIGHT_CORNER])
    eyes, mouth = ([view[part] for view in seen] for part in (_OF_EYES, _OF_MOUTH))
    doubts: list[Doubt] = []
    if _wavering(eyes) > _EYES_WAVER * width:
        doubts.append("eyes")
    if _wavering(mouth) > (_BELOW_DOUBTED_EYES if doubts else _MOUTH_WAVERS) * width:
        doubts.append("mouth")
    return tuple(doubts)


def doubts_told(doubts: Sequence[Doubt]) -> tuple[str, ...]:
    """What is doubted, as a line for the user; none where nothing is."""
    if len(doubts) > 1:
        return (BOTH_DOUBTFUL,)
    return tuple(DOUBTFUL[doubt] for doubt in doubts)


def notes_on(face: Face) -> tuple[str, ...]:
    """Further lines for the user about a portrait with this face."""
    is_open = relative_lip_gap(face.landmarks.astype(np.float64)) > _OPEN_GAP
    return (OPEN,) if is_open else ()


def warn_of(picture: Pixels, face: Face, tracker: Tracker) -> None:
    """Log them, where the user reads the log."""
    for note in (*doubts_told(doubts_of(picture, face, tracker)), *notes_on(face)):
        logger.warning("%s", note)


def _wavering(seen: Sequence[Points]) -> float:
    """Mean distance, px of the first view, of points (N,) in several views from their mean."""
    laid = np.array([_laid_over(each, seen[0]) for each in seen])
    return float(np.abs(laid - laid.mean(axis=0)).mean())


def _seen(
    picture: Pixels, tracker: Tracker, face: Face, degrees: float, size: float
) -> Points | None:
    """The landmarks (N,) of eyes and mouth as found in one view, in its px."""
    left, top, right, bottom = face.box
    middle = (left + right) / 2.0, (top + bottom) / 2.0
    scale = _SIDE_PX / (_REACH * max(right - left, bottom - top, 1.0)) * size
    to_view = cv2.getRotationMatrix2D(middle, degrees, scale)
    to_view[:, 2] = to_view[:, 2] + _SIDE_PX / 2.0 - middle
    view = cv2.warpAffine(
        picture,
        to_view,
        (_SIDE_PX, _SIDE_PX),
        flags=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    tracker.reset()
    again = tracker.find(np.ascontiguousarray(view, np.uint8))
    if again is None:
        return None
    return np.asarray(again.landmarks[_LOOKED_AT, :2] @ (1.0, 1.0j), np.complex128)


def _laid_over(points: Points, others: Points) -> Points:
    """Moved, turned and scaled so that they lie nearest to others."""
    own, wanted = points - points.mean(), others - others.mean()
    turn = np.vdot(own, wanted) / np.vdot(own, own).real
    return np.asarray(own * turn + others.mean())
