"""Two synthetic people who make the same faces in the same poses: what the refiner learns from.

Each drives itself and the other, through the product's own tracker and rig, so that the network
meets what it will meet live: a warped portrait, landmarks with their errors, another person's
motion. The right answer is known, since the portrait's person was rendered making that face.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.canonical import rigid_weights, to_picture
from engine.faces.face import Face, Tracker
from engine.frame import Pixels
from engine.geometry import Array, fit_similarity
from engine.rig.driver.driver import RigDriver
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.refine.head_crop import head_crop
from engine.rig.refine.inputs import EXPRESSION_POINTS, motion_vector
from engine.rig.warp.target import head_motion
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression, sample_pose
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import sample_expression, sample_shot
from training.heads.seeds import Seeds, generator
from training.heads.webcam import Webcam, photographed, sample_webcam

POSES, FACES = 2, 12
"""The grid of each person: the first pose is nearly straight, the first face at rest."""

SOURCES = 4
"""Portraits taken of each person."""

PAIRS = 14
"""Driving frames for each portrait."""

RESTING = 3
"""Samples of each portrait in which the driver does nothing: what was right must stay right."""

_CLOSER = 0.82
"""Training's framing shows less around the head than the samplers' own: the crop is the head."""

_OPEN_EYES = 0.35
"""A portrait's eyes are closed by less than this: who would put another on camera?"""

_BARE = 0.85
"""Share of people with nothing in front of them."""

_MEAN_ERROR_PX, _LARGEST_ERROR_PX = 5.0, 20.0
"""Of the crop: a truth whose lips, brows or lids lie farther than this from where the rig took them
was misread by the tracker, and would only teach to blur."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Couple:
    """P samples that share S portraits, everything in crops of SIDE pixels."""

    portraits: NDArray[np.uint8]
    """(S, SIDE, SIDE, 3)"""
    portrait_points: NDArray[np.float32]
    """(S, 478, 2) landmarks."""
    portrait: NDArray[np.int32]
    """(P,) which of the portraits was moved."""
    warped: NDArray[np.uint8]
    """(P, SIDE, SIDE, 3) what the rig made of it."""
    points: NDArray[np.float32]
    """(P, 478, 2) where the rig took the landmarks."""
    truth: NDArray[np.uint8]
    """(P, SIDE, SIDE, 3) the same person really making that face."""
    truth_points: NDArray[np.float32]
    """(P, 478, 2) landmarks that the tracker found of it."""
    motion: NDArray[np.float32]
    """(P, MOTION_LENGTH), see `motion_vector`."""

    def __len__(self) -> int:
        """How many samples."""
        return len(self.portrait)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frame:
    """What a tracker finds in one picture of a person."""

    clean: Pixels
    """As rendered."""
    picture: Pixels
    """As the camera took it."""
    coverage: NDArray[np.uint8]
    face: Face
    pose: int
    expression: int

    @property
    def cell(self) -> tuple[int, int]:
        """Its place in the grid."""
        return self.pose, self.expression


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    warped: NDArray[np.uint8]
    points: Array
    truth: NDArray[np.uint8]
    truth_points: Array
    motion: NDArray[np.float32]


class CoupleMaker:
    """Renders couples; owns a renderer and a tracker."""

    def __init__(self, renderer: Renderer, tracker: Tracker) -> None:
        self._renderer = renderer
        self._tracker = tracker

    def make(self, seed: int) -> Couple | None:
        """All samples of one couple, None where there are none; the same seed gives the same."""
        draw = generator(seed, "couple")
        expressions, poses = _expressions(seed, draw), _poses(seed, draw)
        people = [self._frames(2 * seed + k, expressions, poses) for k in range(2)]
        crops: list[tuple[NDArray[np.uint8], Array]] = []
        of_portrait: list[int] = []
        samples: list[_Sample] = []
        for own, other in (people, people[::-1]):
            fit = [f for f in own if max(expressions[f.expression].blink) < _OPEN_EYES]
            for source in _chosen_sources(fit, draw):
                portrait = _portrait(source)
                made = list(_samples(portrait, source, own, other, draw))
                made += self._resting(portrait, source, sample_webcam(seed + len(crops)))
                if made:
                    still = head_crop(portrait.face, head_motion(portrait.face, still_motion()))
                    of_portrait += [len(crops)] * len(made)
                    crops.append((still.cut(source.picture), still.points(portrait.face.landmarks)))
                    samples += made
        if not samples:
            return None
        return Couple(
            portraits=np.stack([crop for crop, _ in crops]),
            portrait_points=np.stack([points for _, points in crops]).astype(np.float32),
            portrait=np.array(of_portrait, np.int32),
            warped=np.stack([sample.warped for sample in samples]),
            points=np.stack([sample.points for sample in samples]).astype(np.float32),
            truth=np.stack([sample.truth for sample in samples]),
            truth_points=np.stack([s.truth_points for s in samples]).astype(np.float32),
            motion=np.stack([sample.motion for sample in samples]),
        )

    def _resting(self, portrait: RigPortrait, source: _Frame, camera: Webcam) -> Iterator[_Sample]:
        """Nothing moves, but the tracker's noise: the driver is seen again by another camera."""
        for again in range(RESTING):
            picture = photographed(source.clean, camera, again)
            self._tracker.reset()
            face = self._tracker.find(picture)
            if face is not None:
                driving = replace(source, picture=picture, face=face)
                made = _sample(portrait, _motion(driving, source), source)
                if made is not None:
                    yield made

    def _frames(self, seed: int, expressions: list[Expression], poses: list[Pose]) -> list[_Frame]:
        """One person in front of one camera: the whole grid, but for faces that are not found."""
        renderer = self._renderer
        actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
        shot = sample_shot(Seeds.all(seed), renderer.quality.size_px)
        framing = replace(shot.framing, half_height=shot.framing.half_height * _CLOSER)
        bare = generator(seed, "bare").random() < _BARE
        shot = replace(shot, framing=framing, occluder=None if bare else shot.occluder)
        camera = sample_webcam(seed)
        frames: list[_Frame] = []
        for cell in product(range(len(poses)), range(len(expressions))):
            pose, expression = poses[cell[0]], expressions[cell[1]]
            seen = renderer.render(actor, replace(shot, pose=pose, expression=expression))
            picture = photographed(seen.picture, camera, seed * 100 + len(frames))
            self._tracker.reset()
            face = self._tracker.find(picture)
            if face is not None:
                frames.append(
                    _Frame(
                        clean=seen.picture,
                        picture=picture,
                        coverage=seen.coverage,
                        face=face,
                        pose=cell[0],
                        expression=cell[1],
                    )
                )
        return frames


