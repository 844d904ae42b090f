"""Further pictures of a person keep their landmarks when the portrait is scaled."""

import numpy as np
import pytest

from engine.appearances import Appearance


def appearance(side: int = 40) -> Appearance:
    picture = np.zeros((side, 2 * side, 3), np.uint8)
    picture[20:22, 60:62] = 255
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[0] = (60.5, 20.5, 8.0)
    return Appearance(
        part="mouth", picture=picture, landmarks=landmarks, gain=np.ones(3, np.float32)
    )


def test_landmarks_stay_on_what_they_mark_when_it_is_scaled() -> None:
    half = appearance().scaled(0.5)
    assert half.picture.shape == (20, 40, 3)
    assert half.landmarks[0] == pytest.approx((30.0, 10.0, 4.0))
    assert half.picture[10, 30, 0] == half.picture.max() > 0


def test_it_is_never_enlarged() -> None:
    own = appearance()
    assert own.scaled(1.7) is own
