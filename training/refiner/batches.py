"""Samples of the pool as tensors: windows of the crops, mirrored, recoloured."""

from concurrent.futures import Executor
from dataclasses import dataclass, fields
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.faces.canonical import load_basis
from engine.geometry import Array
from engine.rig.landmarks import EYES, INNER_LIPS, OUTER_LIPS
from engine.rig.paint.own_mouth import shows_interior
from engine.rig.refine.head_crop import SIDE
from engine.rig.refine.inputs import EXPRESSION_POINTS, region_maps
from training.refiner.couples import Couple

WINDOW = 128
"""Side of what a training step sees of a crop; the network is convolutional, so it learns from
parts at a quarter of the cost."""

WINDOW_SHARES = {"eyes": 0.3, "mouth": 0.6, "anywhere": 0.1}
"""Where the windows lie."""

COARSE, COARSEST = 0.35, 3.5
"""Share of samples with fewer real pixels than the crop has, and by which factor at most: small
faces, old cameras, clips that were enlarged."""

AT_REST = 0.1
"""Share of samples in which nothing moves, and nothing may change."""

TOOTH_LIGHT = 0.55, 1.0
"""Of what lies between the lips, drawn anew for each sample: rendered teeth are whiter than
people's, and mouths lie in shade."""

WATCHED = np.unique(
    np.concatenate(
        [np.array(OUTER_LIPS), np.array(INNER_LIPS), EXPRESSION_POINTS]
        + [eye.contour for eye in EYES]
    )
)
"""The landmarks that tell where the flow should lead."""

_MIRROR = np.array([-1.0, 1.0, 1.0], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """N samples; pixels are in -1..1."""

    portrait: Tensor
    """(N, 8, S, S)"""
    small: Tensor
    """(N, 3, 64, 64): the whole head of the portrait."""
    warped: Tensor
    """(N, 8, S, S)"""
    truth: Tensor
    """(N, 3, S, S)"""
    motion: Tensor
    """(N, MOTION_LENGTH)"""
    weight: Tensor
    """(N, 1, S, S): what an error counts."""
    found: Tensor
    """(N, K, 2) px: landmarks of the truth."""
    way: Tensor
    """(N, K, 2) px: from those to where the rig took them, which is what the flow should be."""

    def on(self, device: str) -> "Batch":
        """The same there."""
        moved = {f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)}
        return Batch(**moved)


def training_batch(
    draws: list[tuple[Couple, int]],
    random: np.random.Generator,
    workers: Executor | None = None,
) -> Batch:
    """Windows of WINDOW pixels, augmented; the same whoever makes them."""
    randoms = [np.random.default_rng(seed) for seed in random.integers(2**63, size=len(draws))]
    couples, indices = zip(*draws, strict=True)
    made = (workers.map if workers else map)(_sample, couples, indices, randoms)
    return _stacked(list(made))


def whole_batch(draws: list[tuple[Couple, int]]) -> Batch:
    """Whole crops as they are."""
    return _stacked([_sample(couple, index, None) for couple, index in draws])


def _stacked(samples: list[tuple[NDArray[np.float32], ...]]) -> Batch:
    portrait, small, warped, truth, motion, weight, found, way = (
        torch.from_numpy(np.stack(arrays)) for arrays in zip(*samples, strict=True)
    )
    return Batch(
        portrait=_planes(portrait), small=_planes(small), warped=_planes(warped),
        truth=_planes(truth), motion=motion, weight=_planes(weight), found=found, way=way,
    )  # fmt: skip


def _planes(pixels: Tensor) -> Tensor:
    """(N, S, S, C) -> (N, C, S, S) whose memory stays as it is: channels last."""
    return pixels.permute(0, 3, 1, 2)


