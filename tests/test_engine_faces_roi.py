from math import pi

import numpy as np
import pytest

from engine.faces.roi import Square


def smooth(height: int = 300, width: int = 400) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [127 + 60 * np.sin(x / 23 + k) + 60 * np.cos(y / 31 + k) for k in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("side", [40, 64, 130, 200, 333])
@pytest.mark.parametrize("angle", [0.0, 0.4, pi / 2])
def test_a_cut_shows_the_picture_where_its_map_says(side: float, angle: float) -> None:
    square = Square(x=190.0, y=140.0, side=side, angle_rad=angle)
    picture, size = smooth(), 64
    cut = square.cut(picture, size).astype(int)
    places = square.to_picture(size) @ np.array([(10, 20, 1), (32, 32, 1), (50, 9, 1)]).T
    for (column, row), (x, y) in zip([(10, 20), (32, 32), (50, 9)], places.T, strict=True):
        if 0 <= x < 399 and 0 <= y < 299:
            # A smooth picture: neighbours differ by 3 at most.
            assert np.abs(cut[row, column] - picture[round(y), round(x)]).max() <= 6


def test_the_centre_of_the_square_is_the_middle_of_the_cut() -> None:
    square = Square(x=12.5, y=-3.0, side=50, angle_rad=0.7)
    np.testing.assert_allclose(square.to_picture(192) @ [96, 96, 1], [12.5, -3.0])


def test_depth_is_scaled_like_the_rest() -> None:
    points = np.array([[96, 96, 10]], np.float32)
    moved = Square(x=0, y=0, side=96, angle_rad=1.0).points_to_picture(points, 192)
    np.testing.assert_allclose(moved, [[0, 0, 5]], atol=1e-5)


@pytest.mark.parametrize("side", [10.0, 100.0, 5000.0])
def test_outside_the_picture_all_is_black(side: float) -> None:
    for x, y in ((-9000, 150), (200, 9000), (9000, 9000)):
        cut = Square(x=x, y=y, side=side, angle_rad=0.3).cut(smooth(), 32)
        assert cut.shape == (32, 32, 3)
        assert not cut.any()


def test_a_reduced_cut_has_no_dark_rim_inside_the_picture() -> None:
    white = np.full((300, 400, 3), 255, np.uint8)
    assert Square(x=200, y=150, side=250, angle_rad=0.2).cut(white, 64).min() == 255
