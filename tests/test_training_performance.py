"""The script of the bundled driving clip."""

import numpy as np
import pytest

from training.heads import performance
from training.heads.expression import facekit_weights

SIDED = tuple(
    f"{name}_{side}"
    for name in (
        "browDown", "browInnerUp", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown",
        "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthLowerDown",
        "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp",
    )
    for side in "LR"
)  # fmt: skip
NAMES = ("jawOpen", "mouthPucker", "mouthFunnel", "mouthRollLower", "mouthRollUpper", *SIDED)


def weights() -> dict[str, np.ndarray]:
    times = np.arange(0, performance.SECONDS, 1 / 30)
    rows = [facekit_weights(performance.expression_at(float(t)), NAMES) for t in times]
    return dict(zip(NAMES, np.array(rows).T, strict=True))


def test_it_begins_with_a_resting_face_that_looks_ahead() -> None:
    drawn = weights()
    first_frames = slice(0, 18)
    assert max(values[first_frames].max() for values in drawn.values()) == 0
    pose = performance.pose_at(0.3)
    assert abs(np.degrees([pose.yaw, pose.pitch, pose.roll])).max() < 0.5


def test_it_shows_what_the_product_carries_over() -> None:
    drawn = weights()
    for name in ("mouthSmile_L", "browInnerUp_L", "browDown_R", "mouthPucker", "eyeBlink_R"):
        assert drawn[name].max() > 0.8, name
    assert drawn["jawOpen"].max() > 0.45
    wink = (drawn["eyeBlink_L"] > 0.9) & (drawn["eyeBlink_R"] < 0.1)
    assert wink.sum() >= 4
    poses = [performance.pose_at(t / 30) for t in range(300)]
    yaws = np.degrees([pose.yaw for pose in poses])
    assert yaws.max() > 18
    assert yaws.min() < -18
    gazes = np.array([performance.expression_at(t / 30).gaze for t in range(300)])
    assert gazes[:, 0].max() > 0.4
    assert gazes[:, 0].min() < -0.4


def test_nothing_jumps() -> None:
    drawn = weights()
    for name, values in drawn.items():
        limit = 0.55 if name.startswith("eyeBlink") else 0.3  # a lid falls in a tenth of a second
        limit = 0.7 if name.startswith("eyeLook") else limit  # gaze leaps
        assert np.abs(np.diff(values)).max() < limit, name
    yaws = [np.degrees(performance.pose_at(t / 30).yaw) for t in range(300)]
    assert np.abs(np.diff(yaws)).max() < 4


@pytest.mark.parametrize(("second", "value"), [(0, 1.0), (1, 1.0), (2, 2.0), (3, 3.0), (9, 3.0)])
def test_values_ease_between_keys_and_hold_outside(second: float, value: float) -> None:
    assert performance.eased(((1, 1.0), (3, 3.0)), second) == pytest.approx(value)