def _sample(
    couple: Couple, index: int, random: np.random.Generator | None
) -> tuple[NDArray[np.float32], ...]:
    which = couple.portrait[index]
    portrait, truth = couple.portraits[which], couple.truth[index]
    warped, motion = couple.warped[index], couple.motion[index]
    portrait_points = couple.portrait_points[which].astype(np.float64)
    points = couple.points[index].astype(np.float64)
    truth_points = couple.truth_points[index].astype(np.float64)
    if random is not None and random.random() < AT_REST:
        warped = truth = portrait
        points = truth_points = portrait_points
        motion = _resting(motion, random)
    if random is not None:
        light = _tooth_light(random)
        portrait = _lit_inside(portrait, portrait_points, light)
        truth = _lit_inside(truth, truth_points, light)
        if shows_interior(portrait_points):  # then its own teeth are what the rig moves
            warped = _lit_inside(warped, points, light)
    if random is not None and random.random() < COARSE:
        side = round(SIDE / random.uniform(1.3, COARSEST))
        portrait, warped, truth = (_coarse(picture, side) for picture in (portrait, warped, truth))
    if random is not None and random.random() < 0.5:
        portrait, warped, truth = portrait[:, ::-1], warped[:, ::-1], truth[:, ::-1]
        portrait_points, points = mirrored_points(portrait_points), mirrored_points(points)
        truth_points, motion = mirrored_points(truth_points), mirrored_motion(motion)
    window = slice(0, SIDE), slice(0, SIDE)
    if random is not None:
        window = _window(points, random)
    quarter = (SIDE // 4, SIDE // 4)
    small = cv2.resize(np.ascontiguousarray(portrait), quarter, interpolation=cv2.INTER_AREA)
    pictures = [portrait[window], warped[window], truth[window], small]
    own, moved, right, small = _coloured(pictures, random)
    maps = [_light(region_maps(p)[window]) for p in (portrait_points, points)]
    found, way = truth_points[WATCHED], (points - truth_points)[WATCHED]
    found = found - (window[1].start, window[0].start)
    return (
        np.dstack([own, maps[0]]), small, np.dstack([moved, maps[1]]), right,
        motion.astype(np.float32), error_weights(points)[window],
        found.astype(np.float32), way.astype(np.float32),
    )  # fmt: skip


def _tooth_light(random: np.random.Generator) -> NDArray[np.float32]:
    """(3,) a gain of RGB, from as it is to dark and yellow."""
    yellow = random.uniform(0.0, 0.2) * np.array([0.0, 0.3, 1.0])
    return np.asarray(random.uniform(*TOOTH_LIGHT) * (1.0 - yellow), np.float32)


def _lit_inside(
    picture: NDArray[np.uint8], points: Array, gain: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The crop with what lies between its lips multiplied."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    lips = np.round(points[list(INNER_LIPS)] * 16).astype(np.int32)
    cv2.fillPoly(inside, [lips], 255, cv2.LINE_AA, 4)
    soft = cv2.blur(inside, (3, 3)).astype(np.float32)[..., None] * np.float32(1.0 / 255.0)
    return np.asarray(picture * (1.0 + (gain - 1.0) * soft) + 0.5, np.uint8)


def _coarse(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The crop with no more detail than a square of `side` pixels has."""
    small = cv2.resize(np.ascontiguousarray(picture), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)


def _resting(motion: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """No motion, as a tracker reads it: nearly none."""
    count = 3 * len(EXPRESSION_POINTS)
    resting = np.zeros_like(motion)
    resting[:count] = random.normal(0, 0.03, count)
    resting[count : count + 2] = random.normal(0, 0.1, 2)
    resting[-3:] = motion[-3:]
    return resting


def _light(maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    return maps.astype(np.float32) * np.float32(2.0 / 255.0) - np.float32(1.0)


def error_weights(points: Array) -> NDArray[np.float32]:
    """(SIDE, SIDE, 1): most at eyes and mouth, little off the face, where nothing is to be done."""
    step = 4  # it is smooth
    y, x = np.mgrid[0:SIDE:step, 0:SIDE:step].astype(np.float32)
    points = points.astype(np.float32)

    def near(index: tuple[int, ...] | NDArray[np.int64], spread: float) -> NDArray[np.float32]:
        low, high = points[list(index)].min(axis=0), points[list(index)].max(axis=0)
        middle = (low + high) / 2.0
        reach = np.maximum((high - low) / 2.0, np.array([18.0, 9.0], np.float32)) * spread
        far = ((x - middle[0]) / reach[0]) ** 2 + ((y - middle[1]) / reach[1]) ** 2
        share: NDArray[np.float32] = np.exp(-(far**2))
        return share

    face = near(np.arange(468), 1.05)
    parts = near((*INNER_LIPS, *OUTER_LIPS), 1.3)
    for eye in EYES:
        parts = np.maximum(parts, near(eye.contour, 1.35))
    weights = 0.15 + 0.85 * face + 3.0 * parts
    large = cv2.resize(weights, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)[..., None]


def _window(points: Array, random: np.random.Generator) -> tuple[slice, slice]:
    kind = random.choice(list(WINDOW_SHARES), p=list(WINDOW_SHARES.values()))
    room = SIDE - WINDOW
    if kind == "anywhere":
        left, top = random.integers(0, room + 1, 2)
    else:
        aim = points[list(OUTER_LIPS)] if kind == "mouth" else points[[33, 133, 362, 263, 9]]
        corner = aim.mean(axis=0) - WINDOW / 2 + random.uniform(-20, 20, 2)
        left, top = np.clip(np.round(corner), 0, room).astype(int)
    left, top = int(left) // 4 * 4, int(top) // 4 * 4
    return slice(top, top + WINDOW), slice(left, left + WINDOW)


def _coloured(
    pictures: list[NDArray[np.uint8]], random: np.random.Generator | None
) -> list[NDArray[np.float32]]:
    """0..255 -> -1..1, with the same change of light and colour for all."""
    table = np.repeat(np.linspace(-1, 1, 256, dtype=np.float32)[:, None], 3, axis=1)
    if random is None:
        return [cv2.LUT(picture, table[None]) for picture in pictures]  # type: ignore[misc]
    light = np.linspace(1e-4, 1, 256)[:, None] ** np.exp(random.normal(0, 0.18))
    gain = np.exp(random.normal(0, 0.10) + random.normal(0, 0.06, 3))
    table = (2.0 * np.clip(light * gain, 0, 1) - 1.0).astype(np.float32)
    keep = float(np.clip(1 + 0.25 * random.normal(), 0.3, 1.6))
    mix = (np.eye(3) * keep + (1.0 - keep) / 3.0).astype(np.float32)
    return [
        np.asarray(cv2.transform(cv2.LUT(np.ascontiguousarray(p), table[None]), mix), np.float32)
        for p in pictures
    ]


@cache
def mirror_order() -> NDArray[np.int64]:
    """(478,) for each landmark the one on the other side of the face."""
    points = load_basis().canonical
    across = points * (-1.0, 1.0, 1.0)
    mesh = ((across[:468, None] - points[None, :468]) ** 2).sum(-1).argmin(axis=1)
    # Of the irises the border points are named by the picture: -x and +x change places.
    irises = [473, 476, 475, 474, 477, 468, 471, 470, 469, 472]
    return np.concatenate([mesh, irises])


def mirrored_points(points: Array) -> Array:
    """(478, 2) px of a crop, as in its mirror image."""
    return points[mirror_order()] * (-1.0, 1.0) + (SIDE - 1.0, 0.0)


@cache
def _mirror_of_points() -> NDArray[np.int64]:
    place = {int(landmark): k for k, landmark in enumerate(EXPRESSION_POINTS)}
    return np.array([place[int(mirror_order()[landmark])] for landmark in EXPRESSION_POINTS])


def mirrored_motion(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """A motion vector, as in a mirror: left and right change places, yaw and roll their signs."""
    count = 3 * len(EXPRESSION_POINTS)
    offsets = motion[:count].reshape(-1, 3)[_mirror_of_points()] * _MIRROR
    aperture, contact = motion[count : count + 2][::-1], motion[count + 2 : count + 3]
    turns = motion[count + 3 :].reshape(2, 3) * np.array([1.0, -1.0, -1.0], np.float32)
    return np.concatenate([offsets.ravel(), aperture, contact, turns.ravel()])
