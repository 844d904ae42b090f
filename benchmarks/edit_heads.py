"""Rendered heads, whose right answer is known: how near an edit comes to it.

And what the measures say of the right answer itself: what they find wrong with it is their own.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.edit_measures import FEATURES, features, leaks
from benchmarks.edit_run import STILL, Run, driver_track, face_of, planned, track_of, tracked
from engine.geometry import Array
from engine.rig.edit.regions import Board, face_height, lower_face
from engine.rig.landmarks import EYES, OUTER_LIPS
from stream.edit.asked import Driving
from stream.files.bounded_queue import ahead
from stream.files.clips import Clip

_BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283))
EVERY = 4
TIMED = (10, 34)
"""Frames."""


def heads(place: Path, made: Path) -> Iterator[str]:
    """Lines on the film of a head whose every pixel is known."""
    yield (
        "Mean error in levels, of the edit / of the film as it was; told as somebody else: two "
        "clips of two seconds, each with a rest guessed from itself; as the same person "
        "(`--same-person`): with one rest."
    )
    yield ""
    yield "| driver told as | all of the mask | mouth | lower face | eyes | brows | the rest |"
    yield "|---|---|---|---|---|---|---|"
    outside = 0
    for words, is_own in (("somebody else", False), ("the same person", True)):
        driving = Driving(source=made / "driver.mp4", is_own=is_own)
        run = planned(place, made / "source.mkv", [driving])
        errors, count = _errors(place, made, run)
        outside += count
        cells = [f"{new:.1f} / {own:.1f}" for new, own in errors]
        yield f"| {words} | " + " | ".join(cells) + " |"
    yield ""
    yield f"- samples that differ from the film outside the mask: {outside}"


def acted(place: Path, made: Path) -> Iterator[str]:
    """Lines on one person by another: the edit and the exact render, by the same measures."""
    yield (
        "The measures of the first table on films of ten seconds whose right answer is rendered: "
        "what they say of that answer is their own doing (the landmarks that both are read by), "
        "and no edit can be better."
    )
    yield ""
    yield ("| read | " + " | ".join(f"{name} r_d / g_d / g_s" for name in FEATURES) + " |")
    yield "|---" * (len(FEATURES) + 1) + "|"
    for number in range(len(list(made.glob("acted-*-truth.mkv")))):
        source, driver, truth = (
            made / f"acted-{number}-{name}.mkv" for name in ("source", "driver", "truth")
        )
        run = planned(place, source, [Driving(source=driver)])
        frames = list(run.made(range(run.planned.tracks.frames)))
        shown = {
            "the edit": tracked([each.new for each in frames]),
            "the right answer": tracked([frame.pixels for frame in Clip(truth).frames()]),
        }
        own, drove = track_of(run), driver_track(place, driver)
        both = [
            index
            for index in range(len(frames))
            if own.seen[index] and drove.seen[index] and all(each[index] for each in shown.values())
        ]
        of_source, of_driver = (
            np.array([features(face_of(track, index)) for index in both]) for track in (own, drove)
        )
        for words, faces in shown.items():
            read = np.array([features(face) for index in both if (face := faces[index])])
            cells = [
                f"{leak.follows:.2f} / {leak.gain:.2f} / {leak.left:+.2f}"
                for leak in leaks(read, of_driver, of_source)
            ]
            yield f"| film {number + 1}, {words} | " + " | ".join(cells) + " |"


def times(place: Path, made: Path) -> Iterator[str]:
    """Where the time of a frame goes: CPU time on one thread, and by the clock on all cores.

    A clock measures whoever else is on the machine, too.
    """
    run = planned(place, made / "source.mkv", [Driving(source=made / "driver.mp4")])
    film, ticks = run.planned.film, run.planned.tracks.ticks.tolist()
    first, last = TIMED
    run.retoucher.fetch(first, last)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    spent = []
    for frame in islice(film.frames_from(first, ticks), last - first):
        marks = [time.process_time()]
        film.pixels(frame.picture)
        marks.append(time.process_time())
        patches = run.retoucher.patches(frame)
        marks.append(time.process_time())
        run.retoucher.finished(frame, patches)
        marks.append(time.process_time())
        spent.append(np.diff(marks))
    cv2.setNumThreads(threads)
    began = time.process_time()
    count = sum(1 for _ in islice(film.frames_from(first, ticks), last - first))
    decoding = 1000 * (time.process_time() - began) / count
    began = time.monotonic()
    with closing(ahead(islice(film.frames_from(first, ticks), last - first), 4)) as frames:
        for frame in frames:
            run.retoucher.finished(frame, run.retoucher.patches(frame))
    clock = 1000 * (time.monotonic() - began) / count
    to_rgb, both, to_planes = 1000 * np.median(spent, axis=0)
    height = run.planned.people[0].side_px
    yield (
        f"- CPU time of a frame, a face {height:.0f} pixels high, one thread, median: to RGB "
        f"{to_rgb:.0f} ms, retouch {both - to_rgb:.0f} ms "
        f"(p95 {1000 * np.percentile(spent, 95, axis=0)[1] - to_rgb:.0f}), into the planes "
        f"{to_planes:.0f} ms; decoding a lossless film {decoding:.0f} ms"
    )
    yield (
        f"- by the clock, decoding in a thread of its own and {threads} threads of OpenCV: "
        f"{clock:.0f} ms a frame without encoding, at a load average of {os.getloadavg()[0]:.1f}, "
        "which all of these grow with"
    )


def _errors(place: Path, made: Path, run: Run) -> tuple[Array, int]:
    """(7, 2) by region: of the edit, of the film; and samples that differ outside the mask."""
    truth_run = planned(place, made / "truth.mkv", STILL)
    film, track = truth_run.planned.film, track_of(truth_run)
    frames = {each.index: each for each in run.made(range(0, run.planned.tracks.frames, EVERY))}
    found, outside = [], 0
    for frame in film.frames():
        each = frames.get(frame.index)
        if each is None:
            continue
        truth = film.pixels(frame.picture).astype(int)
        off = [
            np.abs(picture.astype(int) - truth).mean(axis=-1) for picture in (each.new, each.own)
        ]
        landmarks = track.landmarks(frame.index, frame.index + 1)[0].astype(np.float64)
        inside = each.mask > 0.5
        found.append([[one[part].mean() for one in off] for part in _parts(landmarks, inside)])
        outside += each.outside
    return np.mean(found, axis=0), outside


def _parts(face: Array, inside: NDArray[np.bool_]) -> Sequence[NDArray[np.bool_]]:
    """(H, W) each: the mask, and its parts that no other one has."""
    height, width = inside.shape
    board = Board(box=(0, 0, width, height), scale=1.0, face_px=face_height(face))
    eyes = [face[np.concatenate([eye.contour, eye.crease])] for eye in EYES]
    hulls = (
        board.hull(face[list(OUTER_LIPS)], grows=0.01),
        lower_face(board, face),
        board.hull(*eyes, grows=0.01),
        board.hull(*(face[list(brow)] for brow in _BROWS), grows=0.01),
    )
    left, found = inside.copy(), [inside]
    for hull in hulls:
        found.append(left & (hull > 0.5))
        left &= ~found[-1]
    return [*found, left]
