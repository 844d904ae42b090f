"""Bands leave nothing out of a moved person, nor of where they were."""

import cv2
import numpy as np
import pytest

from engine.rig.warp.grid import Box, Map
from engine.rig.warp.layers import Layers, fetch
from engine.rig.warp.shown import Shown

HEIGHT, WIDTH = 200, 260
PICTURE = np.random.default_rng(3).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def person() -> np.ndarray:
    """(H, W) opacity: a head with a thin strand beside it, on shoulders."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(drawn, (130, 80), 40, 255, -1, cv2.LINE_AA)
    cv2.rectangle(drawn, (70, 140), (190, HEIGHT), 255, -1)
    cv2.line(drawn, (165, 60), (200, 75), 90, 1, cv2.LINE_AA)
    return drawn


def made_layers() -> Layers:
    opacity = person()
    share = opacity[..., None] / 255.0
    cut = np.dstack([np.round(PICTURE * share).astype(np.uint8), opacity])
    background = PICTURE.copy()
    background[opacity > 0] = (10, 20, 30)
    return Layers(person=cut, background=background, shown=Shown(opacity))


def flow(box: Box, way: tuple[float, float], turn: float) -> tuple[Map, Map]:
    left, top, right, bottom = box
    x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    cos, sin = np.cos(turn), np.sin(turn)
    aside, down = x - 130.0 - way[0], y - 80.0 - way[1]
    moved = 130.0 + cos * aside + sin * down, 80.0 - sin * aside + cos * down
    return moved[0].astype(np.float32), moved[1].astype(np.float32)


@pytest.mark.parametrize("way", [(0.0, 0.0), (60.0, -20.0), (-90.0, 35.0), (3.0, 150.0)])
@pytest.mark.parametrize("box", [(0, 0, WIDTH, HEIGHT), (37, 11, 251, 187), (60, 40, 71, 190)])
def test_bands_show_what_the_whole_box_would(way: tuple[float, float], box: Box) -> None:
    layers, (left, top, right, bottom) = made_layers(), box
    x, y = flow(box, way, turn=0.2)
    output = PICTURE.copy()
    layers.lay(output, box, x, y)
    moved = fetch(layers.person, x, y).astype(np.float64)
    behind = layers.background[top:bottom, left:right] * (255.0 - moved[..., 3:]) / 255.0
    exact = PICTURE.astype(np.float64)
    exact[top:bottom, left:right] = np.minimum(moved[..., :3] + behind, 255.0)
    assert np.abs(output - exact).max() <= 1.0


def test_what_lies_beside_head_and_shoulders_is_left_alone() -> None:
    box = (0, 0, WIDTH, HEIGHT)
    bands = list(Shown(person()).bands(box, *flow(box, (4.0, 0.0), turn=0.0)))
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in bands)
    assert area < 0.85 * WIDTH * HEIGHT
    assert all(0 <= b[0] < b[2] <= WIDTH and 0 <= b[1] < b[3] <= HEIGHT for b in bands)


def test_where_nobody_is_nothing_changes() -> None:
    box = (0, 0, WIDTH, HEIGHT)
    nobody = Shown(np.zeros((HEIGHT, WIDTH), np.uint8))
    assert list(nobody.bands(box, *flow(box, (4.0, 0.0), turn=0.0))) == []
