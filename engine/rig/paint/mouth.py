"""What is seen between parted lips: the portrait's own teeth if it shows any, else a drawn mouth.

Upper teeth stay with the skull, lower teeth go with the jaw, and the lips are a window onto them:
nothing stretches when the mouth opens. The tongue fills what is left.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array, smoothstep
from engine.rig.landmarks import (
    CHIN,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    relative_lip_gap,
)
from engine.rig.paint.arch import FARTHEST, Row
from engine.rig.paint.blend import Layer
from engine.rig.paint.comic import LINE, flat_floor, teeth_band
from engine.rig.paint.light import Light, light_of
from engine.rig.paint.mouth_place import MouthPlace, Seen
from engine.rig.paint.own_mouth import OwnMouth, own_mouth, shows_interior
from engine.rig.paint.style import Style, style_of
from engine.rig.paint.teeth import (
    FLOOR_COLUMNS,
    FLOOR_ROWS,
    FLOOR_WIDTH,
    PER_MM,
    Drawing,
    floor,
    lower_teeth,
    upper_teeth,
)
from engine.rig.paint.window import find_window
from engine.rig.warp.grid import Box
from engine.rig.warp.target import HeadMotion, PortraitFace

_MOUTH_MM, _EYES_MM = 47.0, 91.0
"""Between the corners of the lips, and the outer corners of the eyes: how large teeth are."""

_OUTER_CORNERS = 33, 263
"""Of the eyes."""

_UPPER_EDGE, _SMILING_EDGE = 0.03, 0.045
"""Biting edge of the upper teeth below the line of the closed lips, in mouth widths; in a smile,
whose lips lie flat on the teeth, more of them is seen."""

_WIDENS, _SMILES = 1.07, 1.14
"""Width of the mouth over its own from which it begins to smile, and from which it does."""

_OVERBITE, _TEETH_PER_CHIN = 0.02, 1.3
"""How far the upper teeth cover the lower ones of a closed jaw, mouth widths; how far the lower
ones go for each way of the chin, whose landmark lags behind."""

_LOWER_SHOWN, _SMILE_LOWER_SHOWN = 0.06, 0.16
"""Lower teeth rise above the lower lip by no more than this, in mouth widths; in a smile, whose lip
is drawn tight below them, up to the upper ones: no tongue lies between."""

_PURSED, _RELAXED = 0.55, 0.85
"""Width of the mouth over its own between which lower teeth come out of hiding, and the light into
the mouth."""

_PURSED_LIGHT = 0.6

_HIDDEN, _SHOWN = 0.03, 0.18
"""Lip gap over mouth width between which the interior fades in: thinner than that, what the lips'
own pixels show is truer."""

_SMILE_HIDDEN, _SMILE_SHOWN = 0.015, 0.08
"""The same in a smile, whose teeth would be half lip, and grey."""

_COMIC_SHOWN = 0.05, 0.07
"""The same in a drawing of flat colours, where what is half seen is a ghost."""

_JAW_RISES = 0.9
"""How much the back of the lower teeth rises beside their front, over how far the chin fell, for a
mouth width of depth: a jaw turns about its joint, two mouth widths behind the chin."""

_BEHIND_LIP = 0.04
"""Way of the lower teeth's edge below the lower lip from which on none of them is seen, in mouth
widths."""

_THROAT_DEPTH = 0.4
"""How far the middle of the mouth lies behind the teeth, in mouth widths."""

_WIDE = 0.5
"""Lip gap over mouth width from which the mouth is as dark as it gets."""

_SHALLOW_LIGHT = 1.35
"""How much lighter a mouth is that opens a little: lips and teeth are near."""

_FINER = 1.25
"""Texture pixels for each of the picture's: enough to be turned without a blur."""

_PHOTOGRAPHED = 0.75
"""Whiteness of a picture's light from which on teeth stay as sharp as they are drawn: there the
refiner makes most of them, and softens them itself; softened twice they are farther from filmed
ones by LPIPS (up to 7 % on one clip)."""

