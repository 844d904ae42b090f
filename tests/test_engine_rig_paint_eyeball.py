"""An eyeball's layers: an iris without white, and a white that is round."""

import numpy as np
import pytest

from engine.geometry import Array
from engine.rig.landmarks import EYES, Eye
from engine.rig.paint.eyeball import Eyeball, cut_eyeball
from tests.eyes_made import drawn, looking


def cut(aside: float, eye: Eye) -> tuple[Eyeball, Array]:
    """The layers of an eye that looks so many eye widths aside, and its landmarks in them."""
    face = looking(aside)
    source = face.landmarks[:, :2].astype(np.float64)
    ball = cut_eyeball(drawn(face), source, eye)
    return ball, source - ball.corner


def away(ball: Eyeball, centre: Array) -> Array:
    """(h, w) of each pixel from a point, in radii of the iris."""
    rows, columns = np.indices(ball.own.shape[:2])
    return np.asarray(np.hypot(columns - centre[0], rows - centre[1]) / ball.radius)


@pytest.mark.parametrize("eye", EYES, ids=["left", "right"])
def test_an_iris_takes_no_white_along(eye: Eye) -> None:
    ball, points = cut(0.0, eye)
    radii = away(ball, points[eye.iris])
    opacity = ball.iris[..., 3]
    beside = np.abs(np.indices(opacity.shape)[0] - points[eye.iris, 1]) < 0.3 * ball.radius
    assert opacity[radii < 0.9].min() == 255
    assert opacity[beside & (radii > 1.15)].max() < 60


@pytest.mark.parametrize("aside", [-0.25, 0.25])
def test_white_that_was_not_seen_darkens_towards_the_corner(aside: float) -> None:
    for eye in EYES:
        ball, points = cut(aside, eye)
        corners = points[[eye.outer, eye.inner]]
        corner = corners[int((corners[1, 0] > corners[0, 0]) == (aside > 0.0))]
        near = corner + 0.1 * (corners.mean(axis=0) - corner)
        at_corner, behind_iris = (
            ball.white[tuple(np.round(place[::-1]).astype(int))].mean()
            for place in (near, points[eye.iris])
        )
        assert at_corner < 0.9 * behind_iris
