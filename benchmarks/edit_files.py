"""An edit's files: when its lips move, what encoding costs, how a killed run goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.edit_clips import write_film
from benchmarks.edit_measures import features
from benchmarks.edit_run import Part
from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from engine.geometry import Array
from engine.rig.edit.editor import RigEditor
from stream.edit.asked import Driving, EditJob
from stream.edit.encoders import Encoding
from stream.edit.film import Film
from stream.edit.job import edit
from stream.edit.planes import planes_of
from stream.edit.segments import write_piece
from stream.files.clips import Clip

FILM = "driving_d19.mp4"
RATES = (Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001))
SYNC_S, SIDE = 3.0, 256
UNEVEN_MS = (20, 55, 33, 40, 71)
"""Between pictures of a film of variable rate, again and again."""
SHIFTS_S = np.arange(-0.15, 0.1501, 0.001)
FAST = Encoding(lossless=True, options={"preset": "ultrafast"})
RESUMED_RATE, RESUMED_FRAMES = 3, 75
"""25 seconds: three pieces."""


def sync(place: Path, clips: Path) -> Part:
    """How much later than the driver's the result's lips part, by the times in its file."""
    pictures = [_small(frame.pixels) for frame in islice(Clip(clips / FILM).frames(), 90)]
    drives = (frame.pixels for frame in islice(Clip(clips / "d5.mp4").frames(), 96))
    driver = write_film(place / "driver.mkv", drives, rate=30)
    moves = _lip_gap(driver)
    lines, figures = [], {}
    films: list[tuple[str, list[Fraction] | None, Fraction]] = [
        (f"{float(rate):.5g}", None, rate) for rate in RATES
    ]
    steps = [Fraction(UNEVEN_MS[k % len(UNEVEN_MS)], 1000) for k in range(len(pictures))]
    starts = [sum(steps[:k], Fraction(0)) for k in range(len(pictures))]
    films.append(("variable", starts, len(steps) / sum(steps, Fraction(0))))
    for name, times, rate in films:
        count = min(len(pictures), int(SYNC_S * rate))
        film = place / f"sync-{name}.mkv"
        if times is None:
            write_film(film, pictures[:count], rate=rate)
        else:
            write_film(film, pictures[:count], rate=1000, times_s=times[:count])
        out = place / f"sync-{name}-edited.mp4"
        job = EditJob(source=film, drivings=[Driving(source=driver)], out=out, encoding=FAST)
        edit(job, editor=RigEditor(), make_finder=SeveralFaces)
        late_s = _late_s(out, moves)
        lines.append(
            f"- {name} pictures a second: {1000 * late_s:+.0f} ms, "
            f"{late_s * float(rate):+.2f} frames"
        )
        figures[name] = {"late_ms": 1000 * late_s, "late_frames": late_s * float(rate)}
    return Part(lines=lines, figures={"sync": figures})


def encoding(place: Path, clips: Path) -> Iterator[str]:
    """A film that drives itself, encoded; over the film itself, encoded by the same settings."""
    for name in ("s.mp4", "driving_d19.mp4"):
        film, out = Film(clips / name), place / f"{name}-self.mkv"
        job = EditJob(source=film.path, drivings=[Driving(source=film.path)], out=out)
        edit(job, editor=RigEditor(), make_finder=SeveralFaces)
        plain = place / f"{name}-plain.nut"
        write_piece(plain, film, Encoding(), film.frames())
        edited, coded = (_error(film.path, path) for path in (out, plain))
        yield (
            f"- {name}: mean error of luma {edited:.3f} levels, of the encoder alone {coded:.3f}; "
            f"ratio {edited / coded:.3f}"
        )


def resumed(place: Path, clips: Path) -> Iterator[str]:
    """`understudy edit` killed in its second piece, and run again; beside a run from end to end."""
    pictures = (
        frame.pixels
        for number, frame in enumerate(Clip(clips / "driving_d10.mp4").frames())
        if number % 5 == 0
    )
    film = write_film(place / "film.mkv", islice(pictures, RESUMED_FRAMES), rate=RESUMED_RATE)
    whole, broken = place / "whole.mkv", place / "broken.mkv"
    asked = [
        *(sys.executable, "-m", "stream.cli", "edit", "--source", str(film)),
        *("--driving", str(clips / "d5.mp4"), "--fit", "loop"),
    ]
    subprocess.run([*asked, "--out", str(whole)], check=True, capture_output=True)
    killed = subprocess.Popen(
        [*asked, "--out", str(broken)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while killed.poll() is None and not list(place.glob("broken.mkv.edit/made-*/*-00000.npz")):
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    status = killed.wait()
    left = len(list(place.glob("broken.mkv.edit/made-*/*.npz")))
    subprocess.run([*asked, "--out", str(broken)], check=True, capture_output=True)
    pairs = list(zip(_decoded(whole), _decoded(broken), strict=True))
    apart = sum(
        one[0] != other[0] or any((a != b).any() for a, b in zip(one[1], other[1], strict=True))
        for one, other in pairs
    )
    yield (
        f"- killed (exit {status}) with {left} of 3 pieces whole: {apart} of {len(pairs)} decoded "
        "frames differ from those of a run from end to end, in times or in any sample"
    )


def _small(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _late_s(out: Path, drives: tuple[Array, Array]) -> float:
    """The shift at which the result's lip gap is most like the driver's."""
    times, gaps = _lip_gap(out)
    inside = times < SYNC_S - 0.2
    time_s, gap = times[inside], gaps[inside]
    alike = [
        np.corrcoef(gap, np.interp(time_s - shift, drives[0], drives[1]))[0, 1]
        for shift in SHIFTS_S
    ]
    return float(SHIFTS_S[int(np.argmax(alike))])


def _lip_gap(clip: Path) -> tuple[Array, Array]:
    """Times in s and lip gaps."""
    finder, times, gaps = SeveralFaces(), [], []
    for frame in Clip(clip).frames():
        face = next(iter(finder.find(frame.pixels)), None)
        if face is not None:
            times.append(frame.captured_ns / 1e9)
            gaps.append(features(face)[0])
    return np.array(times), np.array(gaps)


def _error(film: Path, other: Path) -> float:
    """Mean difference of luma, in levels."""
    with av.open(str(film)) as one, av.open(str(other)) as two:
        apart = [
            np.abs(planes_of(a)[0].astype(int) - planes_of(b)[0]).mean()
            for a, b in zip(one.decode(video=0), two.decode(video=0), strict=True)
        ]
    return float(np.mean(apart))


def _decoded(path: Path) -> Iterator[tuple[Fraction, Sequence[np.ndarray]]]:
    with av.open(str(path)) as clip:
        for picture in clip.decode(video=0):
            assert picture.pts is not None
            assert picture.time_base is not None
            yield picture.pts * picture.time_base, [each.copy() for each in planes_of(picture)]
