"""What of PD-FGC is fixed: its pictures' size, and which numbers of a motion are which factor.

The networks are built for one size: a linear layer of the motion encoder takes 28 x 28 maps, and
the generator doubles 7 pixels five times.
"""

from collections.abc import Mapping
from types import MappingProxyType

from engine.motion import FACTORS, Factor

SIZE = 224
"""Height and width of all pictures, in pixels."""
START = 7
"""Height and width of a portrait's appearance map, where the generator starts."""
PARTS: Mapping[str, int] = MappingProxyType({"lips": 500, "emotion": 30, "eyes": 6, "pose": 6})
"""The codes of a motion in the style's order, and their lengths."""
MOTION = sum(PARTS.values())
"""542: all of a motion."""
MEL_BANDS = 80
MEL_FRAMES = 20
"""Of the log-mel window that the sound encoder hears: 200 ms."""

INDICES: Mapping[Factor, list[int]] = MappingProxyType(
    {
        "lips": list(range(500)),
        "emotion": list(range(500, 530)),
        # Of the six numbers of the eyes two are gaze; known from the authors' demo alone.
        "gaze": [532, 533],
        "blink": [530, 531, 534, 535],
        "pose": list(range(536, 542)),
    }
)
"""Each factor's numbers in a motion."""

assert set(INDICES) == set(FACTORS)