def _portrait(source: _Frame) -> RigPortrait:
    matte = source.coverage.astype(np.float32) / np.float32(255.0)
    return RigPortrait(source.picture, source.face, lambda: matte)


def _samples(
    portrait: RigPortrait,
    source: _Frame,
    own: list[_Frame],
    other: list[_Frame],
    draw: np.random.Generator,
) -> Iterator[_Sample]:
    """The portrait driven by some frames of its own person and of the other."""
    others = {frame.cell: frame for frame in other}
    for index in draw.permutation(len(own))[:PAIRS]:
        target = own[index]
        is_other = draw.random() < 0.5
        driving = others.get(target.cell) if is_other else target
        neutral = others.get(source.cell) if is_other else source
        if target is source or driving is None or neutral is None:
            continue
        made = _sample(portrait, _motion(driving, neutral), target)
        if made is not None:
            yield made


def _motion(driving: _Frame, neutral: _Frame) -> RigMotion:
    driver = RigDriver()
    driver.calibrate(neutral.picture, neutral.face)
    return driver.read(driving.picture, driving.face, 0)


def _sample(portrait: RigPortrait, motion: RigMotion, target: _Frame) -> _Sample | None:
    warped = portrait.warp(motion)
    crop = head_crop(portrait.face, warped.head)
    truth, found = _aligned(target, warped.target)
    points, truth_points = crop.points(warped.target), crop.points(found)
    error = np.linalg.norm(points - truth_points, axis=1)[EXPRESSION_POINTS]
    if error.mean() > _MEAN_ERROR_PX or error.max() > _LARGEST_ERROR_PX:
        return None
    return _Sample(
        warped=crop.cut(warped.picture),
        points=points,
        truth=crop.cut(truth),
        truth_points=truth_points,
        motion=motion_vector(portrait.face, motion, warped.head),
    )


def _expressions(seed: int, draw: np.random.Generator) -> list[Expression]:
    """The couple's faces: at rest, then single factors and all together."""
    drawn = [sample_expression(Seeds.all(0).with_expression(seed * 50 + k)) for k in range(FACES)]
    rest = Expression(blink=(0.04, 0.04))
    shut = (1.0, 1.0) if draw.random() < 0.7 else drawn[3].blink
    return [
        rest,
        replace(rest, lips=drawn[1].lips),
        replace(rest, emotion=drawn[2].emotion, brows=drawn[2].brows),
        replace(rest, blink=shut),
        replace(rest, gaze=drawn[4].gaze, brows=drawn[4].brows),
        replace(drawn[5], blink=(0.05, 0.05)),
        *drawn[6:],
    ]


def _poses(seed: int, draw: np.random.Generator) -> list[Pose]:
    amounts = (0.25, float(draw.uniform(0.3, 0.9)))
    return [sample_pose(seed * 50 + k, amount) for k, amount in enumerate(amounts)]


def _chosen_sources(fit: list[_Frame], draw: np.random.Generator) -> list[_Frame]:
    """Mostly resting faces, as portraits are; some that smile or speak."""
    if not fit:
        return []
    weight = np.array([4.0 if f.expression == 0 else 1.0 for f in fit])
    count = min(SOURCES, len(fit))
    chosen = draw.choice(len(fit), count, replace=False, p=weight / weight.sum())
    return [fit[k] for k in chosen]


def _aligned(target: _Frame, landmarks: Array) -> tuple[Pixels, Array]:
    """The truth laid onto the head where the rig took it, and its landmarks there.

    The rig's head follows within a degree or two; what is left of that is not the refiner's to
    correct, and as a target it would only teach it to blur.
    """
    found = target.face.landmarks[:468].astype(np.float64)
    flat = np.array([1.0, 1.0, 0.0])
    moved = fit_similarity(
        to_picture(found * flat), to_picture(landmarks[:468] * flat), rigid_weights()
    )
    linear = moved.scale * moved.rotation[:2, :2] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    shift = moved.translation[:2] * (1.0, -1.0)
    affine = np.hstack([linear, shift[:, None]])
    size = target.picture.shape[1], target.picture.shape[0]
    picture = cv2.warpAffine(
        target.picture, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    points = target.face.landmarks[:, :2] @ linear.T + shift
    return np.asarray(picture, np.uint8), points
