"""Teaches the network: the portrait, warped by the rig itself, against the head that truly turned.

The rig's flow is not differentiated. Where it found that a pixel p shows the portrait's place s(p),
a head that goes farther there by d shows s(p) - s'(p) d instead: that is all a gradient needs,
whatever triangles were drawn. What hides what is found anew in every step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.rig.landmarks import OVAL
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.head_network import CELLS, FIELDS, Floats
from engine.rig.warp.layers import head_half_width, split
from engine.rig.warp.limits import HeadLimits
from engine.rig.warp.node_mesh import FINER
from engine.rig.warp.outline import Outline
from engine.rig.warp.own_head import CELL, OwnHead, surroundings
from engine.rig.warp.surroundings import FaceAxes, beside
from engine.rig.warp.target import (
    HeadMotion,
    PortraitFace,
    head_motion,
    passed_on,
    target_landmarks,
)
from engine.rig.warp.unseen import Unseen
from training.own_head.net import HeadNet
from training.own_head.sitters import Sitter, Turn

_STEEPEST = 3.0
"""Of the flow, in pixels of the portrait per pixel: at an edge it has no slope."""

_LEVEL, _SMOOTH = 1.0, 0.03
"""Slope of a field that is free, and what all of it costs, in levels of 255 over `_LEVELS`."""

_LEVELS = 10.0

_BATCH, _TURNS = 3, 3
"""People in a step, and turns of each."""

_TOLD = 100

_RATE, _LAST, _DECAY, _WARM_UP = 2e-3, 0.02, 1e-3, 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turned:
    """One turn of a pupil."""

    head: HeadMotion
    rim: HeadMotion
    turn: Turn
    ways: Tensor
    """(2, 3, 2) px per unit of a field: outside of the face and within it."""
    truth: Tensor
    """(3, H / 2, W / 2)"""
    counts: Tensor
    """(H / 2, W / 2)"""


class Pupil:
    """A sitter whose portrait can be warped with any fields, and to whom it matters."""

    def __init__(self, sitter: Sitter) -> None:
        self._face = PortraitFace.from_face(sitter.face)
        landmarks = self._face.landmarks
        self._size = sitter.matte.shape[0], sitter.matte.shape[1]
        self._matte, self._axes = sitter.matte, FaceAxes.of(landmarks)
        self._half_width = head_half_width(sitter.matte, landmarks)
        self._unseen = Unseen(landmarks, sitter.picture)
        self.cells = _tensor(surroundings(self._face, sitter.picture, sitter.matte))[None]
        own = OwnHead(np.zeros((FIELDS, CELLS, CELLS), np.float32), self._face)
        flow = self._flow(own, self._face)
        layers = split(sitter.picture, sitter.matte, flow.head.grid)
        self._person = _planes(layers.person)[None]
        self._background = _planes(layers.background)
        self._to_cells = _tensor(own.to_cells)
        self._within, self._share = self._shares(own, flow)
        limits = HeadLimits(self._face, self._size, half_width=self._half_width)
        self.turns = [self._turned(limits, turn) for turn in sitter.turns]

    def error(self, fields: Tensor, turned: Turned) -> Tensor:
        """L1 of 255 of one turn with fields (1, 3, 64, 64)."""
        places = self._places(fields[0].detach().numpy(), turned)
        apart = (self._shown(places, fields, turned) - turned.truth).abs().mean(0)
        return (apart * turned.counts).sum() / turned.counts.sum()

    def _flow(self, own: OwnHead, face: PortraitFace) -> PortraitFlow:
        return PortraitFlow(
            face,
            self._size,
            half_width=self._half_width,
            matte=self._matte,
            unseen=self._unseen,
            own=own,
        )

    def _places(self, fields: Floats, turned: Turned) -> Floats:
        """(2, H / 2, W / 2): where every second pixel comes from, as the rig has it."""
        own = OwnHead(fields, self._face)
        face = own.deepened(self._face)
        asked = target_landmarks(face, turned.turn.motion, turned.head)
        next_to = passed_on(turned.rim, turned.head, face)
        target = Outline(face.landmarks).joined(next_to, asked)
        box, *found = self._flow(own, face).backward(turned.rim, target, asked, next_to)
        left, top, right, bottom = box
        rows, columns = self._size
        places = np.stack([plane.astype(np.float32) for plane in _pixels(rows, columns)])
        places[:, top:bottom, left:right] = found
        return np.stack([_half(plane) for plane in places])

    def _shown(self, places: Floats, fields: Tensor, turned: Turned) -> Tensor:
        """(3, H / 2, W / 2) the picture, as fields (1, 3, 64, 64) change it."""
        slopes = [
            np.clip(np.stack(np.gradient(p)[::-1]) / 2.0, -_STEEPEST, _STEEPEST) for p in places
        ]
        slope = _tensor(np.stack(slopes))  # (2 source, 2 pixel, h, w)
        at = _tensor(places).permute(1, 2, 0)[None]  # (1, h, w, 2)
        cells = (at @ self._to_cells[:, :2].T + self._to_cells[:, 2] + 0.5) * (2.0 / CELLS) - 1.0
        found = _sampled(fields, cells)[0]
        size = at.new_tensor([self._size[1], self._size[0]])
        place = (at + 0.5) / size * 2.0 - 1.0
        within, share = (_sampled(each, place)[0, 0] for each in (self._within, self._share))
        outside, inside = (torch.einsum("khw,kd->dhw", found, ways) for ways in turned.ways)
        farther = (outside + (inside - outside) * within) * share
        farther = farther - farther.detach()
        moved = at[0] - torch.einsum("sphw,phw->hws", slope, farther)
        person = _sampled(self._person, (moved[None] + 0.5) / size * 2.0 - 1.0)[0]
        return person[:3] + self._background * (1.0 - person[3:] / 255.0)

    def _shares(self, own: OwnHead, flow: PortraitFlow) -> tuple[Tensor, Tensor]:
        """(1, 1, h, w): 1 in the face, else 0; how far fields move what is there."""
        x, y = (_half(p.astype(np.float32)).ravel() for p in _pixels(*self._size))
        points = np.stack([x, y], axis=1).astype(np.float64)
        within = beside(points, self._face.landmarks[list(OVAL), :2]) < 0.0
        grid = flow.head.grid
        apart = FINER * grid.spacing
        nodes = ((points - (grid.left, grid.top)) / apart).astype(np.float32)
        with_head = np.asarray(
            cv2.remap(
                flow.head.share.astype(np.float32),
                nodes[None],
                None,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # type: ignore[call-overload]
        )[0]
        share = np.where(within, own.share(points), with_head)
        shape = 1, 1, self._size[0] // 2, self._size[1] // 2
        return _tensor(within.reshape(shape)), _tensor(share.reshape(shape))

    def _turned(self, limits: HeadLimits, turn: Turn) -> Turned:
        motion = limits.keep(turn.motion)
        head, rim = head_motion(self._face, motion), head_motion(self._face, motion.of_rim)
        shake, nod = self._axes.axes @ rim.linear[:2, 2]
        aside, down = self._axes.axes * self._axes.height
        depth = shake * aside + nod * down
        outside = [depth, max(shake, 0.0) ** 2 * aside, min(shake, 0.0) ** 2 * aside]
        inside = np.zeros((FIELDS, 2))
        inside[0] = head.linear[:2, 2] * self._axes.height
        return Turned(
            head=head,
            rim=rim,
            turn=Turn(truth=turn.truth, counts=turn.counts, motion=motion),
            ways=_tensor(np.stack([np.stack(outside), inside])),
            truth=_planes(turn.truth),
            counts=_tensor(_half(turn.counts)),
        )


def learn(
    net: HeadNet,
    pupils: Sequence[Pupil],
    *,
    steps: int,
    seed: int = 0,
    tell: Callable[[int, float], None] = lambda step, error: None,
) -> None:
    """Train so long; `tell` hears of every hundredth step, and the mean error since the last."""
    draw = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
    errors = list[float]()
    for step in range(steps):
        falling = _LAST + (1.0 - _LAST) * 0.5 * (1.0 + float(np.cos(np.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / _WARM_UP) * falling
        optimizer.zero_grad()
        for _ in range(_BATCH):
            pupil = pupils[int(draw.integers(len(pupils)))]
            cells = _in_another_light(pupil.cells, draw)
            fields = net.mirrored(cells) if draw.integers(2) else net(cells)
            chosen = draw.permutation(len(pupil.turns))[:_TURNS]
            error = sum(
                (pupil.error(fields, pupil.turns[k]) for k in chosen), torch.zeros(())
            ) / len(chosen)
            cost = error / _LEVELS + _roughness(fields)
            cost.div(_BATCH).backward()  # type: ignore[no-untyped-call]
            errors.append(error.item())
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % _TOLD == 0:
            tell(step + 1, float(np.mean(errors[-_TOLD * _BATCH :])))


def mean_error(net: HeadNet, pupils: Sequence[Pupil]) -> float:
    """L1 of 255 over all turns."""
    with torch.no_grad():
        errors = [
            float(pupil.error(fields, turned))
            for pupil in pupils
            for fields in [(net(pupil.cells) + net.mirrored(pupil.cells)) / 2.0]
            for turned in pupil.turns
        ]
    return float(np.mean(errors))


def _in_another_light(cells: Tensor, draw: np.random.Generator) -> Tensor:
    """Other brightness, contrast and colour, and a matte with a softer edge."""
    changed = cells.clone()
    colours = (changed[:, :3] + 0.5).clamp(0.0, 1.0) ** float(np.exp(draw.normal(0.0, 0.25)))
    gains = np.exp(draw.normal(0.0, 0.15, 3) + draw.normal(0.0, 0.15))
    changed[:, :3] = colours * _tensor(gains)[:, None, None] - 0.5
    softer = cv2.GaussianBlur(changed[0, 3].numpy(), (0, 0), float(draw.uniform(0.3, 1.2)))
    changed[:, 3] = _tensor(np.asarray(softer))
    return changed


def _roughness(fields: Tensor) -> Tensor:
    """What slopes cost: steep ones fold or tear."""
    cost = torch.zeros(())
    for steps in (fields.diff(dim=-1), fields.diff(dim=-2)):
        slope = steps / CELL
        cost = cost + F.relu(slope.abs() - _LEVEL).square().mean() + _SMOOTH * slope.square().mean()
    return cost


def _pixels(rows: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) each: x and y."""
    y, x = np.indices((rows, columns))
    return x, y


def _half(plane: NDArray[np.uint8] | Floats) -> Floats:
    size = plane.shape[1] // 2, plane.shape[0] // 2
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _planes(picture: NDArray[np.uint8]) -> Tensor:
    return _tensor(_half(picture)).permute(2, 0, 1)


def _tensor(array: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _sampled(planes: Tensor, places: Tensor) -> Tensor:
    return F.grid_sample(planes, places, padding_mode="border", align_corners=False)
