"""What the person in the bundled driving clip does, second by second.

It starts at rest, because a driver's first moments are taken as the neutral face, and then shows
everything that the product carries over: blinks, a smile, speech, gaze, brows, a wink, a pucker,
and turns of the head.
"""

import numpy as np

from training.heads.factors import Expression, Shapes, Weights
from training.heads.posing import Pose

SECONDS = 10.0
BLINKS_S = (0.85, 2.95, 4.15, 6.05, 7.45)
BLINK_S = 0.17
"""From open to shut; opening takes longer."""

Keys = tuple[tuple[float, float], ...]
"""(second, value); between them the value eases."""

YAW_DEG: Keys = (
    (3.9, 0), (4.5, 20), (4.75, 20), (5.35, -20), (5.6, -20), (6.1, 0),
    (8.6, 0), (8.9, 5), (9.4, 0),
)  # fmt: skip
PITCH_DEG: Keys = ((6.1, 0), (6.5, 11), (6.65, 11), (7.05, -9), (7.2, -9), (7.55, 0))
ROLL_DEG: Keys = (
    (1.0, 0), (1.5, 2.5), (2.1, 0), (7.5, 0), (7.85, 11), (8.0, 11), (8.4, -10), (8.55, -10),
    (8.9, 0),
)  # fmt: skip
SMILE: Keys = ((1.0, 0), (1.4, 0.9), (2.0, 0.9), (2.35, 0), (8.9, 0), (9.3, 0.7), (10, 0.6))
JAW: Keys = (
    (2.3, 0), (2.5, 0.42), (2.66, 0.10), (2.84, 0.52), (3.02, 0.06), (3.18, 0.30), (3.34, 0.12),
    (3.52, 0.40), (3.7, 0), (4.8, 0), (5.0, 0.30), (5.16, 0.05), (5.34, 0.34), (5.55, 0),
)  # fmt: skip
WIDE: Keys = ((2.9, 0), (3.12, 0.6), (3.34, 0), (4.85, 0), (5.02, 0.5), (5.2, 0))
ROUND: Keys = ((2.5, 0), (2.68, 0.45), (2.84, 0), (3.36, 0), (3.5, 0.6), (3.7, 0))
PUCKER: Keys = ((7.9, 0), (8.15, 0.95), (8.4, 0.95), (8.65, 0))
GAZE_X: Keys = (
    (2.0, 0), (2.07, 0.10), (2.3, 0.10), (2.36, 0), (6.62, 0), (6.70, 0.42), (6.98, 0.42),
    (7.08, -0.42), (7.36, -0.42), (7.44, 0),
)  # fmt: skip
GAZE_Y: Keys = ((3.72, 0), (3.78, -0.18), (3.98, -0.18), (4.04, 0))
BROWS_UP: Keys = ((3.55, 0), (3.75, 0.95), (4.1, 0.95), (4.4, 0))
BROWS_DOWN: Keys = ((5.7, 0), (5.95, 0.9), (6.35, 0.9), (6.6, 0))
WINK: Keys = ((9.25, 0), (9.37, 1), (9.52, 1), (9.68, 0))


def eased(keys: Keys, second: float) -> float:
    """The value at a time; constant before the first and after the last key."""
    times = [time for time, _ in keys]
    values = [value for _, value in keys]
    if second <= times[0]:
        return float(values[0])
    if second >= times[-1]:
        return float(values[-1])
    after = int(np.searchsorted(times, second))
    share = (second - times[after - 1]) / (times[after] - times[after - 1])
    share = share * share * (3 - 2 * share)
    return float(values[after - 1] + (values[after] - values[after - 1]) * share)


def expression_at(second: float) -> Expression:
    """The face at a time."""
    smile, wide, rounded = eased(SMILE, second), eased(WIDE, second), eased(ROUND, second)
    pucker, up = eased(PUCKER, second), eased(BROWS_UP, second)
    lips: Weights = {
        "jawOpen": eased(JAW, second),
        "mouthStretch": 0.5 * wide,
        "mouthLowerDown": 0.5 * wide,
        "mouthUpperUp": 0.4 * wide + 0.3 * smile,
        "mouthFunnel": 0.8 * rounded + 0.3 * pucker,
        "mouthPucker": min(1.0, 0.4 * rounded + pucker),
    }
    blink = max(_bump(second - middle) for middle in BLINKS_S)
    return Expression(
        lips=Shapes(weights=lips),
        gaze=(eased(GAZE_X, second), eased(GAZE_Y, second)),
        blink=(max(blink, eased(WINK, second)), blink),
        brows=Shapes(
            weights={
                "browInnerUp": up,
                "browOuterUp": up,
                "browDown": eased(BROWS_DOWN, second),
            }
        ),
        emotion=Shapes(
            weights={"mouthSmile": smile, "cheekSquint": 0.55 * smile, "eyeWide": 0.4 * up}
        ),
    )


def pose_at(second: float) -> Pose:
    """The head at a time: the keys, and a sway so slight that only stillness would be noticed."""
    sway = min(1.0, second / 2)
    return Pose(
        yaw=np.radians(eased(YAW_DEG, second) + 0.6 * sway * np.sin(0.9 * second)),
        pitch=np.radians(eased(PITCH_DEG, second) + 0.6 * sway * np.sin(1.3 * second)),
        roll=np.radians(eased(ROLL_DEG, second) + 0.4 * sway * np.sin(0.7 * second)),
        shift_x=0.12 * sway * float(np.sin(0.8 * second)),
        shift_y=0.05 * sway * float(np.sin(1.7 * second)),
    )


def _bump(offset: float) -> float:
    """A blink's closure around its middle: down fast, up a little slower."""
    half = BLINK_S if offset < 0 else 1.4 * BLINK_S
    share = max(0.0, 1 - abs(offset) / half)
    return min(1.0, 1.1 * share * share * (3 - 2 * share))
