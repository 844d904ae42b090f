"""What the rig renders is read back by the tracker: the portrait does what the motion asked."""

import numpy as np
import pytest

from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import Array
from engine.motion import Edit
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import Reading, read_face
from engine.rig.model import RigModel
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from tests.drawn_faces import drawn_picture
from tests.faces_made import made_face


@pytest.fixture(scope="module")
def tracker() -> MeshTracker:
    return MeshTracker()


@pytest.fixture(scope="module")
def portrait(tracker: MeshTracker) -> RigPortrait:
    picture = drawn_picture()
    tracker.reset()
    face = tracker.find(picture)
    assert face is not None
    return RigModel().enroll(picture, face)


def reread(tracker: MeshTracker, picture: Pixels) -> Reading:
    tracker.reset()
    face = tracker.find(picture)
    assert face is not None
    return read_face(face)


def done(tracker: MeshTracker, portrait: RigPortrait, motion: RigMotion) -> RigMotion:
    """The motion that a tracker sees in the rendered portrait."""
    before = reread(tracker, portrait.still())
    return difference(before, reread(tracker, portrait.render(motion, Edit())))


def gaze_of(motion: RigMotion) -> Array:
    """(3,) mean movement of both irises, cm."""
    return np.asarray(motion.offsets[468:].mean(axis=0))


def test_a_blink_is_seen(tracker: MeshTracker, portrait: RigPortrait) -> None:
    seen = done(tracker, portrait, motion_from_arkit({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}))
    assert seen.aperture.mean() < 0.4
    assert seen.aperture.max() < 0.6


def test_a_wink_shuts_one_eye(tracker: MeshTracker, portrait: RigPortrait) -> None:
    seen = done(tracker, portrait, motion_from_arkit({"eyeBlinkLeft": 1.0}))
    assert seen.aperture[0] < 0.5
    assert seen.aperture[1] > 0.7


def test_an_open_jaw_is_seen(tracker: MeshTracker, portrait: RigPortrait) -> None:
    asked = motion_from_arkit({"jawOpen": 0.7})
    seen = done(tracker, portrait, asked)
    assert seen.offsets[14, 1] == pytest.approx(asked.offsets[14, 1], rel=0.4)


def test_a_smile_widens_the_mouth(tracker: MeshTracker, portrait: RigPortrait) -> None:
    seen = done(tracker, portrait, motion_from_arkit({"mouthSmileLeft": 1.0, "mouthSmileRight": 1}))
    assert seen.offsets[291, 0] - seen.offsets[61, 0] > 0.4


def test_raised_brows_are_seen(tracker: MeshTracker, portrait: RigPortrait) -> None:
    raised = {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}
    seen = done(tracker, portrait, motion_from_arkit(raised))
    assert seen.offsets[[105, 334], 1].mean() > 0.2


@pytest.mark.parametrize(
    ("out", "sign"),
    [(("eyeLookOutLeft", "eyeLookInRight"), 1), (("eyeLookInLeft", "eyeLookOutRight"), -1)],
)
def test_the_eyes_look_aside(
    tracker: MeshTracker, portrait: RigPortrait, out: tuple[str, str], sign: int
) -> None:
    seen = done(tracker, portrait, motion_from_arkit(dict.fromkeys(out, 0.6)))
    assert gaze_of(seen)[0] * sign > 0.1


@pytest.mark.parametrize("yaw", [-14.0, 14.0])
def test_a_turn_is_seen(tracker: MeshTracker, portrait: RigPortrait, yaw: float) -> None:
    asked = difference(read_face(made_face()), read_face(made_face(yaw=yaw)))
    seen = done(tracker, portrait, asked)
    assert np.degrees(seen.rotation[1]) == pytest.approx(yaw, abs=6.0)


def test_rest_is_rest(tracker: MeshTracker, portrait: RigPortrait) -> None:
    seen = done(tracker, portrait, still_motion())
    assert np.abs(seen.offsets).max() < 0.15
    np.testing.assert_allclose(seen.aperture, 1.0, atol=0.1)
