"""How heads of the portrait's own are learned: whether a gradient knows the rig's flow."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.motion.motion import still_motion
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.head_network import CELLS, FIELDS, run
from engine.rig.warp.layers import head_half_width, split
from engine.rig.warp.own_head import OwnHead
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training.heads import facekit
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer
from training.own_head.learn import Pupil, learn, mean_error
from training.own_head.net import HeadNet, weights_of
from training.own_head.sitters import Sitter, Turn, sitter

SIZE = 256


def pattern() -> Pixels:
    noise = np.random.default_rng(3).uniform(0.0, 255.0, (SIZE, SIZE, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6.0)
    stretched = (smooth - smooth.mean()) * (45.0 / smooth.std()) + 128.0
    return np.asarray(np.clip(stretched, 0.0, 255.0), np.uint8)


def sitter_with(depth: float, yaw: float) -> Sitter:
    """Whose head truly lies so much farther away everywhere around the face, and turns."""
    face, picture = made_face(SIZE), pattern()
    matte = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(matte, (128, 120), (80, 100), 0, 0, 360, 1.0, -1)
    own_face = PortraitFace.from_face(face)
    fields = np.zeros((FIELDS, CELLS, CELLS), np.float32)
    fields[0] = depth
    own = OwnHead(fields, own_face)
    deeper = own.deepened(own_face)
    width = head_half_width(matte, own_face.landmarks)
    flow = PortraitFlow(deeper, (SIZE, SIZE), half_width=width, matte=matte, own=own)
    motion = replace(still_motion(), rotation=np.radians([0.0, yaw, 0.0]))
    head = head_motion(own_face, motion)
    box, x, y = flow.backward(head, target_landmarks(deeper, motion, head))
    layers = split(picture, matte, flow.head.grid)
    truth = layers.background.astype(np.float32)
    person = cv2.remap(layers.person, x, y, cv2.INTER_LINEAR)
    part = truth[box[1] : box[3], box[0] : box[2]]
    part[:] = person[..., :3] + part * (1.0 - person[..., 3:] / 255.0)
    counts = np.ones((SIZE, SIZE), np.float32)
    turn = Turn(truth=truth.astype(np.uint8), counts=counts, motion=motion)
    return Sitter(picture=picture, face=face, matte=matte, turns=[turn])


@pytest.mark.parametrize("depth", [-0.06, 0.06])
@pytest.mark.parametrize("yaw", [-15.0, 15.0])
def test_the_gradient_leads_to_the_head_that_was_shown(depth: float, yaw: float) -> None:
    pupil = Pupil(sitter_with(depth, yaw))
    fields = torch.zeros(1, FIELDS, CELLS, CELLS, requires_grad=True)
    before = pupil.error(fields, pupil.turns[0])
    before.backward()  # type: ignore[no-untyped-call]
    assert fields.grad is not None
    assert float(fields.grad[0, 0].sum()) * depth < 0.0
    way = torch.zeros_like(fields.detach())
    way[0, 0] = depth
    after = pupil.error(way, pupil.turns[0])
    assert float(after) < 0.5 * float(before.detach())


@pytest.mark.slow
@NEEDS_HEADS
def test_one_person_is_learned_in_a_moment(tmp_path: Path) -> None:
    renderer = Renderer(facekit.load(FACEKIT), TRAINING)
    made = sitter(renderer, MeshTracker(), 6000)
    assert made is not None
    pupils = [Pupil(made)]
    torch.manual_seed(0)
    net = HeadNet()
    before = mean_error(net, pupils)
    learn(net, pupils, steps=25)
    assert mean_error(net, pupils) < 0.95 * before
    assert np.isfinite(run(weights_of(net), pupils[0].cells[0].numpy())).all()
