"""The moving picture at the head of README.md: the bundled driver beside bundled portraits.

    python -m benchmarks.readme_clip --out docs/heads.webp

Ten seconds of rendered heads, made by `understudy render` as it ships. For eyes, not for figures.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from benchmarks.webp import write_webp
from engine.frame import Pixels
from stream.cli.factories import load_model, tracker_maker
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from stream.render.job import RenderJob, render

DRIVING = ASSETS / "driving.mp4"
PORTRAITS = tuple(ASSETS / "portraits" / f"{name}.png" for name in ("man", "painting", "singer"))
SIDE = 320
"""Of each head, in pixels: the smallest at which teeth and lids can be judged."""
EVERY = 2
"""Of the clip's 30 frames a second, so that the file stays under 2 MB."""
QUALITY = 60


def column(clip: Path) -> list[Pixels]:
    """The frames of a clip that are shown, in the size of a cell."""
    frames = [frame.pixels for frame in Clip(clip).frames()][::EVERY]
    return [
        np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        for picture in frames
    ]


def columns() -> list[list[Pixels]]:
    """The driver, then each portrait doing the same."""
    model, make_tracker = load_model("rig"), tracker_maker("mesh")
    found = [column(DRIVING)]
    with TemporaryDirectory() as folder:
        for portrait in PORTRAITS:
            out = Path(folder) / f"{portrait.stem}.mp4"
            job = RenderJob(portrait=portrait, driving=DRIVING, out=out, framing="face", size=SIDE)
            render(job, model=model, make_tracker=make_tracker)
            found.append(column(out))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Render the heads and write them as an animated WebP."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help=".webp")
    options = parser.parse_args(arguments)
    write_webp(
        options.out,
        zip(*columns(), strict=True),
        duration_ms=round(1000 * EVERY / float(Clip(DRIVING).rate)),
        quality=QUALITY,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
