"""What a user should know of a portrait before it is animated: lines to show, none for most.

A tracker says nothing of how well its landmarks fit: it is as sure of a drawing as of a photograph.
But where it only guesses, it guesses otherwise when the same face is shown turned or smaller.
"""

import logging

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face, Tracker
from engine.faces.topology import LEFT_EYE, LEFT_EYE_OUTER, RIGHT_EYE, RIGHT_EYE_OUTER
from engine.frame import Pixels
from engine.rig.landmarks import relative_lip_gap

logger = logging.getLogger(__name__)

DOUBTFUL = (
    "the face of the portrait was found, but eyes and mouth may be misplaced: "
    "`understudy enroll --points` puts them right, and with a photograph they would fit"
)
OPEN = (
    "the portrait's mouth is open and will not close: "
    "a picture of the same person with closed lips would speak better"
)

_VIEWS = ((0.0, 1.0), (15.0, 1.0), (-15.0, 1.0), (0.0, 0.75))
"""Degrees by which the face is turned, and its size over that of the first view."""

_SIDE_PX, _REACH = 400, 2.4
"""Side of a view, and of what it shows over the face's longer side."""

_WAVERS = 0.0027
"""Mean distance of the eyes' landmarks from their mean over all views, in widths between the outer
corners, after each view's were laid over the first's. In 27 photographs, paintings and frames of
clips at most 0.0021; in drawings with eyes that no human has, 0.0034 to 0.009."""

_OPEN_GAP = 0.25
"""Between the inner lips, over the mouth's width: more than a smile that shows teeth."""

_EYES = [*LEFT_EYE, *RIGHT_EYE]
_LEFT_CORNER, _RIGHT_CORNER = _EYES.index(LEFT_EYE_OUTER), _EYES.index(RIGHT_EYE_OUTER)

Points = NDArray[np.complex128]
"""x + iy: a turn is a product."""


def notes_on(picture: Pixels, face: Face, tracker: Tracker) -> tuple[str, ...]:
    """Lines for the user about a portrait.

    Args:
        picture: the portrait.
        face: its face, as the tracker found it.
        tracker: looks at the face again; it has forgotten everything afterwards.
    """
    notes = []
    if _wavers(picture, face, tracker):
        notes.append(DOUBTFUL)
    if relative_lip_gap(face.landmarks.astype(np.float64)) > _OPEN_GAP:
        notes.append(OPEN)
    return tuple(notes)


def warn_of(picture: Pixels, face: Face, tracker: Tracker) -> None:
    """Log them, where the user reads the log."""
    for note in notes_on(picture, face, tracker):
        logger.warning("%s", note)


def _wavers(picture: Pixels, face: Face, tracker: Tracker) -> bool:
    """Whether the shape of the eyes depends on how the face is shown."""
    seen = [_seen(picture, tracker, face, *view) for view in _VIEWS]
    tracker.reset()
    found = [eyes for eyes in seen if eyes is not None]
    if len(found) < len(_VIEWS) - 1:
        return True
    laid = np.array([_laid_over(eyes, found[0]) for eyes in found])
    width = abs(found[0][_LEFT_CORNER] - found[0][_RIGHT_CORNER])
    return bool(np.abs(laid - laid.mean(axis=0)).mean() > _WAVERS * width)


def _seen(
    picture: Pixels, tracker: Tracker, face: Face, degrees: float, size: float
) -> Points | None:
    """The eyes' landmarks (N,) as found in one view, in its px."""
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
    return np.asarray(again.landmarks[_EYES, :2] @ (1.0, 1.0j), np.complex128)


def _laid_over(points: Points, others: Points) -> Points:
    """Moved, turned and scaled so that they lie nearest to others."""
    own, wanted = points - points.mean(), others - others.mean()
    turn = np.vdot(own, wanted) / np.vdot(own, own).real
    return np.asarray(own * turn + others.mean())
