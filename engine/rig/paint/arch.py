"""A row of teeth on its arch: turned with the head, and with the jaw, as an arch is seen.

The drawing is of the arch from straight ahead. What lies farther back moves aside when the head
turns, so one side is spread out and the other folds behind the front teeth; of a jaw that opens,
the back comes up beside the tongue.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import Array
from engine.rig.paint.blend import blend_rgba
from engine.rig.paint.teeth import ARCH_DEPTH_MM, ARCH_HALF_WIDTH_MM
from engine.rig.warp.grid import Box

Texture = NDArray[np.float32]
"""(h, w, 4): RGB 0..255 and opacity 0..1, not premultiplied."""

_STEP = 0.02
"""Of the way of what lies a mouth width farther back, in mouth widths: less is not seen, since what
is seen of teeth is no farther back than a third of that."""

_UP_STEP = 0.05
"""The same of what a jaw's fall brings up: nearer the front, less of it is seen."""

_KEPT = 48
"""Turned rows that are kept, at most: a head that holds still, and a jaw that speaks, come back to
them."""

FARTHEST = 0.6
"""Of that way: beyond, a profile is seen, and no mouth."""

_SPREAD = 0.6
"""How far the near side of a turned arch reaches beyond the drawing, in its widths, over that way:
as far as a corner of the mouth."""

_ASIDE = 0.65
"""Of its light, what a tooth keeps that is turned away to its edge."""

_NOWHERE = -1e4
"""A column beside every texture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arch:
    """A dental arch, in mouth widths: how deep it is, and where it is seen from aside."""

    across: Array
    """(N,): from the middle, seen from straight ahead, rising evenly."""
    depth: Array
    """(N,): how far it lies there behind the front teeth."""

    @classmethod
    def of(cls, across: Array, width_per_mm: float) -> "Arch":
        """`width_per_mm`: mouth widths a millimetre."""
        aside = np.clip(across / (ARCH_HALF_WIDTH_MM * width_per_mm), -1.0, 1.0)
        depth = ARCH_DEPTH_MM * width_per_mm * (1.0 - np.sqrt(1.0 - aside**2))
        return cls(across=across, depth=depth)

    def places(self, wanted: Array, behind: float) -> Array:
        """Which place of the arch is seen at `wanted`, as an index; _NOWHERE beside it.

        Args:
            wanted: mouth widths from the middle.
            behind: how far aside something one mouth width farther back is seen.
        """
        seen_at = self.across + behind * self.depth
        # Beyond the farthest point of the arch, teeth show their backs, and the front hides them.
        low, high = int(seen_at.argmin()), int(seen_at.argmax()) + 1
        return np.interp(
            wanted, seen_at[low:high], np.arange(low, high), left=_NOWHERE, right=_NOWHERE
        )

    def at(self, values: Array, places: Array) -> Array:
        """`values` (N,) of the arch at such places."""
        return np.interp(places, np.arange(len(values)), values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A row of teeth in a portrait's size and light."""

    texture: Texture
    """Seen from straight ahead."""
    to_widths: Array
    """(3, 3) from texture px to mouth widths; the middle of the biting edge at the origin."""
    arch: Arch
    """Of the texture's columns."""
    turned: dict[tuple[int, int], tuple[Texture, Array]] = field(default_factory=dict)
    """Rows that were turned, by how many steps."""

    @classmethod
    def of(cls, texture: Texture, to_widths: Array, width_per_mm: float) -> "Row":
        """`width_per_mm`: mouth widths a millimetre of the drawing."""
        across = to_widths[0, 0] * np.arange(texture.shape[1]) + to_widths[0, 2]
        return cls(texture=texture, to_widths=to_widths, arch=Arch.of(across, width_per_mm))

    def lay_over(
        self, canvas: NDArray[np.float32], frame: Array, behind: Array, below: float, box: Box
    ) -> None:
        """Over the canvas (h, w, 3) that fills `box`, in place.

        Args:
            canvas: RGB 0..255.
            frame: (3, 3) from mouth widths to px.
            behind: (2,) mouth widths: where something one mouth width farther back is seen.
            below: the line of the lips, in mouth widths, the biting edge lies.
            box: of the canvas in the picture.
        """
        texture, first = self._seen(*np.clip(behind, -FARTHEST, FARTHEST).tolist())
        place = frame[:2] @ self.to_widths
        place[:, 2] += frame[:2, 1] * below - box[:2] + place[:, :2] @ first
        size = (canvas.shape[1], canvas.shape[0])
        warped = cv2.warpAffine(texture, place, size, flags=cv2.INTER_LINEAR)
        blend_rgba(canvas, np.asarray(warped, np.float32))

    def _seen(self, aside: float, up: float) -> tuple[Texture, Array]:
        """The texture, and the column and row of the drawing it begins at."""
        key = round(aside / _STEP), round(up / _UP_STEP)
        if key == (0, 0):
            return self.texture, np.zeros(2)
        found = self.turned.get(key)
        if found is None:
            found = self._turned(key[0] * _STEP, key[1] * _UP_STEP)
            if len(self.turned) >= _KEPT:  # at once: other streams of this portrait read it, too
                self.turned.clear()
            self.turned[key] = found
        return found

    def _turned(self, aside: float, up: float) -> tuple[Texture, Array]:
        """Anew, as `_seen`."""
        rows, count = self.texture.shape[:2]
        more = int(_SPREAD * abs(aside) * count)
        wanted = self.to_widths[0, 0] * np.arange(-more, count + more) + self.to_widths[0, 2]
        columns = self.arch.places(wanted, aside)
        shift = up / self.to_widths[1, 1] * self.arch.at(self.arch.depth, columns)
        above, below = max(-float(shift.min()), 0.0), max(float(shift.max()), 0.0)
        height = rows + int(above) + int(below) + 1
        map_x = np.broadcast_to(columns.astype(np.float32), (height, len(columns)))
        map_y = np.arange(height, dtype=np.float32)[:, None] - (shift + above).astype(np.float32)
        turned = cv2.remap(self.texture, np.ascontiguousarray(map_x), map_y, cv2.INTER_LINEAR)
        narrowed = 1.0 / np.maximum(np.gradient(columns), 1.0)
        lit = _ASIDE + (1.0 - _ASIDE) * narrowed
        turned[..., :3] *= lit[:, None].astype(np.float32)
        return np.asarray(turned, np.float32), np.array([-float(more), -above])
