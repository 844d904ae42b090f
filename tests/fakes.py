"""Small parts that keep the protocols: a face is a disc, and its motion is where the disc went."""

from collections.abc import Mapping

from benchmarks.live.light_model import (
    DISC,
    GROUND,
    DiscTracker,
    Shift,
    ShiftDriver,
    ShiftedPortrait,
    ShiftModel,
    disc_face,
    disc_mask,
    disc_picture,
)
from engine.frame import Frame
from engine.model import Lips, Recording
from engine.motion import Edit, Factor

__all__ = [
    "DISC",
    "GROUND",
    "DiscTracker",
    "Shift",
    "ShiftDriver",
    "ShiftMixer",
    "ShiftModel",
    "ShiftedPortrait",
    "disc_face",
    "disc_frame",
    "disc_mask",
    "disc_picture",
]


class ShiftMixer:
    """Keeps what it is told; a held pose stands still, the rest comes from the driver."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._held: dict[Factor, Shift | None] = {}

    def mix(self, motion: Shift | None, edit: Edit, captured_ns: int) -> tuple[Shift | None, Edit]:
        return self._held.get("pose", motion), edit

    def hold(self, factor: Factor, motion: Shift | None) -> None:
        self.told.append(f"hold {factor}")
        self._held[factor] = motion

    def replay(self, factor: Factor, recording: Recording[Shift]) -> None:
        self.told.append(f"replay {factor}")

    def speak(self, lips: Lips) -> None:
        self.told.append("speak")

    def look_at_camera(self) -> None:
        self.told.append("look at camera")

    def release(self, factor: Factor) -> None:
        self.told.append(f"release {factor}")
        self._held.pop(factor, None)

    def set_sliders(self, values: Mapping[str, float]) -> None:
        self.told.append(f"sliders {dict(values)}")

    def restart(self) -> None:
        """Nothing runs."""


def disc_frame(index: int, centre: tuple[float, float] | None, *, rate: int = 30) -> Frame:
    """Frame number `index` of a stream that shows the disc there, 160 x 120."""
    return Frame(
        pixels=disc_picture(160, 120, centre), captured_ns=round(index * 1_000_000_000 / rate)
    )
