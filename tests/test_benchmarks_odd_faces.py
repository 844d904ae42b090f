"""Faces that no tracker was made for: told to be doubtful or found right, and mended by hand."""

import numpy as np
import pytest

from benchmarks.odd_faces.drawing import DRAWN
from engine.faces.by_hand import POINTS, points_of
from engine.faces.mesh_tracker import MeshTracker
from engine.motion import Edit
from engine.portrait_notes import doubts_of
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.portrait import RigPortrait
from stream.enroll.points import face_with

_OFF = 0.1
"""Of the distance of the eyes' outer corners: farther off is worse than a doll's lashes."""

CALLS = {"jawOpen": 0.9, "eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_a_face_that_is_found_badly_is_doubted(name: str) -> None:
    drawn, tracker = DRAWN[name](), MeshTracker()
    found = tracker.find(drawn.picture)
    if found is None:
        return  # which is told, too
    at = points_of(found)
    first, second = (np.array(drawn.points[f"{side}_eye_outer"]) for side in ("right", "left"))
    off = max(float(np.hypot(*np.subtract(at[key], drawn.points[key]))) for key in POINTS)
    if off > _OFF * float(np.linalg.norm(second - first)):
        assert doubts_of(drawn.picture, found, tracker)


@pytest.mark.parametrize("name", DRAWN)
def test_eight_points_alone_make_a_face_that_speaks_and_blinks(name: str) -> None:
    drawn = DRAWN[name]()
    face = face_with(None, drawn.points, drawn.picture)
    for key, at in points_of(face).items():
        np.testing.assert_allclose(at, drawn.points[key], atol=0.05)
    portrait = RigPortrait(drawn.picture, face)
    moved = portrait.render(motion_from_arkit(CALLS), Edit())
    change = np.abs(moved.astype(int) - drawn.picture).mean(axis=2)
    lips, eye = (np.mean([face.landmarks[k, :2] for k in of], axis=0) for of in ((13, 14), (468,)))
    for x, y in (lips + np.array([0.0, 20.0]), eye):
        near = change[int(y) - 8 : int(y) + 9, int(x) - 8 : int(x) + 9]
        assert near.mean() > 5.0, "mouth opens, lids close"
