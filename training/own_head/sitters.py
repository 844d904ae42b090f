"""Rendered people for heads of their own: each straight, as a portrait, and in some poses."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.rig.driver.driver import RigDriver
from engine.rig.landmarks import OVAL
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.layers import Matte
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import sample_shot
from training.heads.seeds import Seeds, generator

_REST = Expression(blink=(0.04, 0.04))

_IN_FACE, _AT_RIM = 0.1, 0.7
"""What counts of the face itself, and of its rim: there eyes, mouth and light are wrong, too."""

_FARTHEST_YAW = 0.75
"""Radians from straight: beyond, a tracker sees no face."""

_RIM = 0.12
"""Width of the face's rim, in face heights."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """One picture of a turned head, and how the rig reads it."""

    truth: Pixels
    counts: NDArray[np.float32]
    """(H, W) 0..1."""
    motion: RigMotion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sitter:
    """A person whose straight picture is the portrait."""

    picture: Pixels
    face: Face
    matte: Matte
    turns: list[Turn]


def sitter(renderer: Renderer, tracker: Tracker, seed: int) -> Sitter | None:
    """One person; None where not even the straight face is found."""
    draw = generator(seed, "own_head")
    actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
    shot = sample_shot(Seeds.all(seed), renderer.quality.size_px)
    framing = replace(
        shot.framing,
        half_height=shot.framing.half_height * float(draw.uniform(0.82, 1.5)),
        height=shot.framing.height - float(draw.uniform(0.0, 3.0)),
    )
    shot = replace(shot, framing=framing, occluder=None, expression=_REST)

    def see(pose: Pose) -> tuple[Pixels, NDArray[np.uint8], Face | None]:
        seen = renderer.render(actor, replace(shot, pose=pose))
        tracker.reset()
        return seen.picture, seen.coverage, tracker.find(seen.picture)

    rest = _pose_of_portrait(draw)
    picture, coverage, face = see(rest)
    if face is None:
        return None
    turns = []
    for pose in _poses(draw, rest):
        truth, _, seen = see(pose)
        if seen is None:
            continue
        driver = RigDriver()  # each by itself: a driver steadies what follows in time
        driver.calibrate(picture, face)
        turns.append(
            Turn(truth=truth, counts=_counts(seen, truth), motion=driver.read(truth, seen, 0))
        )
    matte = coverage.astype(np.float32) / np.float32(255.0)
    return Sitter(picture=picture, face=face, matte=matte, turns=turns)


def _pose_of_portrait(draw: np.random.Generator) -> Pose:
    """Straight, or for half of them turned, as painters like it."""
    if draw.random() < 0.5:
        return Pose(yaw=float(draw.normal(0.0, 0.05)), pitch=float(draw.normal(0.0, 0.04)))
    return Pose(yaw=float(draw.uniform(-0.45, 0.45)), pitch=float(draw.uniform(-0.15, 0.15)))


def _poses(draw: np.random.Generator, rest: Pose) -> list[Pose]:
    def pose(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Pose:
        turned = float(np.clip(rest.yaw + yaw, -_FARTHEST_YAW, _FARTHEST_YAW))
        return Pose(yaw=turned, pitch=rest.pitch + pitch, roll=roll)

    def far(low: float, high: float) -> float:
        return float(draw.uniform(low, high))

    return [
        *(pose(yaw=side * far(0.1, 0.35)) for side in (-1.0, 1.0)),
        *(pose(yaw=side * far(0.35, 0.55), pitch=far(-0.1, 0.1)) for side in (-1.0, 1.0)),
        pose(pitch=far(0.15, 0.38)),
        pose(pitch=-far(0.15, 0.38)),
        pose(roll=far(-0.5, 0.5)),
        pose(yaw=far(-0.4, 0.4), pitch=far(-0.2, 0.2), roll=far(-0.3, 0.3)),
    ]


def _counts(face: Face, picture: Pixels) -> NDArray[np.float32]:
    within = np.zeros(picture.shape[:2], np.uint8)
    outline = face.landmarks[list(OVAL), :2]
    cv2.fillPoly(within, [np.round(outline).astype(np.int32)], 1)
    reach = 2 * round(_RIM * float(np.ptp(outline[:, 1]))) + 1
    inner = cv2.erode(within, np.ones((reach, reach), np.uint8))
    return np.where(inner > 0, _IN_FACE, np.where(within > 0, _AT_RIM, 1.0)).astype(np.float32)
