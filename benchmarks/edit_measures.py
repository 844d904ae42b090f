"""What an edited film is measured by: leak, flicker, detail, size, pose, light at the seam."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array, angle_between
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import EYES, OUTER_LIPS

FEATURES = ("lip gap", "mouth width", "smile", "brows", "lids", "gaze")
_APART = 3
"""Frames by which a source is moved at least, for what chance finds."""
_SKIN = (205, 187, 132, 58, 136, 149, 152, 378, 365, 288, 361, 411, 425, 2)
"""The lower face, as a hull; its lips are left out."""
_RIM = (127, 356, 234, 454, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109, 338, 10)
"""Forehead and temples: they tell the head's pose, and no expression moves them."""


def features(face: Face) -> Array:
    """(6,) in cm, but for the gap and the lids, which are ratios; by `FEATURES`."""
    reading = read_face(face)
    points = reading.points
    width = float(np.linalg.norm(points[61] - points[291]))
    smile = float(points[[61, 291], 1].mean() - points[[13, 14], 1].mean())
    brows = float(points[[105, 334], 1].mean() - points[[33, 263], 1].mean())
    middle = (points[[33, 263], 0] + points[[133, 362], 0]) / 2.0
    gaze = float((points[[468, 473], 0] - middle).mean())
    return np.array([reading.lip_gap, width, smile, brows, float(reading.openings.mean()), gaze])


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Of one feature."""

    name: str
    follows: float
    """Correlation of the result with the driver."""
    gain: float
    """Of the driver in the result; 1 is as the driver does it."""
    left: float
    """Of the source's own in the result; 0 is none."""


def leaks(result: Array, driver: Array, source: Array) -> list[Leak]:
    """Regression of the result on driver and source, each (N, 6)."""
    found = []
    for column, name in enumerate(FEATURES):
        both = np.stack([driver[:, column], source[:, column]], axis=1)
        both = both - both.mean(axis=0)
        own = result[:, column] - result[:, column].mean()
        gain, left = np.linalg.lstsq(both, own, rcond=None)[0]
        follows = float(np.corrcoef(driver[:, column], result[:, column])[0, 1])
        found.append(Leak(name=name, follows=follows, gain=float(gain), left=float(left)))
    return found


def chances(takes: Sequence[tuple[Array, Array, Array]]) -> Array:
    """(6,) shares of a source that chance alone finds left, 19 of 20 times no larger.

    `takes` are results, drivers and sources, (N, 6) each. Where the source begins at another
    moment, nothing of it can be in the result; what the regression still finds is chance. A share
    below it is none that could be told: a source who hardly moves has a large one.
    """
    count = min(len(source) for _, _, source in takes)
    found = []
    for moment in range(_APART, count - _APART + 1):
        turned = [(r, d, np.roll(s, moment, axis=0)) for r, d, s in takes]
        result, driver, source = (
            np.concatenate([each - each.mean(axis=0) for each in kind])
            for kind in zip(*turned, strict=True)
        )
        found.append([abs(leak.left) for leak in leaks(result, driver, source)])
    return np.asarray(np.percentile(found, 95, axis=0))


def fine_detail(picture: Pixels, landmarks: NDArray[np.float32]) -> float:
    """Mean size of what a blur of 1.2 px takes away from the lower face's skin, levels."""
    return float(np.abs(fine_skin(picture, landmarks)).mean())


