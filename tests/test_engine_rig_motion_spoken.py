"""Lips by sound touch nothing but the lips."""

import numpy as np
import pytest

from engine.motion import Edit, LipShape
from engine.rig.motion.factors import factor_weights, motion_from_arkit
from engine.rig.motion.mixer import FADE_S, RigMixer
from engine.rig.motion.motion import RigMotion
from tests.motions_made import moving

SECOND = 1_000_000_000


class Says:
    """The same lips at every moment."""

    def __init__(self, shape: LipShape) -> None:
        self.shape = shape
        self.asked: list[int] = []
        self.restarts = 0

    def at(self, captured_ns: int) -> LipShape:
        self.asked.append(captured_ns)
        return self.shape

    def restart(self) -> None:
        self.restarts += 1


SHAPE = LipShape(arkit={"jawOpen": 0.4, "mouthFunnel": 0.3}, contact=0.7)


def mixed(mixer: RigMixer, live: RigMotion | None, at: int = 0) -> RigMotion:
    motion, _ = mixer.mix(live, Edit(), at)
    assert motion is not None
    return motion


def speaking() -> RigMixer:
    mixer = RigMixer()
    mixer.speak(Says(SHAPE))
    mixer.restart()
    return mixer


def test_pose_gaze_blink_and_emotion_stay_untouched() -> None:
    live = moving(8)
    motion = mixed(speaking(), live)
    np.testing.assert_array_equal(motion.rotation, live.rotation)
    np.testing.assert_array_equal(motion.shift, live.shift)
    assert motion.log_scale == live.log_scale
    np.testing.assert_array_equal(motion.aperture, live.aperture)
    weights = factor_weights()
    for factor in ("gaze", "emotion"):
        whole = weights[factor] == 1.0
        assert whole.any()
        np.testing.assert_array_equal(motion.offsets[whole], live.offsets[whole])
    share = (1.0 - weights["lips"])[:, None]
    wanted = motion_from_arkit(dict(SHAPE.arkit)).offsets * weights["lips"][:, None]
    np.testing.assert_allclose(motion.offsets - wanted, live.offsets * share, atol=1e-9)


def test_lips_and_their_contact_are_the_sounds() -> None:
    motion = mixed(speaking(), moving(8))
    assert motion.lip_contact == pytest.approx(SHAPE.contact)
    assert motion.mouth is None
    whole = factor_weights()["lips"] == 1.0
    wanted = motion_from_arkit(dict(SHAPE.arkit)).offsets
    np.testing.assert_allclose(motion.offsets[whole], wanted[whole], atol=1e-9)


def test_lips_speak_though_no_face_is_seen() -> None:
    motion = mixed(speaking(), None)
    assert np.abs(motion.offsets).max() > 0.1
    np.testing.assert_array_equal(motion.rotation, np.zeros(3))


def test_lips_that_change_hands_fade_from_one_to_the_other() -> None:
    mixer, live = RigMixer(), motion_from_arkit({"jawOpen": 0.0, "mouthSmileLeft": 0.5})
    before = mixed(mixer, live)
    mixer.speak(Says(SHAPE))
    steps = [mixed(mixer, live, SECOND + round(k / 60 * SECOND)) for k in range(30)]
    moved = [
        np.abs(b.offsets - a.offsets).max() for a, b in zip([before, *steps], steps, strict=False)
    ]
    assert max(moved) < 0.25
    np.testing.assert_allclose(
        mixed(mixer, live, 2 * SECOND + round(FADE_S * SECOND)).lip_contact, SHAPE.contact
    )
    mixer.release("lips")
    mixed(mixer, live, 4 * SECOND)
    np.testing.assert_allclose(mixed(mixer, live, 5 * SECOND).offsets, live.offsets, atol=1e-9)


def test_a_new_stream_begins_the_sound_anew() -> None:
    lips, mixer = Says(SHAPE), RigMixer()
    mixer.speak(lips)
    mixer.restart()
    assert lips.restarts == 1
