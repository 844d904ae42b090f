"""What the tests of DPE's training take: drawn people, in the places where real ones lie."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from training.array_file import save_arrays
from training.clips.alignment import alignment_of
from training.clips.heads import HeadGrid, path_of
from training.clips.shards import About, ShardWriter, SourceEntry, encoded
from training.reader.samples import HELD_OUT

SIZE = 32
_NINE = np.array(
    [(9, 11), (13, 11), (19, 11), (23, 11), (16, 11), (16, 14), (16, 16), (16, 17), (16, 20)],
    np.float32,
)


def _nine(shift: int) -> NDArray[np.float32]:
    return _NINE + np.array([shift, 0], np.float32)


def drawn_person(seed: int, shift: int, mouth: float) -> Pixels:
    """A face of one colour before another; `shift` is its pose in pixels, `mouth` 0..1 is open."""
    colours = np.random.default_rng(seed).integers(40, 215, (2, 3))
    picture = np.full((SIZE, SIZE, 3), colours[0], np.uint8)
    middle = (16 + shift, 16)
    cv2.ellipse(picture, middle, (9, 12), 0, 0, 360, colours[1].tolist(), -1)
    for side in (-4, 4):
        cv2.circle(picture, (middle[0] + side, 12), 1, (20, 20, 20), -1)
    cv2.ellipse(picture, (middle[0], 22), (4, 1 + round(3 * mouth)), 0, 0, 360, (120, 20, 30), -1)
    return picture


def made_grid(seed: int, poses: int = 3, faces: int = 3) -> HeadGrid:
    shifts = [0, -3, 3][:poses]
    mouths = np.random.default_rng([seed, 1]).random(faces)
    pictures = [[drawn_person(seed, shift, mouth) for mouth in mouths] for shift in shifts]
    aligned = [alignment_of(_nine(shift), SIZE) for shift in shifts]
    coefficients = np.zeros((faces, 52), np.float32)
    coefficients[:, 24] = mouths  # jawOpen
    numbers = np.zeros((poses, 6), np.float32)
    numbers[:, 0] = np.array(shifts) / 10
    return HeadGrid(
        pictures=np.array(pictures, np.uint8),
        alignments=np.repeat(np.array(aligned)[:, None], faces, axis=1),
        boxes=np.tile(np.array([(-0.6, -0.8, 0.6, 0.8)] * 3, np.float32), (poses, faces, 1, 1)),
        coefficients=coefficients,
        poses=numbers,
    )


def made_heads(folder: Path, people: int = 6) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in [*range(people), HELD_OUT, HELD_OUT + 1]:
        save_arrays(made_grid(seed), path_of(folder, seed))
    return folder


def made_clips(folder: Path, people: int = 3, frames: int = 6) -> Path:
    """Clips of several people in shards."""
    writer = ShardWriter(folder, SIZE)
    for person in range(people):
        name = f"film{person}"
        file = writer.open_shard()
        shifts = [number - frames // 2 for number in range(frames)]
        pictures = [drawn_person(50 + person, s, n / frames) for n, s in enumerate(shifts)]
        lengths = [file.write(encoded(picture)) for picture in pictures]
        aligned = np.array([alignment_of(_nine(s), SIZE) for s in shifts])
        about = About(source=name, identity=name, first_frame=0, size=SIZE, box=(16, 16, 32))
        writer.add(file, lengths, aligned, about)
        writer.finish(SourceEntry(source=name, frames=frames, refused={}))
    return folder
