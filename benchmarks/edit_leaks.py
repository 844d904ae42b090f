"""How far a film's edit follows its driver, what it leaves of the source, and what it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.edit_measures import (
    FEATURES,
    chances,
    features,
    fine_detail,
    leaks,
    rim_moves,
    seam,
    turns,
)
from benchmarks.edit_run import (
    STILL,
    Made,
    Part,
    Run,
    driver_track,
    face_of,
    indices,
    planned,
    track_of,
    tracked,
)
from engine.editing import FaceTrack
from engine.faces.face import Face
from engine.geometry import Array
from stream.edit.asked import Driving
from stream.edit.fitting import fitted
from stream.files.clips import Clip

EVERY = 3
SHIFTS = (0.0, 0.3, 0.6)
"""Of the driver's length: where it begins, played back and forth. With one take alone, what two
films do at the same moments by chance is taken for a leak."""
LEAST_SPREAD = 3.0
"""Times the reading's own noise: who moves less tells nothing."""
FOLLOWS = (
    "r_d: correlation with the driver; g_d: gain of the driver; g_s: share of the source left, "
    "both by one regression over three takes, in which the driver begins at three moments. "
    "Chance: what the same regression finds of a source moved in time, which cannot be in the "
    "result, 19 of 20 times no more. Still: g_s where the driver keeps still at rest. A dash: "
    "who should be followed, or leak, "
    f"moves by less than {LEAST_SPREAD:g} times what reading one frame twice differs by."
)
KEEPS = (
    "Outside: samples of the planes that differ where the mask is 0. Detail: of the lower "
    "face's skin, over the source's. Seam: change just inside the mask's edge, levels of 255. "
    "Size and roll: of the head's rim (hairline, temples, ears) followed from each frame into "
    "its edit, the largest of the clip. Tracked turn: between the trackings of both, which the "
    "new expression itself sways; noise: of the source, tracked again a pixel aside."
)


def pair(place: Path, source: Path, driver: Path) -> Part:
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
    still = _still(place, source)
    told = leaks(result, drove, own)
    chance = chances([(each.result, each.drove, each.own) for each in takes])
    cells = [
        " / ".join(
            [
                f"{leak.follows:.2f} / {leak.gain:.2f}" if follows_told[k] else "- / -",
                f"{leak.left:+.2f} / {chance[k]:.2f} / {left:+.2f}"
                if left_told[k]
                else "- / - / -",
            ]
        )
        for k, (leak, left) in enumerate(zip(told, still, strict=True))
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
    figures = {
        leak.name: {
            **({"r_d": leak.follows, "g_d": leak.gain} if follows_told[k] else {}),
            **({"g_s": leak.left, "chance": chance[k], "still": still[k]} if left_told[k] else {}),
        }
        for k, leak in enumerate(told)
    }
    return Part(lines=[f"| {name} | " + " | ".join(cells) + " |", line], figures={name: figures})


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
    made = list(run.made(indices(run, EVERY)))
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
    made = list(run.made(indices(run, EVERY)))
    found = _kept(made, tracked([each.new for each in made]))
    track = track_of(run)
    own = np.array([features(face_of(track, each.index)) for each, _ in found])
    result = np.array([features(face) for _, face in found])
    return [_slope(own[:, k], result[:, k]) for k in range(len(FEATURES))]


def _slope(cause: Array, effect: Array) -> float:
    away = cause - cause.mean()
    return float(away @ (effect - effect.mean()) / max(float(away @ away), 1e-9))


def _kept(made: Sequence[Made], faces: Sequence[Face | None]) -> list[tuple[Made, Face]]:
    both = zip(made, faces, strict=True)
    return [(each, face) for each, face in both if face is not None]


def _nearest(track: FaceTrack, time_s: float) -> int:
    return int(np.argmin(np.where(track.seen, np.abs(track.times_s - time_s), np.inf)))