_GRAIN_REACH = 1.5
"""Of the square of grain, in mouth widths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MouthPainter:
    """The mouth of one portrait."""

    place: MouthPlace
    width: float
    """Between the corners of its inner lips, px."""
    light: Light
    floor: NDArray[np.float32]
    """(FLOOR_ROWS, FLOOR_COLUMNS, 3): tongue and throat."""
    lower_teeth: Row
    upper_teeth: Row
    own: OwnMouth | None
    """None if the portrait shows too little of its own."""
    closed_chin: float
    """How far the chin lies below the line of the lips, in mouth widths."""
    own_gap: float
    """Between the portrait's lips, over the mouth's width."""
    grain: NDArray[np.float32] | None
    """(S, S, 1) that colours are multiplied by; None for a picture without grain."""
    ink: Array | None
    """RGB, (3,), of the line around an open mouth in a drawing of flat colours, which has neither
    shades nor single teeth; None for every other portrait."""

    def find_layer(
        self, size: tuple[int, int], target: Array, head: HeadMotion | None = None
    ) -> Layer | None:
        """The interior where the inner lips open, in a picture of (H, W).

        Args:
            size: of the picture.
            target: (478, 2) px: where the landmarks went.
            head: where the head went; None: it did not turn.
        """
        wider = relative_lip_gap(target) - (self.own_gap if self.own is None else 0.0)
        if wider <= _SMILE_HIDDEN:
            return None
        seen = self.place.seen(target, head)
        wide = float(np.linalg.norm(target[MOUTH_LEFT] - target[MOUTH_RIGHT])) / seen.width
        smile = float(smoothstep(_WIDENS, _SMILES, np.asarray(wide)))
        hidden = _HIDDEN + (_SMILE_HIDDEN - _HIDDEN) * smile
        shown = _SHOWN + (_SMILE_SHOWN - _SHOWN) * smile
        if self.ink is not None:
            hidden, shown = _COMIC_SHOWN
        share = float(smoothstep(hidden, shown, np.asarray(wider)))
        if share <= 0.0:
            return None
        window = find_window(target, size, seen.width)
        if window is None:
            return None
        interior = self._drawn(target, seen, window.box, wide=wide, smile=smile)
        if self.ink is not None:
            window = window.inked(interior, self.ink, LINE * seen.width, target)
        else:
            window.shade(interior, seen.width)
        if self.grain is not None:
            _multiply(interior, self.grain)
        if self.own is not None:
            self.own.lay_over(interior, seen, window.box)
        return Layer(box=window.box, colours=interior, mask=window.mask * np.float32(share))

    def _drawn(
        self, target: Array, seen: Seen, box: Box, *, wide: float, smile: float
    ) -> NDArray[np.float32]:
        """The drawn mouth, behind the lips' window.

        Args:
            target: (478, 2) px.
            seen: where the mouth is.
            box: that is filled.
            wide: width of the mouth over its own.
            smile: 0..1.
        """
        relaxed = float(smoothstep(_PURSED, _RELAXED, np.asarray(wide)))
        canvas = self._floor(target, seen, box)
        if self.ink is None:
            canvas *= np.float32(_PURSED_LIGHT + (1.0 - _PURSED_LIGHT) * relaxed)
        if self.own is not None:
            return canvas  # no drawn teeth stand up to real ones beside them
        upper = _UPPER_EDGE + (_SMILING_EDGE - _UPPER_EDGE) * smile
        if relaxed > 0.0 and self.ink is None:
            lip, chin = _below_line(seen.frame, target[[14, CHIN]])
            fell = chin - self.closed_chin
            jaw = upper - _OVERBITE + _TEETH_PER_CHIN * fell
            most = _LOWER_SHOWN + (_SMILE_LOWER_SHOWN - _LOWER_SHOWN) * smile
            edge = max(jaw, lip - most * relaxed)
            rises = np.array([0.0, _JAW_RISES * max(fell, 0.0)])
            if edge < lip + _BEHIND_LIP:
                self.lower_teeth.lay_over(canvas, seen.frame, seen.behind - rises, edge, box)
        self.upper_teeth.lay_over(canvas, seen.frame, seen.behind, upper, box)
        return canvas

    def _floor(self, target: Array, seen: Seen, box: Box) -> NDArray[np.float32]:
        """Tongue and throat, from lip to lip; the tongue lies low where the jaw is far down."""
        frame = seen.frame
        down = target[14] - target[13]
        gap = float(np.hypot(*down)) / seen.width
        along = frame[:2, 0] * (FLOOR_WIDTH / (FLOOR_COLUMNS - 1))
        step = down / (FLOOR_ROWS - 1)
        aside = frame[:2, 0] * (_THROAT_DEPTH * float(np.clip(seen.behind[0], -FARTHEST, FARTHEST)))
        corner = target[13] - along * ((FLOOR_COLUMNS - 1) / 2.0) + aside - box[:2]
        place = np.column_stack([along, step, corner])
        size = box[2] - box[0], box[3] - box[1]
        warped = cv2.warpAffine(
            self.floor, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if self.ink is not None:
            return np.asarray(warped, np.float32)
        light = _SHALLOW_LIGHT + (1.0 - _SHALLOW_LIGHT) * min(gap / _WIDE, 1.0)
        return np.asarray(warped, np.float32) * np.float32(light)


def mouth_painter(
    portrait: Pixels, source: Array, face: PortraitFace | None = None
) -> MouthPainter:
    """Prepare the mouth of a portrait with landmarks `source` (478, 2) px.

    `face` has the depths of the portrait's head and its turn; without it, it looks straight ahead.
    """
    place = MouthPlace.of(source, face)
    at_rest = place.seen(source, None)
    width = float(np.linalg.norm(source[MOUTH_LEFT] - source[MOUTH_RIGHT]))
    light = light_of(portrait, source)
    style = style_of(portrait, source)
    ink = style.ink
    lit, tongue = floor() if ink is None else flat_floor()
    upper = _row(upper_teeth() if ink is None else teeth_band(), source, light, style)
    flesh = light.throat + (light.flesh - light.throat) * tongue[..., None]
    return MouthPainter(
        place=place,
        width=width,
        light=light,
        floor=np.asarray(flesh * lit[..., None], np.float32),
        lower_teeth=_row(lower_teeth(), source, light, style),
        upper_teeth=upper,
        own=own_mouth(portrait, source, at_rest, upper.arch) if shows_interior(source) else None,
        closed_chin=float(_below_line(at_rest.frame, source[[CHIN]])[0]),
        own_gap=relative_lip_gap(source),
        grain=style.grained(round(_GRAIN_REACH * width) + 1, light.skin),
        ink=ink,
    )


def _row(drawing: Drawing, source: Array, light: Light, style: Style) -> Row:
    """A row of teeth as large as this face's, sampled no finer than its picture."""
    first, second = source[list(_OUTER_CORNERS)]
    mouth = float(np.linalg.norm(source[MOUTH_LEFT] - source[MOUTH_RIGHT]))
    eyes = float(np.linalg.norm(first - second))
    px_per_mm = float(np.sqrt(mouth / _MOUTH_MM * eyes / _EYES_MM))
    texture = drawing.lit(light.flesh, light.enamel)
    rows, columns = texture.shape[:2]
    scale = min(1.0, _FINER * px_per_mm / PER_MM)
    size = max(round(columns * scale), 2), max(round(rows * scale), 2)
    texture[..., :3] *= texture[..., 3:]
    texture = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.float32)
    if light.whiteness < _PHOTOGRAPHED:
        texture = style.softened(texture, size[0] / columns * PER_MM / px_per_mm)
    texture[..., :3] /= np.maximum(texture[..., 3:], np.float32(1e-3))
    across, down = columns / size[0], rows / size[1]
    k = px_per_mm / PER_MM / mouth
    column, row = drawing.anchor
    to_widths = np.array(
        [
            [k * across, 0.0, k * ((across - 1.0) / 2.0 - column)],
            [0.0, k * down, k * ((down - 1.0) / 2.0 - row)],
            [0.0, 0.0, 1.0],
        ]
    )
    return Row.of(texture, to_widths, px_per_mm / mouth)


def _multiply(canvas: NDArray[np.float32], tile: NDArray[np.float32]) -> None:
    """In place; the tile goes as far as it reaches, and again beyond."""
    side = len(tile)
    for top in range(0, canvas.shape[0], side):
        for left in range(0, canvas.shape[1], side):
            part = canvas[top : top + side, left : left + side]
            part *= tile[: part.shape[0], : part.shape[1]]


def _below_line(frame: Array, points: Array) -> Array:
    """How far points (N, 2) px lie below the line of the closed lips, in mouth widths."""
    down = frame[:2, 1]
    below: Array = (points[:, :2] - frame[:2, 2]) @ down / (down @ down)
    return below
