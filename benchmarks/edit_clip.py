"""The moving picture of `understudy edit` in the README: a film, its edit, and what drove it.

    python -m benchmarks.edit_clip --out docs/edit.webp

The bundled rendered head is both: while its head turns to both sides, its face does what it does in
another part of the clip. Made by the command as it ships; for eyes, not for figures.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from benchmarks.webp import write_webp
from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from stream.cli.factories import load_editor
from stream.edit.asked import Driving, EditJob
from stream.edit.job import edit
from stream.edit.keys import Keys, Range
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

FILM = ASSETS / "driving.mp4"
BEGIN_S, END_S = 3.6, 6.6
"""The head turns to both sides, nods, and speaks."""
TAKE_S = 0.9
"""The other part begins here: a smile, speech, raised brows; the head keeps still."""
SIDE = 256
EVERY = 2
"""Of 30 frames a second."""
QUALITY = 60


def pictures(clip: Path, begin_s: float) -> list[Pixels]:
    """What is shown of a clip, in the size of a cell."""
    end_s = begin_s + END_S - BEGIN_S
    frames = [
        frame.pixels
        for frame in Clip(clip).frames()
        if begin_s - 1e-3 <= frame.captured_ns / 1e9 < end_s - 1e-3
    ]
    return [
        np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        for picture in frames[::EVERY]
    ]


def columns() -> list[list[Pixels]]:
    """The film, its edit, the take."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "edited.mkv"
        edit(
            EditJob(
                source=FILM,
                drivings=[Driving(source=FILM)],
                out=out,
                keys=Keys(range=Range(begin_s=BEGIN_S - 0.4, end_s=END_S + 0.4)),
                offset_s=TAKE_S - 0.4,
            ),
            editor=load_editor("rig"),
            make_finder=SeveralFaces,
        )
        return [pictures(FILM, BEGIN_S), pictures(out, BEGIN_S), pictures(FILM, TAKE_S)]


def main(arguments: list[str] | None = None) -> int:
    """Edit the film and write all three as an animated WebP."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help=".webp")
    options = parser.parse_args(arguments)
    write_webp(
        options.out,
        zip(*columns(), strict=False),
        duration_ms=round(1000 * EVERY / float(Clip(FILM).rate)),
        quality=QUALITY,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
