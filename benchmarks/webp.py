"""Writes pictures that stand side by side as an animated WebP, for the README."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.frame import Pixels

EFFORT = 4
"""Of 6: a quarter smaller than 0, which is the default."""


def write_webp(
    path: Path, rows: Iterable[Sequence[Pixels]], *, duration_ms: int, quality: int
) -> None:
    """Show each row, its pictures from left to right, for so long, over and over.

    Pictures of a row have one height. `quality` is WebP's, from 0 to 100. A `ValueError` where
    there is no row.
    """
    shown = [Image.fromarray(np.hstack(row)) for row in rows]
    if not shown:
        raise ValueError(f"there are no pictures to write to {path}")
    shown[0].save(
        path,
        save_all=True,
        append_images=shown[1:],
        duration=duration_ms,
        loop=0,
        quality=quality,
        method=EFFORT,
    )
