"""A head of the portrait's own: what the network says of it, and what becomes of that."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.rig.landmarks import CHIN, FOREHEAD, OVAL
from engine.rig.motion.motion import still_motion
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.head_network import CELLS, CHANNELS, FIELDS, run, shipped
from engine.rig.warp.own_head import OwnHead, find_own_head, surroundings
from engine.rig.warp.target import PortraitFace, head_motion, target_landmarks
from tests.faces_made import made_face
from training.own_head.net import HeadNet, weights_of

SIZE = 256
FACE = PortraitFace.from_face(made_face(SIZE))
LANDMARKS = FACE.landmarks
HEIGHT = float(np.linalg.norm(LANDMARKS[FOREHEAD, :2] - LANDMARKS[CHIN, :2]))
PICTURE = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
MATTE = np.ones((SIZE, SIZE), np.float32)


def same_everywhere(*values: float) -> NDArray[np.float32]:
    return np.tile(np.array(values, np.float32)[:, None, None], (1, CELLS, CELLS))


def test_in_numpy_and_in_torch_it_is_the_same_network() -> None:
    torch.manual_seed(0)
    net = HeadNet()
    torch.nn.init.normal_(net.out.weight, std=0.1)
    cells = torch.randn(1, CHANNELS, CELLS, CELLS)
    with torch.no_grad():
        wanted = (net(cells) + net.mirrored(cells))[0] / 2.0
    found = run(weights_of(net), cells[0].numpy())
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-4)


def test_a_mirrored_portrait_has_the_mirrored_head() -> None:
    cells = surroundings(FACE, PICTURE, MATTE)
    mirrored = cells[..., ::-1].copy()
    mirrored[7] *= -1.0
    depth, to_left, to_right = run(shipped(), cells)
    other_depth, other_to_left, other_to_right = run(shipped(), mirrored)
    np.testing.assert_allclose(depth, other_depth[:, ::-1], atol=1e-4)
    np.testing.assert_allclose(to_left, -other_to_right[:, ::-1], atol=1e-4)
    np.testing.assert_allclose(to_right, -other_to_left[:, ::-1], atol=1e-4)


def test_cells_lie_along_the_face_wherever_it_is() -> None:
    """The same face, smaller and elsewhere in a larger picture: the network sees the same."""
    picture = np.full((2 * SIZE, 2 * SIZE, 3), 127, np.uint8)
    matte = np.zeros((2 * SIZE, 2 * SIZE), np.float32)
    cells = surroundings(FACE, picture, matte)
    moved = replace(made_face(SIZE), landmarks=made_face(SIZE).landmarks * 0.7 + 120.0)
    found = surroundings(PortraitFace.from_face(moved), picture, matte)
    within, depth, *places = (5, 6, 7, 8)
    for channel in places:
        np.testing.assert_allclose(found[channel], cells[channel], atol=1e-6)
    assert np.abs(found[within] - cells[within]).mean() < 0.02
    assert np.abs(found[depth] - cells[depth]).mean() < 0.02


def test_the_middle_of_the_face_keeps_the_depth_of_its_landmarks() -> None:
    own = OwnHead(same_everywhere(-0.1, 0.0, 0.0), FACE)
    nose, rim = LANDMARKS[[1], :2], LANDMARKS[[OVAL[8]], :2]
    assert own.at(nose)[0] == pytest.approx(np.zeros(FIELDS))
    assert own.at(rim)[0, 0] == pytest.approx(-0.1, abs=1e-3)
    deeper = own.deepened(FACE)
    np.testing.assert_array_equal(deeper.landmarks[:, :2], LANDMARKS[:, :2])
    assert deeper.landmarks[1, 2] == pytest.approx(LANDMARKS[1, 2])
    nearer = (LANDMARKS[OVAL[8], 2] - deeper.landmarks[OVAL[8], 2]) / HEIGHT
    assert 0.02 < nearer < 0.1, "the rim goes part of the way"
    still = head_motion(FACE, still_motion())
    at_rest, before = (target_landmarks(each, still_motion(), still) for each in (deeper, FACE))
    np.testing.assert_allclose(at_rest[:, :2], before[:, :2], atol=1e-6)


def beside(yaw: float, *fields: float) -> float:
    """Where in the portrait that comes from which a turn shows right beside the face, px aside."""
    motion = replace(still_motion(), rotation=np.radians([0.0, yaw, 0.0]))
    head, own = head_motion(FACE, motion), OwnHead(same_everywhere(*fields), FACE)
    flow = PortraitFlow(FACE, (SIZE, SIZE), half_width=0.6, matte=MATTE * 0.0, own=own)
    field = flow.head.backward(head, target_landmarks(FACE, motion, head))
    place = LANDMARKS[list(OVAL), :2].max(axis=0) * (1.0, 0.0) + (0.1 * HEIGHT, LANDMARKS[1, 1])
    node = np.argmin(np.linalg.norm(flow.head.grid.points - place, axis=-1))
    return float(field.reshape(-1, 2)[node, 0])


def test_what_lies_nearer_goes_farther_and_silhouettes_go_by_the_turns_square() -> None:
    assert beside(20.0, -0.1, 0, 0) < beside(20.0, 0, 0, 0) - 2.0
    assert beside(-20.0, -0.1, 0, 0) > beside(-20.0, 0, 0, 0) + 2.0
    farther = (0.0, 0.0, 0.3)
    assert beside(20.0, *farther) < beside(20.0, 0, 0, 0) - 2.0
    assert beside(-20.0, *farther) == pytest.approx(beside(-20.0, 0, 0, 0), abs=1e-3)


def test_a_portrait_is_the_same_for_a_head_at_rest() -> None:
    own = find_own_head(FACE, PICTURE, MATTE)
    flow = PortraitFlow(own.deepened(FACE), (SIZE, SIZE), half_width=0.6, matte=MATTE, own=own)
    head = head_motion(FACE, still_motion())
    assert not flow.head.backward(head, LANDMARKS).any()
