"""A picture, and the moment its light hit the sensor."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""(H, W, 3), RGB, 0..255, C-contiguous."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture on its way from a source to a sink."""

    pixels: Pixels
    captured_ns: int
    """time.monotonic_ns() at capture, or the presentation time of a file's frame; never changed
    later, so that end-to-end latency is one subtraction at the sink."""
    stages_ns: dict[str, int] = field(default_factory=dict)
    """Duration of each stage that has handled the frame, in the order they ran."""

    def with_pixels(self, pixels: Pixels) -> "Frame":
        """The same moment, shown by another picture; the stage record goes along."""
        return Frame(pixels=pixels, captured_ns=self.captured_ns, stages_ns=self.stages_ns)
