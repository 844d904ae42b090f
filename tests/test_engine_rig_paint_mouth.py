"""A drawn mouth: teeth in the portrait's light, behind a smooth opening, each row with its jaw."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.landmarks import EYES, INNER_LIPS, MOUTH_LEFT, MOUTH_RIGHT
from engine.rig.paint.comic import find_ink
from engine.rig.paint.light import light_of
from engine.rig.paint.mouth import mouth_painter
from engine.rig.paint.window import find_window, outline
from tests.faces_made import made_face

SIZE = 384
PALE, DARK = (215, 170, 145), (110, 72, 52)
EYE_WHITE = (200, 196, 190)


def portrait(skin: tuple[int, int, int], white: tuple[int, int, int] | None = None) -> Pixels:
    """Skin everywhere but, if given, the white of the eyes."""
    picture = np.full((SIZE, SIZE, 3), skin, np.uint8)
    if white is not None:
        points = made_face(SIZE).landmarks
        for eye in EYES:
            low = points[eye.contour, :2].min(axis=0).astype(int) - 1
            high = points[eye.contour, :2].max(axis=0).astype(int) + 2
            picture[low[1] : high[1], low[0] : high[0]] = white
    return picture


def points_of(face: Face) -> Array:
    return face.landmarks[:, :2].astype(np.float64)


def drawn(picture: Pixels, target: Array) -> NDArray[np.float32]:
    """(SIZE, SIZE, 3): what is between the lips, 0 elsewhere."""
    layer = mouth_painter(picture, points_of(made_face(SIZE))).find_layer((SIZE, SIZE), target)
    assert layer is not None
    left, top, right, bottom = layer.box
    shown = np.zeros((SIZE, SIZE, 3), np.float32)
    shown[top:bottom, left:right] = layer.colours * (layer.mask > 0.9)
    return shown


SMILE = points_of(
    made_face(SIZE, mouthSmileLeft=0.8, mouthSmileRight=0.8, mouthUpperUpLeft=0.8,
              mouthUpperUpRight=0.8, mouthLowerDownLeft=0.8, mouthLowerDownRight=0.8)
)  # fmt: skip
WIDE = points_of(made_face(SIZE, jawOpen=1.0, mouthUpperUpLeft=0.6, mouthUpperUpRight=0.6))


def teeth_at(target: Array) -> tuple[int, int]:
    """Row and column amid the upper front teeth of an open mouth."""
    return int(target[13, 1] + 0.05 * np.linalg.norm(target[308] - target[78])), int(target[13, 0])


def test_teeth_lie_in_shade_towards_the_corners_of_the_mouth() -> None:
    shown = drawn(portrait(PALE), SMILE).max(axis=-1)
    width = np.linalg.norm(SMILE[MOUTH_LEFT] - SMILE[MOUTH_RIGHT])
    middle = shown[:, int(SMILE[13, 0] - 0.1 * width) : int(SMILE[13, 0] + 0.1 * width)]
    beside = shown[:, int(SMILE[MOUTH_RIGHT, 0]) + 4 : int(SMILE[MOUTH_RIGHT, 0] + 0.2 * width)]
    assert beside.max() < 0.75 * middle.max()


def test_teeth_have_the_brightness_of_what_lights_the_face() -> None:
    row, column = teeth_at(WIDE)
    bright, dim = (
        drawn(np.uint8(portrait(PALE, EYE_WHITE) * light), WIDE)[row, column]  # type: ignore[arg-type]
        for light in (1.0, 0.5)
    )
    assert dim.mean() == pytest.approx(bright.mean() / 2.0, rel=0.15)


def test_dark_skin_does_not_darken_teeth_where_eyes_show_the_light() -> None:
    row, column = teeth_at(WIDE)
    teeth = drawn(portrait(DARK, EYE_WHITE), WIDE)[row, column].mean()
    guessed = drawn(portrait(DARK), WIDE)[row, column].mean()
    assert guessed + 15.0 < teeth < np.mean(EYE_WHITE) * 1.1


def test_eyes_in_the_shade_of_their_lids_say_nothing_of_the_light() -> None:
    shaded = light_of(portrait(PALE, (90, 80, 70)), points_of(made_face(SIZE)))
    darker = light_of(portrait(PALE, (50, 52, 60)), points_of(made_face(SIZE)))
    np.testing.assert_array_equal(shaded.enamel, darker.enamel)


def test_a_picture_under_varnish_has_teeth_under_varnish() -> None:
    white, yellow = (
        light_of(portrait(skin), points_of(made_face(SIZE))) for skin in (PALE, (200, 155, 77))
    )
    assert yellow.enamel[2] / yellow.enamel[0] < 0.85 * white.enamel[2] / white.enamel[0]
    assert (white.whiteness, yellow.whiteness) == (1.0, 0.0)


def test_a_jaw_that_stays_closed_keeps_both_rows_together() -> None:
    """Between the teeth of a smile there is no dark gap; below those of an open jaw there is."""

    def darkest(target: Array) -> float:
        rows = slice(int(target[13, 1]) + 3, int(target[14, 1]) - 2)
        column = drawn(portrait(PALE), target)[rows, int(target[13, 0]) + 5]
        return float(column.mean(axis=-1).min())

    assert darkest(WIDE) < 0.45 * darkest(SMILE)


def test_closed_lips_show_nothing() -> None:
    closed = points_of(made_face(SIZE))
    assert mouth_painter(portrait(PALE), closed).find_layer((SIZE, SIZE), closed) is None


def test_the_opening_is_a_smooth_curve_through_the_landmarks() -> None:
    smooth = outline(WIDE)
    far = np.linalg.norm(smooth[:, None] - WIDE[list(INNER_LIPS)][None], axis=-1).min(axis=0)
    assert far.max() < 1e-6

    steps = [np.diff(p, axis=0) for p in (WIDE[list(INNER_LIPS)], smooth)]
    turns = [np.sort(np.abs(np.angle((s[1:] @ (1, 1j)) / (s[:-1] @ (1, 1j)))))[-3] for s in steps]
    assert turns[1] < 0.6 * turns[0]


def test_the_lips_shade_what_lies_behind_them() -> None:
    window = find_window(WIDE, (SIZE, SIZE), 60.0)
    assert window is not None
    colours = np.full((*window.mask.shape[:2], 3), 200.0, np.float32)
    window.shade(colours, 60.0)
    column = colours[:, colours.shape[1] // 2].mean(axis=-1)[
        window.mask[:, colours.shape[1] // 2, 0] > 0.5
    ]
    assert column[0] < column[-1] < column.max() == pytest.approx(200.0, abs=1.0)


def smiling(amount: float) -> Array:
    """Lips that part a little, drawn wide by so much of a smile."""
    return points_of(
        made_face(SIZE, mouthSmileLeft=amount, mouthSmileRight=amount,
                  mouthUpperUpLeft=0.35, mouthUpperUpRight=0.35)
    )  # fmt: skip


def test_a_small_smile_shows_teeth_where_lips_that_just_part_show_their_own_shade() -> None:
    painter = mouth_painter(portrait(PALE), points_of(made_face(SIZE)))
    smile, parted = (painter.find_layer((SIZE, SIZE), smiling(a)) for a in (0.5, 0.0))
    assert smile is not None
    assert parted is not None
    assert smile.mask.max() > 0.5
    assert parted.mask.max() < 0.2


COMIC, INK = (235, 200, 175), (40, 25, 30)


def comic() -> Pixels:
    """One colour, and a line where the lips meet."""
    picture = portrait(COMIC)
    lips = points_of(made_face(SIZE))[list(INNER_LIPS)]
    low, high = lips.min(axis=0).astype(int), lips.max(axis=0).astype(int)
    picture[low[1] - 1 : high[1] + 2, low[0] : high[0]] = INK
    return picture


def test_a_drawing_of_flat_colours_has_a_mouth_of_flat_colours_with_its_line() -> None:
    layer = mouth_painter(comic(), points_of(made_face(SIZE))).find_layer((SIZE, SIZE), WIDE)
    assert layer is not None
    seen = layer.colours[layer.mask[..., 0] > 0.95].round().astype(np.int64)
    _, counts = np.unique(seen, axis=0, return_counts=True)
    assert np.sort(counts)[-5:].sum() > 0.75 * len(seen)
    line = layer.colours[layer.mask[..., 0] > 0.5]
    assert np.abs(line - INK).sum(axis=1).min() < 12.0
    assert (line @ (1.0, 1.0, 1.0)).min() > np.sum(INK) - 3.0


def test_no_photograph_is_taken_for_a_drawing() -> None:
    noise = np.random.default_rng(3).normal(0.0, 6.0, (SIZE, SIZE, 3))
    grainy = np.clip(comic() + noise, 0, 255).astype(np.uint8)
    assert find_ink(grainy, points_of(made_face(SIZE))) is None
    assert find_ink(comic(), points_of(made_face(SIZE))) is not None
    assert find_ink(portrait(COMIC), points_of(made_face(SIZE))) is None


def test_pale_skin_has_no_pale_throat() -> None:
    """Flesh is the same in all faces; what lights it is told by teeth, which end at white."""
    points = points_of(made_face(SIZE))
    pale, paler = (light_of(portrait(skin), points) for skin in (PALE, (250, 222, 210)))
    assert np.mean((250, 222, 210)) > 1.28 * np.mean(PALE)
    assert paler.flesh.mean() < 1.2 * pale.flesh.mean()
