"""A film's edit, measured: what is kept, what leaks, what flickers, and how long a frame takes.

    python -m benchmarks.edit --clips FOLDER --made FOLDER

CLIPS has s.mp4, d5.mp4, driving_d10, _d18, _d19, brother.mkv; MADE is what `benchmarks.edit_clips`
makes (scenes, heads, acted). Of the clips every third frame of the first five seconds is made and
tracked again.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.edit_clips import write_film
from benchmarks.edit_heads import acted, heads
from benchmarks.edit_measures import (
    FEATURES,
    features,
    fine_detail,
    fine_skin,
    flicker,
    leaks,
    region_masks,
    rim_moves,
    seam,
    to_first,
    turns,
)
from benchmarks.edit_run import (
    STILL,
    Made,
    Run,
    driver_track,
    face_of,
    planned,
    track_of,
    tracked,
)
from benchmarks.machine import keep
from engine.editing import FaceTrack
from engine.faces.face import Face
from engine.geometry import Array
from stream.edit.asked import Driving
from stream.edit.fitting import fitted
from stream.files.clips import Clip

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
SHIFTS = (0.0, 0.3, 0.6)
"""Of the driver's length: where it begins, played back and forth. With one take alone, what two
films do at the same moments by chance is taken for a leak."""
LEAST_SPREAD = 3.0
"""Times the reading's own noise: who moves less tells nothing."""
GRAIN = 4.0
"""Standard deviation of made grain, levels."""


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
        "both by one regression over three takes, in which the driver begins at three moments. "
        "Still: g_s where the driver keeps still at rest. A dash: who should be followed, or leak, "
        f"moves by less than {LEAST_SPREAD:g} times what reading one frame twice differs by."
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
    yield "## Grain"
    yield ""
    yield from _grain(place, clips / "driving_d19.mp4")
    yield ""
    yield "## Something in front"
    yield ""
    yield from _in_front(place, clips, made)
    if (made / "source.mkv").is_file():
        yield ""
        yield "## Rendered heads, 1080p: the answer is known"
        yield ""
        yield from heads(place, made)
        yield ""
        yield "## Rendered heads by one another: what the measures can tell"
        yield ""
        yield from acted(place, made)


def _pair(place: Path, source: Path, driver: Path) -> tuple[str, list[str]]:
    """One line of the leak, and one of the rest."""
    takes = [_take(place, source, driver, shift) for shift in SHIFTS]
    run, made, found = takes[0].run, takes[0].made, takes[0].found
    track = track_of(run)
    again = _kept(made, tracked([np.roll(each.own, 1, axis=1) for each in made]))
    once = _kept(made, tracked([each.own for each in made]))
    noise = _noise(once, again)
    result, drove, own = (
        np.concatenate([each - each.mean(axis=0) for each in kind])
        for kind in zip(*((each.result, each.drove, each.own) for each in takes), strict=True)
    )
    follows_told = drove.std(axis=0) >= LEAST_SPREAD * noise
    left_told = own.std(axis=0) >= LEAST_SPREAD * noise
    cells = [
        " / ".join(
            [
                f"{leak.follows:.2f} / {leak.gain:.2f}" if follows_told[k] else "- / -",
                f"{leak.left:+.2f} / {left:+.2f}" if left_told[k] else "- / -",
            ]
        )
        for k, (leak, left) in enumerate(
            zip(leaks(result, drove, own), _still(place, source), strict=True)
        )
    ]
    before = [track.landmarks(each.index, each.index + 1)[0] for each, _ in found]
    after = [face.landmarks for _, face in found]
    turned = turns([face.landmarks for _, face in once], [face.landmarks for _, face in again])
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
        f"{np.median(turned):.2f} | {run.facts['lender changes inside an opening']:.0f} |"
    )
    return f"| {name} | " + " | ".join(cells) + " |", [line]


@dataclass(frozen=True, kw_only=True)
class _Take:
    """A film driven by a clip from some moment of it on, made and read again."""

    run: Run
    made: list[Made]
    found: list[tuple[Made, Face]]
    """Those in which the face is seen again."""
    result: Array
    drove: Array
    own: Array
    """(N, 6) features each, of the `found`."""


