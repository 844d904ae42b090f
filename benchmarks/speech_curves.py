"""Whether curves learned from faces beat the table: each filmed talker by what the others taught.

python -m benchmarks.speech_curves --media ../shared/media

A ridge regression from the heard visemes (smoothed as a mouth is, with loudness) to what the rig's
reader sees, learned from two of three filmed talkers and tried on the third. The talkers may be
used for tests only, so nothing that is learned here is kept; the table is what ships.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import keep, markdown
from benchmarks.speech import ours
from benchmarks.speech_filmed import (
    TRAITS,
    Agreement,
    Filmed,
    Floats,
    agreement,
    read_clip,
    traits_of,
)
from engine.speech.articulation import articulate
from engine.speech.features import FRAME_S, Features, loudness
from engine.speech.track import lips_of
from engine.speech.visemes import SILENCE

TALKERS = ("talk_v", "talk_a", "talk_h")
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
"""Of the ridge, in frames; each trait is shown at the one that does best, which flatters it."""
_SIGMA = 3.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Talker:
    """One clip: what is seen of it, what is heard, and how much later."""

    filmed: Filmed
    table: dict[str, Floats]
    """What the table makes of it, as it ships."""
    heard: Floats
    """(frames, 17) smoothed shares of the visemes, and loudness, every 10 ms."""
    lag_s: float
    """Median over the traits, of where the table agrees best."""


def talker(path: Path) -> Talker:
    """Track and hear a clip."""
    filmed = read_clip(path)
    shares = ours(filmed.samples)
    loud = np.exp(0.8 * loudness(Features().hear(filmed.samples)))[: len(shares), None]
    known = np.concatenate([shares, loud * (1.0 - shares[:, SILENCE, None])], axis=1)
    table = traits_of(lips_of([filmed.samples]).mouth) | {
        "contact": traits_of(articulate(shares))["contact"]
    }
    lag_s = float(np.median([found.lag_s for found in agreement(filmed, table).values()]))
    return Talker(filmed=filmed, table=table, heard=_smoothed(known), lag_s=lag_s)


def learned(others: Sequence[Talker], trait: str, strength: float) -> Floats:
    """(17,) weights of what is heard: each clip about its own mean."""
    rows = [_at(each) for each in others]
    wanted = [each.filmed.traits[trait] for each in others]
    seen = np.concatenate([(row - row.mean(axis=0)) for row in rows])
    said = np.concatenate([(want - want.mean()) / want.std() for want in wanted])
    inner = seen.T @ seen + strength * np.diag(seen.var(axis=0) + 1e-6)
    return np.linalg.solve(inner, seen.T @ said)


def compare(talkers: dict[str, Talker]) -> dict[str, dict[str, dict[str, float]]]:
    """Correlation by talker and trait: the table's, and that of curves the two others taught."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    for name, one in talkers.items():
        others = [each for other, each in talkers.items() if other != name]
        table = agreement(one.filmed, one.table)
        result[name] = {}
        for trait in TRAITS:
            tried = [
                _best(one, trait, one.heard @ learned(others, trait, strength))
                for strength in STRENGTHS
            ]
            best = max(tried, key=lambda found: found.r)
            result[name][trait] = {"table": table[trait].r, "learned": best.r}
    return result


def _best(one: Talker, trait: str, curve: Floats) -> Agreement:
    return agreement(one.filmed, {trait: curve})[trait]


def _at(one: Talker) -> Floats:
    """(pictures, 17): what is heard when each picture's sound comes."""
    places = (np.arange(len(one.heard)) + 0.5) * FRAME_S
    moments = one.filmed.times_s + one.lag_s
    return np.stack([np.interp(moments, places, column) for column in one.heard.T], axis=1)


def _smoothed(rows: Floats) -> Floats:
    reach = 8
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SIGMA) ** 2)
    padded = np.pad(rows, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(row, bell / bell.sum(), "valid") for row in padded.T], axis=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and keep the figures in `results/`."""
    parser = argparse.ArgumentParser(description="Compare the table with learned curves.")
    parser.add_argument("--media", type=Path, required=True, help="folder with speech/")
    options = parser.parse_args(arguments)
    talkers = {name: talker(options.media / "speech" / f"{name}.mp4") for name in TALKERS}
    result = compare(talkers)
    table = markdown(
        ["talker", *TRAITS],
        [
            [name, *(f"{traits[t]['table']:.2f} / {traits[t]['learned']:.2f}" for t in TRAITS)]
            for name, traits in result.items()
        ],
    )
    text = "r with what the reader sees: the table / curves learned from the two others.\n\n"
    keep(
        "speech_curves",
        f"python -m benchmarks.speech_curves --media {options.media}",
        result,
        text + table,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
