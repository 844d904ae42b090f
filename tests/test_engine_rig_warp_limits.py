"""However far a driver moves, the portrait's head stays whole and inside its picture."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.mesh_tracker import MeshTracker
from engine.faces.segmentation import PersonSegmenter
from engine.framing import fit_portrait
from engine.geometry import Array
from engine.pictures import open_picture
from engine.rig.landmarks import CHIN, FOREHEAD
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.layers import Matte, head_half_width, trusted
from engine.rig.warp.limits import HeadLimits
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face, textured
from tests.rig_made import person

ASSETS = Path(__file__).parents[1] / "stream" / "assets"
MEDIA = Path(__file__).parents[2] / "shared" / "media" / "portraits"
BUNDLED = [ASSETS / "portrait.png", *sorted((ASSETS / "portraits").glob("*.png"))]
OTHERS = sorted(MEDIA.glob("*.*"))

EXTREMES = [
    corner
    for corner in product((-60, 0, 60), (-45, 0, 45), (-50, 0, 50), (-30, 0, 30), (-30, 0, 30))
    if sum(value != 0 for value in corner) != 2
][::5]
"""Yaw, pitch, roll in degrees, shift right and down in cm: a part of the grid, each with a size."""


def motion(
    yaw: float = 0, pitch: float = 0, roll: float = 0, x: float = 0, y: float = 0, size: float = 0
) -> RigMotion:
    rotation = np.radians([pitch, yaw, roll])
    return replace(still_motion(), rotation=rotation, shift=np.array([x, y]), log_scale=size)


class Warped:
    """Where a portrait's person goes, without eyes and mouth: the geometry alone."""

    def __init__(self, face: PortraitFace, matte: Matte) -> None:
        half_width = head_half_width(matte, face.landmarks)
        size = matte.shape[0], matte.shape[1]
        self.face, self.matte = face, matte
        self.limits = HeadLimits(face, size, half_width=half_width)
        self.flow = PortraitFlow(face, size, half_width=half_width, matte=matte)
        top, chin = face.landmarks[FOREHEAD, :2], face.landmarks[CHIN, :2]
        self.middle, self.height = (top + chin) / 2.0, float(np.linalg.norm(chin - top))

    def moved(self, wanted: RigMotion) -> tuple[NDArray[np.bool_], Array, float]:
        """Where the person is then, its landmarks, and the head's most folded spot.

        The last is the least area of a part of the output in the portrait, over its own; a fold is
        negative. Only the head counts, from the chin up: a collar may be creased.
        """
        kept = self.limits.keep(wanted)
        head = head_motion(self.face, kept)
        target = target_landmarks(self.face, kept, head)
        (left, top, right, bottom), x, y = self.flow.backward(head, target)
        shown = self.matte.copy()
        part = cv2.remap(self.matte, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shown[top:bottom, left:right] = part
        return shown > 0.5, target, self._least_area(self.flow.head.backward(head, target))

    def _least_area(self, field: NDArray[np.float32]) -> float:
        grid = self.flow.head.grid
        along = np.diff(field, axis=1)[:-1] / grid.spacing
        down = np.diff(field, axis=0)[:, :-1] / grid.spacing
        area = (1 + along[..., 0]) * (1 + down[..., 1]) - along[..., 1] * down[..., 0]
        source = (grid.points + field)[:-1, :-1]
        away = (source - self.middle) / self.height
        is_head = np.hypot(away[..., 0] / 0.42, away[..., 1] / 0.55) < 1.0
        return float(area[is_head].min())


def fragments(shown: NDArray[np.bool_]) -> int:
    """Pixels of the person that don't hang together with most of it."""
    areas = cv2.connectedComponentsWithStats(shown.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return int(areas.sum() - areas.max())


def outside(target: Array, shape: tuple[int, ...]) -> float:
    """How far the face reaches over the picture's border, in px."""
    low, high = target[:468, :2].min(axis=0), target[:468, :2].max(axis=0)
    return float(max((-low).max(), (high - (shape[1] - 1, shape[0] - 1)).max(), 0.0))


def check(warped: Warped) -> None:
    shown, target, _ = warped.moved(still_motion())
    loose, out = fragments(shown), outside(target, shown.shape)
    for index, corner in enumerate(EXTREMES):
        shown, target, least_area = warped.moved(motion(*corner, size=(-0.8, 0.0, 0.8)[index % 3]))
        assert fragments(shown) <= loose + 0.004 * shown.sum(), corner
        assert outside(target, shown.shape) <= out + 1.0, corner
        assert least_area > 0.0, corner


def portrait_of(path: Path, framing: str) -> Warped:
    tracker = MeshTracker()
    picture = open_picture(path)
    face = tracker.find(picture)
    assert face is not None
    fitted, face = fit_portrait(picture, face, frame=framing, size=256)  # type: ignore[arg-type]
    matte = PersonSegmenter().matte(fitted, face.box)
    own = PortraitFace.from_face(face)
    assert trusted(matte, own.landmarks)
    return Warped(own, matte)


def test_motion_in_the_normal_range_passes_unchanged() -> None:
    warped = Warped(PortraitFace.from_face(made_face()), person())
    for wanted in (
        still_motion(),
        motion(yaw=25),
        motion(yaw=-18, pitch=12),
        motion(pitch=-18),
        motion(roll=16, x=1.5),
        motion(x=2.0, y=-1.5, size=0.1),
        motion(size=-0.12),
    ):
        kept = warped.limits.keep(wanted)
        np.testing.assert_array_equal(kept.rotation, wanted.rotation)
        np.testing.assert_array_equal(kept.shift, wanted.shift)
        assert kept.log_scale == wanted.log_scale


def test_beyond_it_the_head_goes_on_ever_slower_and_never_back() -> None:
    warped = Warped(PortraitFace.from_face(made_face()), person())
    for one in ({"yaw": 1.0}, {"pitch": -1.0}, {"roll": 1.0}, {"x": 0.5}, {"y": 0.5}):
        kept = [
            warped.limits.keep(motion(**{name: step * sign for name, sign in one.items()}))
            for step in range(150)
        ]
        far = np.array([np.linalg.norm([*each.rotation, *each.shift]) for each in kept])
        steps = np.diff(far)
        assert (steps >= -1e-9).all()
        assert (np.diff(steps) <= 1e-9).all()
        assert steps[-1] < 0.01 * steps[0]


@pytest.mark.parametrize("own", [-35.0, -20.0, 20.0, 35.0])
def test_a_face_in_three_quarter_view_turns_to_the_front_and_not_much_farther_away(
    own: float,
) -> None:
    """Bounds against its own pose alone would turn it into a profile, which it does not show."""
    face = PortraitFace.from_face(made_face(yaw=own))
    ahead = face.pose.placement.rotation[:, 2]
    side = np.sign(ahead[0])  # of the picture that it looks to
    limits = HeadLimits(face, (256, 256))
    away = abs(np.degrees(limits.keep(motion(yaw=80.0 * side)).rotation[1]))
    back = abs(np.degrees(limits.keep(motion(yaw=-80.0 * side)).rotation[1]))
    assert away > 5.0
    assert abs(own) + away < 43.0
    assert min(abs(own), 21.0) < back < 36.0
    straight = HeadLimits(PortraitFace.from_face(made_face()), (256, 256))
    assert abs(straight.keep(motion(yaw=80.0)).rotation[1]) > np.radians(34.5)


def test_a_made_head_stays_whole_and_in_the_picture() -> None:
    check(Warped(PortraitFace.from_face(made_face()), person()))


def test_what_is_rendered_is_within_the_bounds() -> None:
    portrait = RigPortrait(textured(), made_face(), person)
    for wanted in (motion(x=40), motion(y=-40), motion(roll=90), motion(yaw=80, size=1.0)):
        warped = portrait.warp(wanted)
        assert outside(warped.target, warped.picture.shape) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_every_bundled_head_stays_whole_and_in_the_picture(path: Path) -> None:
    check(portrait_of(path, "face"))


@pytest.mark.slow
@pytest.mark.skipif(not OTHERS, reason=f"needs the portraits of {MEDIA}")
@pytest.mark.parametrize("framing", ["face", "full"])
@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_every_other_head_stays_whole_and_in_the_picture(path: Path, framing: str) -> None:
    check(portrait_of(path, framing))
