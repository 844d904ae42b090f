"""A film's edit, measured: what is kept, what leaks, what flickers, and how long a frame takes.

    python -m benchmarks.edit --clips FOLDER --made FOLDER

CLIPS has s.mp4, d5.mp4, driving_d10, _d18, _d19; MADE is what `benchmarks.edit_clips` makes. Of the
clips every third frame of the first five seconds is made and tracked again.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from benchmarks.edit_measures import (
    FEATURES,
    features,
    fine_detail,
    flicker,
    leaks,
    region_masks,
    rim_moves,
    seam,
    to_first,
    turns,
)
from benchmarks.edit_run import Made, Run, planned, tracked
from benchmarks.machine import keep
from engine.editing import FaceTrack
from engine.faces.face import Face
from engine.geometry import Array
from stream.edit.asked import Driving
from stream.edit.tracks import Tracks
from stream.edit.workplace import key_of, key_of_clip

PAIRS = (
    ("s.mp4", "d5.mp4"),
    ("driving_d19.mp4", "driving_d18.mp4"),
    ("driving_d10.mp4", "d5.mp4"),
    ("brother.mkv", "driving_d18.mp4"),
)
SECONDS = 4.8
EVERY = 3
FLICKERS = 36
"""Frames in a row."""
STILL = [Driving(source=None, sliders={"jawOpen": 0.0})]
"""A face at rest, for what is left of the source when nothing is asked."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--made", type=Path, required=True)
    options = parser.parse_args(arguments)
    lines: list[str] = []
    with TemporaryDirectory() as folder:
        for line in report(Path(folder), options.clips, options.made):
            print(line, file=sys.stderr, flush=True)
            lines.append(line)
    command = "python -m benchmarks.edit --clips CLIPS --made MADE"
    keep("edit", command, {"report": lines}, "\n".join(lines))
    return 0


