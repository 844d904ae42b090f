"""A process that fills the pool.

    python -m training.refiner.filler FACEKIT FOLDER FIRST STEP MOST

The trainer starts as many as it is told to; each has its own OpenGL context and takes every
STEP-th seed from FIRST on. It ends when it is told to.
"""

import os
import sys
from pathlib import Path

from engine.faces.mesh_tracker import MeshTracker
from training.heads import facekit
from training.heads.quality import Quality
from training.heads.renderer import Renderer
from training.refiner.couples import CoupleMaker
from training.refiner.pool import HELD_OUT, fill

QUALITY = Quality(size_px=256, supersampling=1.25)
"""Of the pictures; a crop of the head is about as large."""


def main(arguments: list[str]) -> int:
    """Fill until the seeds of training run out, which they don't."""
    path, folder = Path(arguments[0]), Path(arguments[1])
    first, step, most = (int(argument) for argument in arguments[2:5])
    os.nice(10)
    maker = CoupleMaker(Renderer(facekit.load(path), QUALITY), MeshTracker())
    if first >= HELD_OUT:
        fill(maker, folder, range(first, first + step), most)
    else:
        fill(maker, folder, range(first, HELD_OUT, step), most)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
