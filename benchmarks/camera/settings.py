"""What `understudy bench camera` is asked to measure, checked before anything is started."""

from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.glass.serving import PORTRAIT

LEAST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """Turns of an echo and the model, before the user's own camera."""

    model: str = "rig"
    backend: str = "auto"
    refine: str = "on"
    portrait: str = str(PORTRAIT)
    size: int = 512
    seconds: float = 8.0
    """Of each turn."""
    rounds: int = 3
    settle_s: float = 2.0
    camera_width: int = 640
    camera_height: int = 480
    port: int = 0

    def __post_init__(self) -> None:
        """Refuse a bad value here, where its name is still known."""
        if self.seconds < LEAST_S:
            raise ValueError(f"seconds must be {LEAST_S:g} or more, got {self.seconds:g}")
        if self.rounds < 1:
            raise ValueError(f"rounds must be 1 or more, got {self.rounds}")
        if self.size % 16 or not 128 <= self.size <= 1024:
            raise ValueError(f"size must be a multiple of 16 in [128, 1024], got {self.size}")

    def asked(self) -> dict[str, object]:
        """What the page is told."""
        return {
            "kinds": ["echo", "model"],
            "seconds": self.seconds,
            "rounds": self.rounds,
            "settle": self.settle_s,
            "width": self.camera_width,
            "height": self.camera_height,
        }

    def as_json(self) -> dict[str, object]:
        """For the record; of the portrait, its name: folders are nobody's business."""
        return {**asdict(self), "portrait": Path(self.portrait).name}
