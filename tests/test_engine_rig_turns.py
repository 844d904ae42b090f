"""The bundled driver turns its head by known degrees; the modes show that turn, or none of it."""

import numpy as np
import pytest

from engine.faces.canonical import head_pose
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.geometry import angle_between
from engine.motion import Edit, Mode
from engine.pictures import open_picture
from engine.rig.model import RigModel
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

pytestmark = pytest.mark.slow

EVERY = 12
"""Of the clip's frames: the driver is read at each of these."""
FAR_DEG = 10.0


def turned_deg(first: Face, second: Face) -> float:
    before, after = (head_pose(face).placement.rotation for face in (first, second))
    return float(np.degrees(angle_between(before, after)))


def seen(picture: Pixels) -> Face:
    face = MeshTracker().find(picture)
    assert face is not None
    return face


def test_a_far_turn_is_shown_in_the_modes_with_a_pose_and_in_no_other() -> None:
    tracker, model = MeshTracker(), RigModel()
    frames = [
        (frame, face)
        for _, frame in Clip(ASSETS / "driving.mp4").numbered(lambda number: number % EVERY == 0)
        if (face := tracker.find(frame.pixels)) is not None
    ]
    still_face = frames[0][1]
    turns = [turned_deg(still_face, face) for _, face in frames]
    far = int(np.argmax(turns))
    assert turns[far] > FAR_DEG, "else this proves nothing"
    picture = open_picture(ASSETS / "portrait.png")
    own = seen(picture)
    portrait, driver = model.enroll(picture, own), model.driver()
    driver.calibrate(frames[0][0].pixels, still_face)
    motion = driver.read(frames[far][0].pixels, frames[far][1], 0)
    shown: dict[Mode, float] = {
        mode: turned_deg(own, seen(portrait.render(motion, Edit(mode=mode))))
        for mode in ("expression", "pose", "both")
    }
    assert shown["expression"] < 2.0, shown
    assert shown["pose"] == pytest.approx(turns[far], rel=0.25), shown
    assert shown["both"] == pytest.approx(turns[far], rel=0.25), shown
