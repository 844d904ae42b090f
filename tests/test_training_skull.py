"""Where hair and ears go, against rendered heads that turn."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality.cast import FIRST_PERSON, before_the_camera
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.rig.driver.driver import RigDriver
from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.layers import head_half_width
from engine.rig.warp.skull import SKULL, Recess, Skull
from engine.rig.warp.target import PortraitFace, head_motion
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training import skull
from training.heads import facekit
from training.heads.flow import FlowDrawer
from training.heads.posing import Pose
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer, Rendering

PERSON = FIRST_PERSON + 5
FAR = 2
"""Of the turns by which it is looked for, the farthest."""


def test_the_search_ends_where_the_error_is_least() -> None:
    wanted = replace(SKULL, near=1.2, aside=Recess(behind=-0.07, back=0.3))

    def error(tried: Skull) -> float:
        apart = np.subtract(_numbers(tried), _numbers(wanted))
        return float(np.abs(apart).sum())

    found, least = skull.search(error)
    np.testing.assert_allclose(_numbers(found), _numbers(wanted), atol=0.06)
    assert least == error(found)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(facekit.load(FACEKIT), TRAINING)


@pytest.mark.slow
@NEEDS_HEADS
def test_the_ears_of_a_turned_head_lie_where_they_truly_lie(renderer: Renderer) -> None:
    """By the exact flow of a rendered person, who drives the own picture; in face heights."""
    actor, shot = before_the_camera(renderer, PERSON)
    poses = Pose(), Pose(yaw=0.26), Pose(yaw=-0.26)
    straight, *turned = (renderer.render(actor, replace(shot, pose=pose)) for pose in poses)
    own = _found(straight)
    face = PortraitFace.from_face(own)
    matte = straight.coverage.astype(np.float32) / np.float32(255.0)
    width = head_half_width(matte, face.landmarks)
    rig = PortraitFlow(face, matte.shape, half_width=width, matte=matte)
    driver, drawer = RigDriver(), FlowDrawer(renderer)
    driver.calibrate(straight.picture, own)
    off = []
    for rendering in turned:
        seen, flow = _found(rendering), drawer.between(actor, rendering, straight)
        head = head_motion(face, driver.read(rendering.picture, seen, 0))
        (left, top, right, bottom), x, y = rig.backward(head, head.apply(face.landmarks))
        inside = np.zeros(matte.shape, np.bool_)
        inside[top:bottom, left:right] = True
        rows, columns = np.nonzero(_beside(seen.landmarks, matte.shape) & flow.visible & inside)
        taken = np.stack([x[rows - top, columns - left], y[rows - top, columns - left]], axis=1)
        true = np.stack([columns, rows], axis=1) + flow.displacement[rows, columns]
        off.append(np.median(np.linalg.norm(taken - true, axis=1)) / rig.head.face_height)
    assert np.mean(off) < 0.035, off


def _found(rendering: Rendering) -> Face:
    face = MeshTracker().find(rendering.picture)
    assert face is not None
    return face


@pytest.mark.slow
@NEEDS_HEADS
def test_far_turned_heads_are_nearer_with_silhouettes_that_stay(renderer: Renderer) -> None:
    first = skull.FIRST_PERSON + 100  # nobody of those that the search saw
    without = replace(SKULL, near=0.0, far=0.0)
    found = [
        replace(sitter, turns=[sitter.turns[FAR]])
        for sitter in skull.sitters(renderer, MeshTracker(), range(first, first + 2))
    ]
    ours, of_points = (
        float(np.mean([sitter.error(tried) for sitter in found])) for tried in (SKULL, without)
    )
    assert ours < of_points


def _beside(landmarks: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """(H, W): from the outline a tenth of a face outward, at the height of nose and eyes."""
    outline = np.zeros(size, np.uint8)
    cv2.fillPoly(outline, [np.round(landmarks[list(OVAL), :2]).astype(np.int32)], 1)
    height = float(np.linalg.norm(landmarks[FOREHEAD, :2] - landmarks[CHIN, :2]))
    reach = 2 * round(0.1 * height) + 1
    beside = (cv2.dilate(outline, np.ones((reach, reach), np.uint8)) > 0) & (outline == 0)
    middle = (landmarks[FOREHEAD, 1] + landmarks[CHIN, 1]) / 2.0
    beside[: int(middle - 0.15 * height)] = beside[int(middle + 0.15 * height) :] = False
    return np.asarray(beside)


def _numbers(tried: Skull) -> list[float]:
    recesses = [value for each in (tried.aside, tried.down) for value in (each.behind, each.back)]
    return [*recesses, tried.near, tried.far, tried.crown]
