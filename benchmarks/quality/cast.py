"""Held-out people who act: each moves one factor at a time, then all, and every picture is exact.

Their seeds are those of the training's held-out couples, so no run has seen them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.motion import Factor
from training.heads.actor import Actor
from training.heads.appearance import sample_appearance
from training.heads.factors import VISEMES, Expression, Shapes, sample_pose
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import Shot, sample_expression, sample_shot
from training.heads.seeds import Seeds
from training.heads.webcam import photographed, sample_webcam
from training.refiner.pool import HELD_OUT

FIRST_PERSON = 2 * HELD_OUT
"""The couple of seed s is the persons 2 s and 2 s + 1."""

_CLOSER = 0.82
"""Of the framing's height: as in training, less is seen around the head."""

_REST = Expression(blink=(0.04, 0.04))
_STRAIGHT = Pose()

Kind: TypeAlias = Literal["expression", "pose", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something to do."""

    moves: Factor | None
    """The factor that leaves its rest; None: all of them."""
    expression: Expression = _REST
    pose: Pose = _STRAIGHT

    @property
    def kind(self) -> Kind:
        """What of the head it moves."""
        if self.moves is None:
            return "both"
        return "pose" if self.moves == "pose" else "expression"


def _acts() -> tuple[Act, ...]:
    def lips(**weights: float) -> Act:
        return Act(moves="lips", expression=replace(_REST, lips=Shapes(weights=weights)))

    def gaze(yaw: float, pitch: float) -> Act:
        return Act(moves="gaze", expression=replace(_REST, gaze=(yaw, pitch)))

    def blink(left: float, right: float) -> Act:
        return Act(moves="blink", expression=replace(_REST, blink=(left, right)))

    def emotion(**weights: float) -> Act:
        # Brows alone: the renderer's own emotions move the mouth, too.
        return Act(moves="emotion", expression=replace(_REST, brows=Shapes(weights=weights)))

    def pose(**angles: float) -> Act:
        return Act(moves="pose", pose=Pose(**angles))

    def everything(seed: int) -> Act:
        expression = sample_expression(Seeds.all(0).with_expression(seed))
        return Act(moves=None, expression=expression, pose=sample_pose(seed, 0.7))

    return (
        lips(**VISEMES["AA"]),
        lips(**VISEMES["OH"]),
        lips(mouthSmile=0.8, mouthUpperUp=0.4),
        lips(mouthPucker=0.9),
        gaze(0.35, 0.0),
        gaze(-0.35, 0.0),
        gaze(0.0, -0.2),
        blink(1.0, 1.0),
        blink(1.0, 0.04),
        emotion(browInnerUp=0.9, browOuterUp=0.9),
        emotion(browDown=0.9),
        emotion(browInnerUp=0.9),
        pose(yaw=0.3),
        pose(yaw=-0.3),
        pose(pitch=0.2),
        pose(pitch=-0.15),
        pose(roll=0.2),
        *(everything(HELD_OUT + k) for k in range(4)),
    )


ACTS = _acts()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One picture of an actor."""

    exact: Pixels
    """As rendered."""
    exact_face: Face
    taken: Pixels
    """As the actor's camera took it: what drives another."""
    taken_face: Face


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Player:
    """One person, at rest and in every act; None where the tracker finds no face."""

    seed: int
    rest: Seen
    acts: list[Seen | None]


def before_the_camera(renderer: Renderer, seed: int) -> tuple[Actor, Shot]:
    """A person with nothing in front of them; pose and expression are for the act to set."""
    actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
    shot = sample_shot(Seeds.all(seed), renderer.quality.size_px)
    framing = replace(shot.framing, half_height=shot.framing.half_height * _CLOSER)
    return actor, replace(shot, framing=framing, occluder=None)


def find_player(
    renderer: Renderer, tracker: Tracker, seed: int, acts: Sequence[Act] = ACTS
) -> Player | None:
    """Render one person; None where not even the face at rest is found."""
    actor, shot = before_the_camera(renderer, seed)
    camera = sample_webcam(seed)

    def see(act: Act, index: int) -> Seen | None:
        exact = renderer.render(
            actor, replace(shot, pose=act.pose, expression=act.expression)
        ).picture
        taken = photographed(exact, camera, seed * 100 + index)
        faces = []
        for picture in (exact, taken):
            tracker.reset()
            faces.append(tracker.find(picture))
        exact_face, taken_face = faces
        if exact_face is None or taken_face is None:
            return None
        # Searched anew each time, yet one shot: after a cut a driver's head is taken to be at rest.
        taken_face = replace(taken_face, shot=0)
        return Seen(exact=exact, exact_face=exact_face, taken=taken, taken_face=taken_face)

    rest = see(Act(moves=None), len(acts))
    if rest is None:
        return None
    seen = [see(act, index) for index, act in enumerate(acts)]
    return Player(seed=seed, rest=rest, acts=seen)
