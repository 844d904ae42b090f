"""Which appearances are shown from frame to frame: near ones, steadily, or none."""

import numpy as np
import pytest

from engine.rig.bank.retrieval import Recalled, Trust, recall

TRUST = Trust(on=0.9, off=1.2, rest=(0.1, 0.3))
FAR = 5.0


def settled(distances: list[float], own: float = FAR) -> Recalled:
    """After many frames that ask for the same."""
    recalled = None
    for _ in range(30):
        recalled = recall(recalled, np.array(distances), own, TRUST)
    assert recalled is not None
    return recalled


def test_the_first_frame_shows_what_is_nearest_at_once() -> None:
    recalled = recall(None, np.array([0.1, 2.0, 2.0]), FAR, TRUST)
    assert recalled.weights[0] > 0.95
    assert recalled.share == pytest.approx(1.0)


def test_the_portraits_own_face_is_an_appearance_that_pastes_nothing() -> None:
    assert settled([0.8, 0.8], own=0.05).share == 0.0
    assert settled([0.8, 0.8], own=0.31).share < 0.5
    assert settled([0.1, 0.8], own=0.8).share > 0.9


def test_what_was_not_filmed_is_not_trusted_and_the_gate_does_not_chatter() -> None:
    assert settled([1.0, 2.0]).share == 0.0
    open_gate = settled([0.5, 2.0])
    assert recall(open_gate, np.array([1.0, 2.0]), FAR, TRUST).gate == 1.0
    closing = recall(open_gate, np.array([1.3, 2.0]), FAR, TRUST)
    assert 0.0 < closing.gate < 1.0
    assert recall(closing, np.array([1.0, 2.0]), FAR, TRUST).gate < closing.gate


def test_what_is_shown_is_held_against_its_equal() -> None:
    shown = settled([0.4, 0.6, FAR])
    held = recall(shown, np.array([0.5, 0.5, FAR]), FAR, TRUST)
    assert held.weights[0] > held.weights[1]


def test_weights_change_by_no_jump_when_distances_do_not() -> None:
    recalled, before = None, None
    for step in np.linspace(0.0, 1.0, 200):
        distances = np.array([0.2 + step, 1.2 - step, 0.7])
        recalled = recall(recalled, distances, FAR, TRUST)
        if before is not None:
            assert np.abs(recalled.weights - before).max() < 0.2
        before = recalled.weights
