"""A shot: where a person is seen, in what light, doing what; drawn from one seed per factor."""

from dataclasses import dataclass

import numpy as np

from training.heads import factors
from training.heads.backdrops import Picture, paint_backdrop
from training.heads.camera import Camera, framed
from training.heads.factors import Expression
from training.heads.lights import Light, sample_light
from training.heads.posing import Pose
from training.heads.seeds import Seeds, generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How the head lies in the picture, as in FOMM's and VoxCeleb's crops."""

    distance: float = 100.0
    """Camera to head, in units: near ones make noses large."""
    half_height: float = 15.8
    """Half of what the picture shows, in units at the depth of the face."""
    height: float = 1.6
    """What lies in the middle of the picture: y in units."""

    def camera(self, pose: Pose) -> Camera:
        """The camera; the pose's shifts and scale move it, so that the light stays."""
        centre = (-pose.shift_x, self.height - pose.shift_y)
        return framed(self.distance, self.half_height / pose.scale, centre)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """Everything about one picture but the person."""

    framing: Framing
    light: Light
    backdrop: Picture
    pose: Pose
    expression: Expression
    occluder: int | None
    """Seed of what is in the way; None: nothing."""


def sample_framing(seed: int) -> Framing:
    """Draw a framing."""
    draw = generator(seed, "framing")
    return Framing(
        distance=float(draw.uniform(75, 140)),
        half_height=float(np.exp(draw.normal(2.76, 0.09))),
        height=float(draw.normal(1.6, 0.5)),
    )


def sample_shot(seeds: Seeds, size_px: int) -> Shot:
    """Draw all of a shot; each factor depends on its own seed alone."""
    return Shot(
        framing=sample_framing(seeds.framing),
        light=sample_light(seeds.light),
        backdrop=paint_backdrop(seeds.backdrop, size_px),
        pose=factors.sample_pose(seeds.pose),
        expression=sample_expression(seeds),
        occluder=seeds.occluder,
    )


def sample_expression(seeds: Seeds) -> Expression:
    """Draw what the face does."""
    return Expression(
        lips=factors.sample_lips(seeds.lips),
        gaze=factors.sample_gaze(seeds.gaze),
        blink=factors.sample_blink(seeds.blink),
        brows=factors.sample_brows(seeds.brows),
        emotion=factors.sample_emotion(seeds.emotion),
    )
