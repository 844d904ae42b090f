"""The small picture of the brows that is kept of each frame."""

import numpy as np
import pytest

from engine.faces.brow_strip import HEIGHT, WIDTH, strip_of
from tests.brows_made import BROWS, drawn, made_face


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.7])
def test_brows_lie_where_the_face_in_the_strip_has_them(scale: float) -> None:
    face = made_face(scale=scale)
    strip = strip_of(drawn(face), face)
    assert strip.grey.shape == (HEIGHT, WIDTH)
    brows = strip.face(face).landmarks[[point for line in BROWS for point in line], :2]
    x, y = np.round(brows).astype(int).T
    assert strip.grey[y, x].mean() < strip.grey.mean() - 40.0
    apart = np.linalg.norm(np.subtract(*strip.face(face).landmarks[[33, 263]]))
    assert apart == pytest.approx(72.0, rel=0.05)


@pytest.mark.parametrize("shift", [(-300.0, 0.0), (0.0, -300.0), (1000.0, 1000.0)])
def test_a_face_beyond_the_edge_breaks_nothing(shift: tuple[float, float]) -> None:
    face = made_face()
    assert strip_of(drawn(face), face.moved(1.0, shift)).grey.shape == (HEIGHT, WIDTH)
