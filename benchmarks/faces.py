"""How long finding and following a face takes, stage by stage, on the pictures of a clip.

python -m benchmarks.faces --clip FILE [--portrait FILE] [--frames 300]
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.machine import keep, markdown
from engine.errors import InputError
from engine.faces.detection import FaceDetector
from engine.faces.face import Face
from engine.faces.mesh import SIZE, MeshNetwork, square_of_mesh
from engine.faces.mesh_tracker import MeshTracker
from engine.faces.segmentation import PersonSegmenter
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.stats import percentiles_ms
from stream.files.clips import Clip

WARM_UP = 20


def durations_ns(step: Callable[[Pixels], object], pictures: Iterable[Pixels]) -> list[int]:
    """How long the step takes for each picture, after a warm-up that is not counted."""
    samples = []
    for picture in pictures:
        began = time.perf_counter_ns()
        step(picture)
        samples.append(time.perf_counter_ns() - began)
    return samples[WARM_UP:] or samples


def stages(pictures: list[Pixels]) -> dict[str, list[int]]:
    """Every stage of the tracker by itself, then its whole step in three situations."""
    tracker, detector, mesh = MeshTracker(), FaceDetector(), MeshNetwork()
    face = _first_face(tracker, pictures)
    square = square_of_mesh(face.landmarks)
    empty = [np.full_like(picture, 128) for picture in pictures[:100]]

    def first(picture: Pixels) -> None:
        tracker.reset()
        tracker.find(picture)

    return {
        "look at the whole picture": durations_ns(detector.find_some, pictures),
        "look closely at a face": durations_ns(
            lambda picture: detector.score_closely(picture, square), pictures
        ),
        "cut the face out": durations_ns(lambda picture: square.cut(picture, SIZE), pictures),
        "cut it out and place the mesh": durations_ns(
            lambda picture: mesh.place(picture, square), pictures
        ),
        "step: a new face": durations_ns(first, pictures[:100]),
        "step: a followed face": durations_ns(tracker.find, pictures),
        "step: no face in view": durations_ns(tracker.find, empty),
    }


def mattes(portrait: Path) -> dict[str, list[int]]:
    """The person's matte at a few sizes; done once per portrait."""
    picture, segmenter = open_picture(portrait), PersonSegmenter()
    face = _first_face(MeshTracker(), [picture])
    found = {}
    for side in (512, 1024):
        scale = side / min(picture.shape[:2])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        scaled = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        left, top, right, bottom = (edge * scale for edge in face.box)
        step = partial(segmenter.matte, box=(left, top, right, bottom))
        found[f"matte, shorter side {side}"] = durations_ns(step, [scaled] * (WARM_UP + 10))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clip", type=Path, required=True, help="a clip with one face")
    parser.add_argument("--portrait", type=Path, help="a portrait, for the matte")
    parser.add_argument("--frames", type=int, default=300, help="at most so many frames")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    pictures = [frame.pixels for frame in Clip(options.clip).frames()][: options.frames]
    measured = stages(pictures)
    if options.portrait is not None:
        measured |= mattes(options.portrait)
    result = {stage: percentiles_ms(samples) for stage, samples in measured.items()}
    rows = [[stage, f"{of['p50']:.2f}", f"{of['p95']:.2f}"] for stage, of in result.items()]
    height, width = pictures[0].shape[:2]
    head = [f"one thread, {width} x {height}", "p50 ms", "p95 ms"]
    named = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.faces", *named])
    keep("faces", command, {"picture": [width, height], "ms": result}, markdown(head, rows))
    return 0


def _first_face(tracker: MeshTracker, pictures: list[Pixels]) -> Face:
    for picture in pictures:
        if (face := tracker.find(picture)) is not None:
            return face
    raise InputError("no face in these pictures: choose others")


if __name__ == "__main__":
    raise SystemExit(main())