def report(place: Path, clips: Path, made: Path) -> Iterator[str]:
    """The result file, line by line."""
    yield "## Leak: what follows the driver, what is left of the source"
    yield ""
    yield (
        "r_d: correlation with the driver; g_d: gain of the driver; g_s: share of the source left, "
        "both by one regression. Still: g_s where the driver keeps still at rest."
    )
    yield ""
    yield (
        "| film by driver | "
        + " | ".join(f"{name} r_d / g_d / g_s / still" for name in FEATURES)
        + " |"
    )
    yield "|---" * (len(FEATURES) + 1) + "|"
    others: list[str] = []
    for source, driver in PAIRS:
        line, other = _pair(place, clips / source, clips / driver)
        yield line
        others += other
    yield ""
    yield "## The rest of the picture, detail, seam, size, pose"
    yield ""
    yield (
        "Outside: samples of the planes that differ where the mask is 0. Detail: of the lower "
        "face's skin, over the source's. Seam: change just inside the mask's edge, levels of 255. "
        "Size and roll: of the head's rim (hairline, temples, ears) followed from each frame into "
        "its edit, the largest of the clip. Tracked turn: between the trackings of both, which the "
        "new expression itself sways; noise: of the source, tracked again a pixel aside."
    )
    yield ""
    yield (
        "| film by driver | outside | detail | seam | size % | roll deg | tracked turn deg "
        "(median, noise) | mouth changes in an opening |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    yield from others
    yield ""
    yield "## Self test: the film drives itself"
    yield ""
    for name in ("s.mp4", "driving_d19.mp4", "driving_d10.mp4"):
        run = planned(place, clips / name, [Driving(source=clips / name)])
        frames = list(run.made(_indices(run, 12)))
        errors = [float(np.abs(each.new.astype(int) - each.own).mean()) for each in frames]
        yield f"- {name}: mean L1 {np.mean(errors):.4f}, largest of a frame {np.max(errors):.4f}"
    yield ""
    yield "## Flicker, mean second difference over time on the still head, over the source's own"
    yield ""
    yield "| film, driver still | skin | lips | eyes |"
    yield "|---|---|---|---|"
    for name in ("s.mp4", "driving_d19.mp4", "driving_d10.mp4"):
        ratios = _flicker(place, clips / name)
        yield f"| {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios.values()) + " |"
    yield ""
    yield "## Something in front"
    yield ""
    yield from _in_front(place, clips, made)
    if (made / "source.mkv").is_file():
        yield ""
        yield "## Rendered heads, 1080p: the answer is known"
        yield ""
        yield from _heads(place, made)


def _pair(place: Path, source: Path, driver: Path) -> tuple[str, list[str]]:
    """One line of the leak, and one of the rest."""
    run = planned(place, source, [Driving(source=driver)])
    indices = _indices(run, EVERY)
    made = list(run.made(indices))
    found = _kept(made, tracked([each.new for each in made]))
    own_track = _track(run)
    own = np.array([features(_face(own_track, each.index)) for each, _ in found])
    of_driver = _driver_track(place, driver)
    times = run.planned.tracks.times_s
    drove = np.array(
        [
            features(_face(of_driver, _nearest(of_driver, float(times[each.index]))))
            for each, _ in found
        ]
    )
    result = np.array([features(face) for _, face in found])
    still = _still(place, source)
    cells = [
        f"{leak.follows:.2f} / {leak.gain:.2f} / {leak.left:+.2f} / {left:+.2f}"
        for leak, left in zip(leaks(result, drove, own), still, strict=True)
    ]
    before = [own_track.landmarks(each.index, each.index + 1)[0] for each, _ in found]
    after = [face.landmarks for _, face in found]
    again = _kept(made, tracked([np.roll(each.own, 1, axis=1) for each in made]))
    noise = turns(
        [face.landmarks for _, face in _kept(made, tracked([each.own for each in made]))],
        [face.landmarks for _, face in again],
    )
    detail = [
        fine_detail(each.new, now) / fine_detail(each.own, then)
        for (each, _), then, now in zip(found, before, after, strict=True)
    ]
    rims = np.abs(
        [rim_moves(each.own, each.new, then) for (each, _), then in zip(found, before, strict=True)]
    )
    size, roll = rims.max(axis=0)
    name = f"{source.stem} by {driver.stem}"
    line = (
        f"| {name} | {sum(each.outside for each in made)} | {np.mean(detail):.2f} | "
        f"{np.mean([seam(each.own, each.new, each.mask) for each in made]):.4f} | "
        f"{size:.2f} | {roll:.2f} | {np.median(turns(before, after)):.2f}, "
        f"{np.median(noise):.2f} | {run.facts['lender changes inside an opening']:.0f} |"
    )
    return f"| {name} | " + " | ".join(cells) + " |", [line]


def _still(place: Path, source: Path) -> list[float]:
    """What a face that is asked to keep still still does of the source's, by feature."""
    run = planned(place, source, STILL)
    made = list(run.made(_indices(run, EVERY)))
    found = _kept(made, tracked([each.new for each in made]))
    track = _track(run)
    own = np.array([features(_face(track, each.index)) for each, _ in found])
    result = np.array([features(face) for _, face in found])
    return [_slope(own[:, k], result[:, k]) for k in range(len(FEATURES))]


def _slope(cause: Array, effect: Array) -> float:
    away = cause - cause.mean()
    return float(away @ (effect - effect.mean()) / max(float(away @ away), 1e-9))


def _flicker(place: Path, source: Path) -> dict[str, float]:
    run = planned(place, source, STILL)
    made = list(run.made(range(FLICKERS)))
    track = _track(run)
    faces = [track.landmarks(each.index, each.index + 1)[0] for each in made]
    maps = to_first(faces)
    masks = region_masks(faces[0], made[0].own.shape[:2])
    return {
        name: flicker([each.new for each in made], maps, mask)
        / flicker([each.own for each in made], maps, mask)
        for name, mask in masks.items()
    }


def _in_front(place: Path, clips: Path, made: Path) -> Iterator[str]:
    driver = [Driving(source=clips / "d5.mp4")]
    hands = np.load(made / "hand.npz")["mask"]
    run = planned(place, made / "hand.mp4", driver)
    shares = []
    for each in run.made(range(22, 78, 4)):
        hand = hands[each.index]
        changed = np.abs(each.new.astype(int) - each.own).max(axis=-1) > 6
        if hand.any():
            shares.append(float((changed & hand).sum() / hand.sum()))
    yield (
        f"- a hand before mouth and cheek (made): {100 * np.mean(shares):.1f} % of its pixels are "
        f"overwritten by more than 6 levels, {100 * np.max(shares):.0f} % in the worst frame"
    )
    for name in ("s.mp4", "driving_d19.mp4", "driving_d10.mp4", "driving_d18.mp4"):
        run = planned(place, clips / name, driver)
        covered = [patch.covered for each in run.made(_indices(run, 6)) for patch in each.patches]
        share = 100 * float(np.mean(covered))
        yield f"- {name}, nothing in front: {share:.2f} % of the face is taken for it"


def _heads(place: Path, made: Path) -> Iterator[str]:
    run = planned(place, made / "source.mkv", [Driving(source=made / "driver.mp4")])
    truth_run = planned(place, made / "truth.mkv", STILL)
    film = truth_run.planned.film
    frames = {each.index: each for each in run.made(range(0, run.planned.tracks.frames, 4))}
    inside, before, outside = [], [], 0
    for frame in film.frames():
        each = frames.get(frame.index)
        if each is None:
            continue
        truth = film.pixels(frame.picture).astype(int)
        where = each.mask > 0.5
        if where.any():
            inside.append(float(np.abs(each.new - truth)[where].mean()))
            before.append(float(np.abs(each.own - truth)[where].mean()))
        outside += each.outside
    yield (
        f"- error inside the mask, levels: {np.mean(inside):.2f}; of the film as it was: "
        f"{np.mean(before):.2f}; samples that differ from the film outside the mask: {outside}"
    )
    yield from _times(run)


def _times(run: Run) -> Iterator[str]:
    """CPU time on one thread: a clock would measure whoever else is on the machine."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    film, ticks = run.planned.film, run.planned.tracks.ticks.tolist()
    run.retoucher.fetch(10, 30)
    frames = list(islice(film.frames_from(10, ticks), 20))
    spent = np.zeros((len(frames), 2))
    for row, frame in zip(spent, frames, strict=True):
        began = time.process_time()
        patches = run.retoucher.patches(frame)
        row[0] = time.process_time() - began
        run.retoucher.finished(frame, patches)
        row[1] = time.process_time() - began - row[0]
    cv2.setNumThreads(threads)
    middle, most = 1000 * np.median(spent, axis=0), 1000 * np.percentile(spent, 95, axis=0)
    height = run.planned.people[0].side_px
    yield (
        f"- CPU time of a frame, one thread, a face {height:.0f} pixels high: RGB and retouch "
        f"{middle[0]:.0f} ms (p95 {most[0]:.0f}), into the planes {middle[1]:.0f} ms "
        f"(p95 {most[1]:.0f}); decoding and encoding not counted"
    )


def _indices(run: Run, every: int) -> list[int]:
    times = run.planned.tracks.times_s
    return [index for index in range(0, len(times), every) if times[index] < SECONDS]


def _kept(made: Sequence[Made], faces: Sequence[Face | None]) -> list[tuple[Made, Face]]:
    both = zip(made, faces, strict=True)
    return [(each, face) for each, face in both if face is not None]


def _track(run: Run) -> FaceTrack:
    return run.planned.tracks.track(run.planned.people[0].number)


def _driver_track(place: Path, driver: Path) -> FaceTrack:
    """As the plan has read it."""
    folder = next(place.glob(f"*.edit/driver0-{key_of('driver', key_of_clip(driver))}"))
    tracks = Tracks(folder)
    return tracks.track(tracks.people()[0].number)


def _face(track: FaceTrack, index: int) -> Face:
    return Face(landmarks=track.landmarks(index, index + 1)[0], confidence=1.0)


def _nearest(track: FaceTrack, time_s: float) -> int:
    return int(np.argmin(np.where(track.seen, np.abs(track.times_s - time_s), np.inf)))


if __name__ == "__main__":
    raise SystemExit(main())
