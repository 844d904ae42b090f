"""With frames of a filmed person, the rig comes nearer to that person's other frames."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bank.enrolled import enroll, performed
from benchmarks.bank.measuring import split
from benchmarks.regions import distance, regions
from benchmarks.same_person import Take, load_take
from engine.rig.motion.motion import RigMotion
from engine.rig.portrait import RigPortrait

CLIP = Path(__file__).parents[2] / "shared" / "media" / "driving" / "d5.mp4"
needs_clip = pytest.mark.skipif(not CLIP.is_file(), reason="../shared/media is missing")


@cache
def take() -> Take:
    return load_take(CLIP, 256)


@needs_clip
@pytest.mark.slow
def test_filmed_mouths_are_nearer_to_the_persons_own_than_drawn_ones() -> None:
    among, tested = split("covered", len(take().faces))
    person = enroll(take(), among)
    motions, shown = person.motions(take(), tested), set(range(0, len(tested), 5))
    found = {}
    for bank in (False, True):
        portrait = person.portrait(refiner=None, bank=bank)
        found[bank] = {
            part: float(np.mean(values))
            for part, values in _errors(portrait, motions, shown, tested).items()
        }
    assert found[True]["mouth"] < 0.8 * found[False]["mouth"]
    assert found[True]["face"] < found[False]["face"]


@needs_clip
@pytest.mark.slow
def test_a_bank_of_a_whole_clip_is_small() -> None:
    person = enroll(take(), range(len(take().faces)))
    assert {one.part for one in person.appearances} == {"mouth", "lids", "upper_face"}
    assert sum(one.picture.nbytes for one in person.appearances) < 3_000_000


def _errors(
    portrait: RigPortrait, motions: list[RigMotion], shown: set[int], tested: list[int]
) -> dict[str, list[float]]:
    errors: dict[str, list[float]] = {"mouth": [], "face": []}
    for place, output in performed(portrait, motions, shown):
        truth, face = take().pictures[tested[place]], take().faces[tested[place]]
        near = distance(output, truth, regions(face, truth.shape[:2]))
        for part, values in errors.items():
            values.append(near[part][0])
    return errors
