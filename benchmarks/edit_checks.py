"""What an edit must not do: change a film that drives itself, flicker, cover what is in front."""

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from benchmarks.edit_clips import write_film
from benchmarks.edit_measures import fine_skin, flicker, region_masks, to_first
from benchmarks.edit_run import STILL, indices, planned, track_of
from stream.edit.asked import Driving
from stream.files.clips import Clip

FLICKERS = 36
"""Frames in a row."""
GRAIN = 4.0
"""Standard deviation of made grain, levels."""
FILMS = ("s.mp4", "driving_d19.mp4", "driving_d10.mp4")


def by_themselves(place: Path, clips: Path) -> Iterator[str]:
    """Films that drive themselves."""
    for name in FILMS:
        run = planned(place, clips / name, [Driving(source=clips / name)])
        frames = list(run.made(indices(run, 12)))
        errors = [float(np.abs(each.new.astype(int) - each.own).mean()) for each in frames]
        yield f"- {name}: mean L1 {np.mean(errors):.4f}, largest of a frame {np.max(errors):.4f}"


def flickers(place: Path, clips: Path) -> Iterator[str]:
    """Films whose driver keeps still."""
    yield "| film, driver still | skin | lips | eyes |"
    yield "|---|---|---|---|"
    for name in FILMS:
        ratios = _flicker(place, clips / name)
        yield f"| {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios.values()) + " |"


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


def grain(place: Path, source: Path) -> Iterator[str]:
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


def in_front(place: Path, clips: Path, made: Path) -> Iterator[str]:
    """A made hand, and films without one."""
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
        covered = [patch.covered for each in run.made(indices(run, 6)) for patch in each.patches]
        share = 100 * float(np.mean(covered))
        yield f"- {name}, nothing in front: {share:.2f} % of the face is taken for it"