def _take(place: Path, source: Path, driver: Path, shift: float) -> _Take:
    length_s = _length_s(driver)
    offset_s = shift * length_s
    run = planned(place, source, [Driving(source=driver)], fit="loop", offset_s=offset_s)
    made = list(run.made(_indices(run, EVERY)))
    found = _kept(made, tracked([each.new for each in made]))
    own, of_driver = track_of(run), driver_track(place, driver)
    times = run.planned.tracks.times_s
    time_of = fitted(
        "loop", film_s=(0.0, float(times[-1])), driver_s=float(of_driver.times_s[-1]),
        offset_s=offset_s,
    )  # fmt: skip
    nearest = [_nearest(of_driver, time_of(float(times[each.index]))) for each, _ in found]
    return _Take(
        run=run,
        made=made,
        found=found,
        result=np.array([features(face) for _, face in found]),
        drove=np.array([features(face_of(of_driver, index)) for index in nearest]),
        own=np.array([features(face_of(own, each.index)) for each, _ in found]),
    )


def _length_s(driver: Path) -> float:
    return max(frame.captured_ns for frame in Clip(driver).frames()) / 1e9


def _noise(one: Sequence[tuple[Made, Face]], other: Sequence[tuple[Made, Face]]) -> Array:
    """(6,) standard deviation of the features of one frame, read twice a pixel apart."""
    both = {each.index: face for each, face in other}
    apart = [
        features(face) - features(both[each.index]) for each, face in one if each.index in both
    ]
    return np.asarray(np.std(apart, axis=0) / np.sqrt(2.0))


def _still(place: Path, source: Path) -> list[float]:
    """What a face that is asked to keep still still does of the source's, by feature."""
    run = planned(place, source, STILL)
    made = list(run.made(_indices(run, EVERY)))
    found = _kept(made, tracked([each.new for each in made]))
    track = track_of(run)
    own = np.array([features(face_of(track, each.index)) for each, _ in found])
    result = np.array([features(face) for _, face in found])
    return [_slope(own[:, k], result[:, k]) for k in range(len(FEATURES))]


def _slope(cause: Array, effect: Array) -> float:
    away = cause - cause.mean()
    return float(away @ (effect - effect.mean()) / max(float(away @ away), 1e-9))


def _flicker(place: Path, source: Path) -> dict[str, float]:
    run = planned(place, source, STILL)
    made = list(run.made(range(FLICKERS)))
    track = track_of(run)
    faces = [track.landmarks(each.index, each.index + 1)[0] for each in made]
    maps = to_first(faces)
    masks = region_masks(faces[0], made[0].own.shape[:2])
    return {
        name: flicker([each.new for each in made], maps, mask)
        / flicker([each.own for each in made], maps, mask)
        for name, mask in masks.items()
    }


def _grain(place: Path, source: Path) -> Iterator[str]:
    """Of lent skin: a film with made grain, its face asked to keep still."""
    random = np.random.default_rng(5)
    pictures = [frame.pixels for frame in islice(Clip(source).frames(), FLICKERS)]
    grainy = [
        np.rint(np.clip(each + random.normal(0.0, GRAIN, (*each.shape[:2], 1)), 0, 255))
        for each in pictures
    ]
    film = write_film(place / "grain.mkv", (each.astype(np.uint8) for each in grainy), rate=30)
    run = planned(place, film, STILL)
    # The head hardly moves, so the first frame's place of the skin serves for all.
    face = track_of(run).landmarks(0, 1)[0]
    fine = np.array(
        [
            [fine_skin(each.own, face), fine_skin(each.new, face)]
            for each in run.made(range(FLICKERS))
        ]
    )  # (frames, own and new, pixels)
    size = float((fine[:, 1].std(axis=1) / fine[:, 0].std(axis=1)).mean())
    own, new = (
        np.mean([np.corrcoef(*pair)[0, 1] for pair in pairwise(fine[:, k])]) for k in range(2)
    )
    yield (
        f"- a film with grain of {GRAIN:g} levels, still driver: of the new lower face, the finest "
        f"structure is {size:.2f} times the film's own; its likeness from frame to frame "
        f"is {new:.2f} (the film's own {own:.2f})"
    )


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


def _indices(run: Run, every: int) -> list[int]:
    times = run.planned.tracks.times_s
    return [index for index in range(0, len(times), every) if times[index] < SECONDS]


def _kept(made: Sequence[Made], faces: Sequence[Face | None]) -> list[tuple[Made, Face]]:
    both = zip(made, faces, strict=True)
    return [(each, face) for each, face in both if face is not None]


def _nearest(track: FaceTrack, time_s: float) -> int:
    return int(np.argmin(np.where(track.seen, np.abs(track.times_s - time_s), np.inf)))


if __name__ == "__main__":
    raise SystemExit(main())
