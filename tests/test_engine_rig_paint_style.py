"""A drawn mouth is made as its portrait is: as soft, and with the same grain."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.paint.mouth import mouth_painter
from engine.rig.paint.style import style_of
from tests.drawn_faces import draw_face
from tests.faces_made import made_face

SIZE = 512
GRAIN = 4.0


def points() -> Array:
    return made_face(SIZE).landmarks[:, :2].astype(np.float64)


def sharp() -> Pixels:
    """A drawn face with skin that shades, as none of flat colours does."""
    picture = np.full((SIZE, SIZE, 3), (120, 130, 140), np.uint8)
    draw_face(picture, SIZE / 2, SIZE / 2, 0.22 * SIZE)
    shade = np.linspace(0.8, 1.1, SIZE)[:, None, None]
    shaded = np.clip(picture * shade, 0, 255).astype(np.uint8)
    eyes = points()[[33, 133, 362, 263]].round().astype(int)
    for x, y in eyes:
        shaded[y - 9 : y + 9, x - 9 : x + 9 : 2] = 30
    return shaded


def blurred(picture: Pixels, px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), px), np.uint8)


def grainy(picture: Pixels) -> Pixels:
    noise = np.random.default_rng(5).normal(0.0, GRAIN, (SIZE, SIZE, 1))
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def fine(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 0.7), np.float32)


def mouth_of(picture: Pixels) -> NDArray[np.float32]:
    """(h, w) a smile's inside, as it is drawn for that portrait."""
    target = made_face(SIZE, mouthSmileLeft=0.8, mouthSmileRight=0.8, mouthUpperUpLeft=0.8,
                       mouthUpperUpRight=0.8, mouthLowerDownLeft=0.8,
                       mouthLowerDownRight=0.8).landmarks  # fmt: skip
    layer = mouth_painter(picture, points()).find_layer((SIZE, SIZE), target[:, :2].astype(float))
    assert layer is not None
    return np.asarray(layer.colours.mean(axis=2), np.float32)


def edges_of_teeth(picture: Pixels) -> float:
    return float(np.percentile(np.abs(fine(mouth_of(picture))), 99.0))


def test_teeth_of_a_soft_painting_are_as_soft() -> None:
    varnished = np.asarray(sharp() * (1.0, 0.9, 0.6), np.uint8)
    assert edges_of_teeth(blurred(varnished, 1.5)) < 0.6 * edges_of_teeth(varnished)


def test_a_photograph_in_white_light_keeps_sharp_teeth_for_the_refiner_to_soften() -> None:
    soft = edges_of_teeth(blurred(sharp(), 1.5))
    assert soft == pytest.approx(edges_of_teeth(sharp()), rel=0.1)


def test_a_sharp_picture_without_grain_has_teeth_as_they_are_drawn() -> None:
    style = style_of(sharp(), points())
    texture = np.random.default_rng(3).uniform(0.0, 60.0, (20, 60, 4)).astype(np.float32)
    assert style.softened(texture, 1.25) is texture
    assert style.grain == 0.0
    assert style.grained(64, 150.0) is None


def test_a_mouth_has_the_grain_of_its_picture() -> None:
    style = style_of(grainy(sharp()), points())
    finest = GRAIN * float(fine(np.random.default_rng(7).normal(
        size=(SIZE, SIZE)).astype(np.float32)).std())  # fmt: skip
    assert style.grain == pytest.approx(finest, rel=0.25)
    grain = style.grained(200, 150.0)
    assert grain is not None
    assert 150.0 * float(fine(grain[..., 0]).std()) == pytest.approx(style.grain, rel=0.05)
    assert fine(mouth_of(grainy(sharp()))).std() > fine(mouth_of(sharp())).std()


def test_pores_are_no_grain() -> None:
    """What only the skin shows and the wall behind it does not."""
    rows, columns = np.indices((SIZE, SIZE))
    face = np.hypot(columns - SIZE / 2, rows - SIZE / 2) < 0.3 * SIZE
    porous = np.where(face[..., None], grainy(sharp()), sharp()).astype(np.uint8)
    assert style_of(porous, points()).grain == 0.0
    assert style_of(grainy(sharp()), points()).grain > 1.0


def test_grain_is_drawn_over_a_mouth_of_any_size() -> None:
    painter = mouth_painter(grainy(sharp()), points())
    assert painter.grain is not None
    near = made_face(SIZE, scale=2.2, jawOpen=1.0).landmarks[:, :2].astype(np.float64)
    layer = painter.find_layer((SIZE, SIZE), near)
    assert layer is not None
    assert layer.colours.shape[1] > len(painter.grain)
    assert np.isfinite(layer.colours).all()
