"""A contact sheet: what the renderer draws, at one look."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from engine.errors import OutputError
from engine.frame import Pixels
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression
from training.heads.identity import sample_identity
from training.heads.lights import sample_light
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import Shot, sample_expression, sample_shot
from training.heads.seeds import Seeds
from training.heads.webcam import photographed, sample_webcam

COLUMNS = (
    "neutral", "expression", "expression", "expression",
    "pose", "pose", "both", "light and camera",
)  # fmt: skip


def draw_sheet(
    renderer: Renderer, first_seed: int, people: int, tell: Callable[[int], None]
) -> Pixels:
    """One row per person, columns as in COLUMNS; `tell` hears of each finished row."""
    rows = []
    for seed in range(first_seed, first_seed + people):
        actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
        pictures = [renderer.render(actor, shot).picture for shot in _shots(seed, renderer)]
        pictures[-1] = photographed(pictures[-1], sample_webcam(seed), seed)
        rows.append(np.hstack(pictures))
        tell(len(rows))
    return np.ascontiguousarray(np.vstack(rows))


def _shots(seed: int, renderer: Renderer) -> list[Shot]:
    """Shots of one person that differ by column."""
    seeds = Seeds.all(seed)
    base = sample_shot(seeds, renderer.quality.size_px)
    still = replace(base, pose=Pose(), expression=Expression())
    faces = [sample_expression(seeds.with_expression(1000 * seed + k)) for k in range(4)]
    poses = [sample_shot(seeds.with_pose(1000 * seed + k), 32).pose for k in range(3)]
    return [
        still,
        *(replace(still, expression=face) for face in faces[:3]),
        *(replace(still, expression=faces[2], pose=pose) for pose in poses[:2]),
        replace(still, expression=faces[3], pose=poses[2]),
        replace(still, expression=faces[3], pose=poses[2], light=sample_light(seed + 1)),
    ]


def save_picture(picture: Pixels, path: Path) -> None:
    """Write a picture; the ending of the name chooses the format."""
    try:
        is_written = cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    except cv2.error as error:
        raise OutputError(f"{path} must end in .png or .jpg.") from error
    if not is_written:
        raise OutputError(f"{path} cannot be written: does its folder exist?")
