"""What lies before a face: a hand, a microphone, hair. It stays in front, whatever the face does.

A frame at rest, brought to this frame's pose and expression, looks like this frame, but where
something is in front. Skin before skin is missed where its light is the same.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.rig.edit.regions import Board, Mask

_BLUR = 0.025
"""Of both pictures before they are compared, in face heights: registration errs by as much."""
_LEAST, _TIMES_USUAL = 28.0, 4.0
"""Levels, and times the median difference, from which on it is something else."""
_CLOSES, _GROWS, _EDGE = 0.1, 0.05, 0.02
"""In face heights: gaps that are closed, growth, and the soft edge."""
_LEAST_AREA = 0.006
"""Of a face's square: a smaller spot is a shadow."""


def found_in_front(
    board: Board,
    own: NDArray[np.float32],
    again: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]],
    ignored: Mask,
    *,
    outvoted: int = 0,
) -> Mask | None:
    """(h, w) 0..1 on the board; None where nothing is in front.

    Args:
        board: where all of these are drawn.
        own: (h, w, 3) the frame.
        again: what lenders show in this pose, and where; the nearest of them counts.
        ignored: (h, w) lips and eyes, where an expression makes the difference.
        outvoted: so many of the nearest do not count: something may be in front of them, too.
    """
    differences = [_difference(board, own, *each, ignored) for each in again]
    if not differences:
        return None
    rank = min(outvoted, len(differences) - 1)
    hit = np.partition(differences, rank, axis=0)[rank] > 1.0
    hit = _without_spots(hit, _LEAST_AREA * board.face_px**2)
    if not hit.any():
        return None
    mask = cv2.morphologyEx(hit.astype(np.uint8), cv2.MORPH_CLOSE, _disc(board, _CLOSES))
    mask = cv2.dilate(mask, _disc(board, _GROWS)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _EDGE * board.face_px), np.float32)


def _difference(
    board: Board,
    own: NDArray[np.float32],
    again: NDArray[np.float32],
    there: NDArray[np.bool_],
    ignored: Mask,
) -> NDArray[np.float32]:
    """(h, w) over what is usual: above 1 is something else."""
    counted = there & (ignored < 0.5)
    if np.count_nonzero(counted) < 50:
        return np.zeros(there.shape, np.float32)
    sigma = max(_BLUR * board.face_px, 0.8)
    weight = cv2.GaussianBlur(there.astype(np.float32), (0, 0), sigma) + np.float32(1e-3)
    apart = cv2.GaussianBlur((own - again) * there[..., None], (0, 0), sigma) / weight[..., None]
    # By channel: along rows of three numpy is several times as slow.
    apart = apart - np.median(np.ascontiguousarray(apart[counted].T), axis=1)
    red, green, blue = np.moveaxis(np.abs(apart), -1, 0)
    size = np.maximum(np.maximum(red, green), blue)
    usual = max(_LEAST, _TIMES_USUAL * float(np.median(size[counted])))
    return np.asarray(np.where(counted, size / usual, 0.0), np.float32)


def _without_spots(hit: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hit.astype(np.uint8))
    kept = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= least]
    return np.isin(labels, kept)


def _disc(board: Board, reach: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(reach * board.face_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
