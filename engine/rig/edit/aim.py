"""Where a frame's landmarks are to go: from what its face does to what it shall do.

Both are worked out on the person's rest, and the way between them is laid onto the frame's own
landmarks. Nothing moves where nothing is asked, and where all is asked, nothing of the frame's own
expression is left.
"""

from dataclasses import replace

import numpy as np

from engine.faces.canonical import to_picture
from engine.geometry import Array
from engine.rig.driver.reading import Reading
from engine.rig.edit.expression import Own, asked_ratio
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks

_CLOSED_GAP, _OPEN_GAP = 0.04, 0.12
"""Lip gap of the rest over mouth width: below the first, lips that are to touch do; as in
`warp/target.py`."""


def closes_of(rest: Reading) -> float:
    """How far the person's lips touch at rest, 0..1."""
    return float(np.clip((_OPEN_GAP - rest.lip_gap) / (_OPEN_GAP - _CLOSED_GAP), 0.0, 1.0))


def aimed(rest: Reading, closes: float, face: PortraitFace, own: Own, wish: RigMotion) -> Array:
    """(478, 3) px, picture axes.

    Args:
        rest: the person's face at rest.
        closes: how far its lips touch, 0..1.
        face: the frame's.
        own: what it does.
        wish: what it shall do.
    """
    placement = face.pose.placement
    resting = PortraitFace(
        landmarks=to_picture(placement.apply(rest.points)),
        pose=replace(face.pose, points=rest.points),
        closes=closes,
    )
    head = head_motion(resting, still_motion())
    # Openings as they are seen; as motions they are told from closed lids.
    there = replace(wish, aperture=asked_ratio(own, wish))
    here = replace(own.expression, aperture=own.ratio)
    way = target_landmarks(resting, there, head) - target_landmarks(resting, here, head)
    moved: Array = face.landmarks + way
    return moved
