"""Who drives and what they do: three rendered people, each with a face of their own, in five poses.

Two further rendered people are portraits, and are rendered doing the same: their exact pictures.
All are held out: no training has seen these seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import radians

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.cast import FIRST_PERSON, before_the_camera
from engine.frame import Pixels
from training.heads.factors import VISEMES, Expression, Shapes
from training.heads.posing import Pose
from training.heads.renderer import Renderer, Rendering
from training.heads.scene import Framing

VIEWS: Mapping[str, Pose] = {
    "yaw 0": Pose(),
    "yaw 15": Pose(yaw=radians(15)),
    "yaw 30": Pose(yaw=radians(30)),
    "pitch 20": Pose(pitch=radians(20)),
    "roll 30": Pose(roll=radians(30)),
}
"""Degrees against the head at rest, to the side of the driver."""

_REST = Expression(blink=(0.04, 0.04))
_FRAMING = Framing(distance=95, half_height=16.6, height=1.0)
"""As the portraits that ship: the whole head with room to turn, and the shoulders' beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A rendered person who makes one face."""

    name: str
    seed: int
    expression: Expression
    side: int
    """1: turns to the picture's right, tilts to its left, nods down; -1: the other way."""

    def pose(self, view: str) -> Pose:
        """Of a view of VIEWS."""
        plain = VIEWS[view]
        return replace(
            plain,
            yaw=plain.yaw * self.side,
            pitch=plain.pitch * self.side,
            roll=plain.roll * self.side,
        )


DRIVERS = (
    Driver(
        name="laughs",
        seed=FIRST_PERSON,
        expression=replace(
            _REST,
            lips=Shapes(weights={"mouthUpperUp": 0.4, "jawOpen": 0.2}),
            emotion=Shapes(weights={"mouthSmile": 0.8, "cheekSquint": 0.5}),
        ),
        side=1,
    ),
    Driver(
        name="calls out, brows up",
        seed=FIRST_PERSON + 5,
        expression=replace(
            _REST,
            lips=Shapes(weights=VISEMES["AA"]),
            brows=Shapes(weights={"browInnerUp": 0.9, "browOuterUp": 0.9}),
            gaze=(0.3, 0.0),
        ),
        side=-1,
    ),
    Driver(
        name="purses lips, winks, frowns",
        seed=FIRST_PERSON + 8,
        expression=replace(
            _REST,
            lips=Shapes(weights={"mouthPucker": 0.9}),
            brows=Shapes(weights={"browDown": 0.9}),
            blink=(1.0, 0.04),
        ),
        side=1,
    ),
)

HEADS: Mapping[str, int] = {
    "head, short hair": FIRST_PERSON + 10,
    "head, long hair": FIRST_PERSON + 7,
}
"""Rendered portraits -> seed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filmed:
    """A driver's pictures, each (S, S, 3)."""

    driver: Driver
    rest: Pixels
    views: Mapping[str, Pixels]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """A picture that a portrait should become, and where in it the person is."""

    picture: Pixels
    person: NDArray[np.bool_]
    """(S, S)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A rendered portrait at rest, and what it should become."""

    rest: Pixels
    exact: Mapping[tuple[str, str], Exact]
    """Driver's name and view -> picture."""


def filmed(renderer: Renderer, driver: Driver, views: list[str]) -> Filmed:
    """Render a driver at rest and in some views."""
    drawn = {view: _drawn(renderer, driver.seed, driver, view).picture for view in views}
    return Filmed(driver=driver, rest=_drawn(renderer, driver.seed).picture, views=drawn)


def head(renderer: Renderer, seed: int, drivers: list[Driver], views: list[str]) -> Head:
    """Render a portrait at rest, and doing what each driver does in each view."""
    exact = {}
    for driver in drivers:
        for view in views:
            seen = _drawn(renderer, seed, driver, view)
            exact[driver.name, view] = Exact(picture=seen.picture, person=seen.coverage > 127)
    return Head(rest=_drawn(renderer, seed).picture, exact=exact)


def _drawn(
    renderer: Renderer, seed: int, driver: Driver | None = None, view: str = "yaw 0"
) -> Rendering:
    """A person at rest, or with a driver's face and pose."""
    actor, shot = before_the_camera(renderer, seed)
    expression, pose = (driver.expression, driver.pose(view)) if driver else (_REST, Pose())
    return renderer.render(actor, replace(shot, framing=_FRAMING, expression=expression, pose=pose))