def fine_skin(picture: Pixels, landmarks: NDArray[np.float32]) -> Array:
    """(N,) what a blur of 1.2 px takes away from each pixel of the lower face's skin, levels."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(_rounded(landmarks, _SKIN)), 1)
    cv2.fillConvexPoly(mask, cv2.convexHull(_rounded(landmarks, OUTER_LIPS)), 0)
    grey = picture.astype(np.float32).mean(axis=-1)
    return np.asarray((grey - cv2.GaussianBlur(grey, (0, 0), 1.2))[mask > 0], np.float64)


def region_masks(landmarks: NDArray[np.float32], size: tuple[int, int]) -> dict[str, Array]:
    """Skin, lips and eyes of the first frame of a steadied film, (H, W) bool."""
    lips = np.zeros(size, np.uint8)
    ring = landmarks[list(OUTER_LIPS), :2]
    grown = ring.mean(axis=0) + (ring - ring.mean(axis=0)) * 1.5
    cv2.fillConvexPoly(lips, cv2.convexHull(np.rint(grown).astype(np.int32)), 1)
    eyes = np.zeros(size, np.uint8)
    for eye in EYES:
        points = landmarks[np.concatenate([eye.contour, eye.crease]), :2]
        grown = points.mean(axis=0) + (points - points.mean(axis=0)) * 1.2
        cv2.fillConvexPoly(eyes, cv2.convexHull(np.rint(grown).astype(np.int32)), 1)
    skin = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(skin, cv2.convexHull(_rounded(landmarks, range(468))), 1)
    skin = np.asarray(cv2.erode(skin, np.ones((9, 9), np.uint8)), np.uint8)
    return {
        "skin": (skin > 0) & (lips == 0) & (eyes == 0),
        "lips": lips > 0,
        "eyes": eyes > 0,
    }


def to_first(faces: Sequence[NDArray[np.float32]]) -> list[Array]:
    """(2, 3) of each frame: takes its head's rim to where the first frame has it."""
    first = faces[0][list(_RIM), :2].astype(np.float64)
    return [
        np.asarray(cv2.estimateAffinePartial2D(face[list(_RIM), :2].astype(np.float64), first)[0])
        for face in faces
    ]


def flicker(pictures: Sequence[Pixels], maps: Sequence[Array], mask: Array) -> float:
    """Mean size of a pixel's second difference over time, in levels, once the head stands still.

    A pixel that moves evenly has none; one that jumps there and back has twice its jump.
    """
    size = pictures[0].shape[1], pictures[0].shape[0]
    still = [
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC).astype(np.float32)
        for picture, matrix in zip(pictures, maps, strict=True)
    ]
    apart = [
        np.abs(before - 2.0 * now + after).mean(axis=-1)[mask].mean()
        for before, now, after in zip(still, still[1:], still[2:], strict=False)
    ]
    return float(np.mean(apart))


def rim_moves(own: Pixels, new: Pixels, face: NDArray[np.float32]) -> tuple[float, float]:
    """How far the head's rim is larger and turned, in % and degrees, as its pixels show.

    Hairline, temples and ears of one frame are followed into its edit (Lucas and Kanade).
    """
    points = face[list(_RIM), :2].astype(np.float64)
    middle = face[:468, :2].mean(axis=0)
    spread = [middle + (points - middle) * share for share in (0.98, 1.04, 1.1)]
    start = np.concatenate(spread).astype(np.float32)[:, None]
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (own, new)]
    moved, found, _ = cv2.calcOpticalFlowPyrLK(grey[0], grey[1], start, None, winSize=(15, 15))  # type: ignore[call-overload]
    kept = found[:, 0] > 0
    fit, _ = cv2.estimateAffinePartial2D(start[kept], moved[kept])
    return (
        100.0 * (float(np.hypot(fit[0, 0], fit[1, 0])) - 1.0),
        float(np.degrees(np.arctan2(fit[1, 0], fit[0, 0]))),
    )


def turns(own: Sequence[NDArray[np.float32]], new: Sequence[NDArray[np.float32]]) -> Array:
    """(N,) degrees between the heads before and after."""
    found = []
    for before, after in zip(own, new, strict=True):
        poses = [head_pose(Face(landmarks=face, confidence=1.0)) for face in (before, after)]
        one, other = (pose.placement.rotation for pose in poses)
        found.append(np.degrees(angle_between(one, other)))
    return np.array(found)


def seam(own: Pixels, new: Pixels, mask: NDArray[np.float32]) -> float:
    """Mean change of colour just inside the mask's edge, in levels: what a seam would show."""
    rim = (mask > 0.0) & (mask < 0.05)
    change = np.abs(new.astype(np.float32) - own).max(axis=-1)
    return float(change[rim].mean()) if rim.any() else 0.0


def _rounded(landmarks: NDArray[np.float32], rows: Sequence[int] | range) -> NDArray[np.int32]:
    return np.rint(landmarks[list(rows), :2]).astype(np.int32)
