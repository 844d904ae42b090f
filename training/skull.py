"""How hair and ears lie, looked for on rendered heads: `SKULL` of `engine/rig/warp/skull.py`.

    python -m training.skull facekit.npz [--people 6]

Each person is rendered straight and turned, and drives the own straight picture. What is compared
is all but the face, in pixels: where depth alone is fitted (it can be known exactly), hair goes
where its points go, and the silhouette, which is no point, falls short. Constants are moved one at
a time as long as the error falls.

What ships is not the end of that search: clips of real people, who turn less, like hair that goes
more with its outline, and steeper depths tear hats and veils at 30 degrees (docs/design.md).
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face, Tracker
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.driver.driver import RigDriver
from engine.rig.landmarks import OVAL
from engine.rig.motion.motion import RigMotion
from engine.rig.warp.flow import PortraitFlow
from engine.rig.warp.layers import Layers, Matte, head_half_width, split
from engine.rig.warp.outline import Outline
from engine.rig.warp.skull import SKULL, Recess, Skull
from engine.rig.warp.target import PortraitFace, head_motion, passed_on, target_landmarks
from training.heads import facekit
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer, Rendering
from training.heads.scene import sample_shot
from training.heads.seeds import Seeds

FIRST_PERSON = 5000
POSES = (
    *(Pose(yaw=yaw) for yaw in (0.26, -0.26, 0.52)),
    *(Pose(pitch=pitch) for pitch in (0.2, 0.35, -0.35)),
)
_REST = Expression(blink=(0.04, 0.04))
_STEP = 0.1
_GAIN = 0.01
"""Levels of 255 by which a step must be better."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """One picture of a turned head, and how the rig reads it."""

    truth: Pixels
    beside: NDArray[np.bool_]
    """(H, W): all but the face."""
    motion: RigMotion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sitter:
    """A person whose straight picture is the portrait."""

    face: PortraitFace
    matte: Matte
    layers: Layers
    turns: list[Turn]

    def error(self, skull: Skull) -> float:
        """Mean L1 of 255 beside the face, over all turns."""
        size = self.matte.shape[0], self.matte.shape[1]
        width = head_half_width(self.matte, self.face.landmarks)
        flow = PortraitFlow(self.face, size, half_width=width, matte=self.matte, skull=skull)
        outline = Outline(self.face.landmarks)
        errors = []
        for turn in self.turns:
            shown = _shown(self, flow, outline, turn.motion)
            off = np.abs(shown.astype(np.float32) - turn.truth).mean(axis=-1)
            errors.append(off[turn.beside].mean())
        return float(np.mean(errors))


def sitters(renderer: Renderer, tracker: Tracker, people: range) -> Iterator[Sitter]:
    """Those people whose faces are found."""
    for seed in people:
        actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
        shot = replace(
            sample_shot(Seeds.all(seed), renderer.quality.size_px), occluder=None, expression=_REST
        )
        straight, *turned = (
            _seen(renderer.render(actor, replace(shot, pose=pose)), tracker)
            for pose in (Pose(), *POSES)
        )
        if straight[1] is not None:
            yield _sitter(straight[0], straight[1], turned)


def search(error: Callable[[Skull], float], skull: Skull = SKULL) -> tuple[Skull, float]:
    """The constants found from these ones on, and their error."""
    best = error(skull)
    for step in (_STEP, _STEP / 2):
        for move in _MOVES:
            for way in (step, -step):
                while (found := error(moved := move(skull, way))) < best - _GAIN:
                    skull, best = moved, found
    return skull, best


def _recess(recess: Recess, behind: float, back: float) -> Recess:
    return Recess(behind=recess.behind + behind, back=recess.back + back)


_MOVES: tuple[Callable[[Skull, float], Skull], ...] = (
    lambda skull, by: replace(skull, aside=_recess(skull.aside, by, 0.0)),
    lambda skull, by: replace(skull, aside=_recess(skull.aside, 0.0, by)),
    lambda skull, by: replace(skull, down=_recess(skull.down, by, 0.0)),
    lambda skull, by: replace(skull, down=_recess(skull.down, 0.0, by)),
    lambda skull, by: replace(skull, near=skull.near + 2.0 * by),
    lambda skull, by: replace(skull, far=skull.far + 2.0 * by),
    lambda skull, by: replace(skull, crown=skull.crown + 2.0 * by),
)


def _seen(rendering: Rendering, tracker: Tracker) -> tuple[Rendering, Face | None]:
    tracker.reset()
    return rendering, tracker.find(rendering.picture)


def _sitter(straight: Rendering, face: Face, turned: list[tuple[Rendering, Face | None]]) -> Sitter:
    matte = straight.coverage.astype(np.float32) / np.float32(255.0)
    own = PortraitFace.from_face(face)
    grid = PortraitFlow(own, matte.shape, half_width=None).head.grid
    driver = RigDriver()
    driver.calibrate(straight.picture, face)
    turns = []
    for rendering, seen in turned:
        if seen is None:
            continue
        within = np.zeros(matte.shape, np.uint8)
        cv2.fillPoly(within, [np.round(seen.landmarks[list(OVAL), :2]).astype(np.int32)], 1)
        motion = driver.read(rendering.picture, seen, 0)
        turns.append(Turn(truth=rendering.picture, beside=within == 0, motion=motion))
    layers = split(straight.picture, matte, grid)
    return Sitter(face=own, matte=matte, layers=layers, turns=turns)


def _shown(sitter: Sitter, flow: PortraitFlow, outline: Outline, motion: RigMotion) -> Pixels:
    """The person where the motion takes them, before what lies behind; no eyes, no mouth."""
    head, rim = (head_motion(sitter.face, each) for each in (motion, motion.of_rim))
    asked = target_landmarks(sitter.face, motion, head)
    next_to = passed_on(rim, head, sitter.face)
    target = outline.joined(next_to, asked)
    (left, top, right, bottom), x, y = flow.backward(rim, target, asked, next_to)
    shown = sitter.layers.background.copy()
    person = cv2.remap(sitter.layers.person, x, y, cv2.INTER_LINEAR)
    region = shown[top:bottom, left:right]
    region[:] = person[..., :3] + (region * (1.0 - person[..., 3:] / 255.0)).astype(np.uint8)
    return shown


def main() -> None:
    """Measure, search, print."""
    parser = argparse.ArgumentParser(description="Look for how hair and ears lie.")
    parser.add_argument("facekit", type=Path)
    parser.add_argument("--people", type=int, default=6)
    arguments = parser.parse_args()
    renderer = Renderer(facekit.load(arguments.facekit), TRAINING)
    people = range(FIRST_PERSON, FIRST_PERSON + arguments.people)
    found = list(sitters(renderer, MeshTracker(), people))

    def error(skull: Skull) -> float:
        return float(np.mean([sitter.error(skull) for sitter in found]))

    sys.stdout.write(f"{error(SKULL):.2f} {SKULL}\n")
    skull, least = search(error)
    sys.stdout.write(f"{least:.2f} {skull}\n")


if __name__ == "__main__":
    main()
