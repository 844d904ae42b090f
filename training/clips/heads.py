"""Rendered people as grids: each expression in each pose, so that every exact answer is known.

One file per person, written whole or not at all. What DPE's strategy asks for, the same person with
the driver's expression and the own pose, is another cell of the grid.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.array_file import load_arrays, save_arrays
from training.clips.alignment import alignment_of_landmarks68
from training.heads.appearance import sample_appearance
from training.heads.factors import sample_pose
from training.heads.identity import sample_identity
from training.heads.landmarks import landmarks68
from training.heads.posing import Pose
from training.heads.quality import Quality
from training.heads.renderer import Renderer
from training.heads.scene import sample_expression, sample_shot
from training.heads.seeds import Seeds
from training.reader.samples import arkit_of

EXPRESSIONS = 8
AMOUNTS = (0.2, 0.4, 0.6, 0.85)
"""Of the poses, which grow along the grid: a curriculum begins with the first ones."""

_CLOSER = 0.78
"""The samplers' framing shows more around a head than the crop that a model sees live."""
_SHIFTS = 0.5
"""Of the samplers': what is left of the picture must still hold the chin."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadGrid:
    """One person: P poses by E expressions."""

    pictures: NDArray[np.uint8]
    """(P, E, S, S, 3) RGB"""
    alignments: NDArray[np.float32]
    """(P, E, 2, 3), as in `alignment.py`."""
    boxes: NDArray[np.float32]
    """(P, E, 3, 4): left, top, right, bottom of face, mouth and eyes, in -1..1 of the picture."""
    coefficients: NDArray[np.float32]
    """(E, 52) in 0..1, in the order of ARKIT_NAMES."""
    poses: NDArray[np.float32]
    """(P, 6): yaw, pitch, roll in radians; shifts in units of FaceKit; logarithm of the scale."""


def quality(size_px: int) -> Quality:
    """Rough and fast: what a picture of 64 to 128 pixels shows of a head."""
    return Quality(
        size_px=size_px, supersampling=1.0, texture_px=256, shadow_px=256, hair_strands=800
    )


def render_grid(
    renderer: Renderer,
    seed: int,
    expressions: int = EXPRESSIONS,
    amounts: tuple[float, ...] = AMOUNTS,
) -> HeadGrid:
    """Render one person; the same seed gives the same bits on the same OpenGL driver."""
    size = renderer.quality.size_px
    actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
    shot = sample_shot(Seeds.all(seed), size)
    framing = replace(shot.framing, half_height=shot.framing.half_height * _CLOSER)
    shot = replace(shot, framing=framing, occluder=None)
    faces = [
        sample_expression(Seeds.all(0).with_expression(seed * 50 + k)) for k in range(expressions)
    ]
    poses = [_pose(seed * 50 + k, amount) for k, amount in enumerate(amounts)]
    shape = (len(poses), len(faces))
    pictures = np.zeros((*shape, size, size, 3), np.uint8)
    alignments, boxes = np.zeros((*shape, 2, 3), np.float32), np.zeros((*shape, 3, 4), np.float32)
    coefficients = np.zeros((len(faces), 52), np.float32)
    for p, pose in enumerate(poses):
        for e, face in enumerate(faces):
            seen = renderer.render(actor, replace(shot, pose=pose, expression=face))
            points = landmarks68(renderer.mesh, seen)
            pictures[p, e] = seen.picture
            alignments[p, e] = alignment_of_landmarks68(points, size)
            boxes[p, e] = _boxes(points, size)
            coefficients[e] = arkit_of(seen.weights, renderer.mesh.facekit.expression_names)
    return HeadGrid(
        pictures=pictures, alignments=alignments, boxes=boxes, coefficients=coefficients,
        poses=np.array([_numbers(pose) for pose in poses], np.float32),
    )  # fmt: skip


def path_of(folder: Path, seed: int) -> Path:
    """Where a person is kept."""
    return folder / f"head_{seed:08d}.npz"


def fill(
    renderer: Renderer, folder: Path, seeds: Iterable[int], tell: Callable[[int], None]
) -> None:
    """Render the people of `seeds` that are missing."""
    for done, seed in enumerate(seeds, start=1):
        path = path_of(folder, seed)
        if not path.exists():
            save_arrays(render_grid(renderer, seed), path)
        tell(done)


def load(path: Path) -> HeadGrid:
    """Read a person."""
    return load_arrays(HeadGrid, path)


def seeds_in(folder: Path) -> list[int]:
    """Whose files lie in a folder."""
    return sorted(int(path.stem.removeprefix("head_")) for path in folder.glob("head_*.npz"))


def _pose(seed: int, amount: float) -> Pose:
    pose = sample_pose(seed, amount)
    return replace(pose, shift_x=pose.shift_x * _SHIFTS, shift_y=pose.shift_y * _SHIFTS)


def _numbers(pose: Pose) -> tuple[float, ...]:
    return pose.yaw, pose.pitch, pose.roll, pose.shift_x, pose.shift_y, float(np.log(pose.scale))


def _boxes(points: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """(3, 4) of the 68 landmarks (68, 3): face, mouth, eyes, each with a margin."""
    places = (points[:, :2] + 0.5) * (2.0 / size) - 1.0
    boxes = []
    for first, last, margin in ((0, 68, 0.08), (48, 68, 0.35), (36, 48, 0.2)):
        low, high = places[first:last].min(axis=0), places[first:last].max(axis=0)
        reach = margin * (high - low)
        boxes.append(np.concatenate([low - reach, high + reach]))
    return np.array(boxes, np.float32)
