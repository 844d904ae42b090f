"""One clip under one protocol: how near each row comes to the clip's own frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.bank.enrolled import enroll, performed
from benchmarks.mobilefacenet import csim
from benchmarks.quality.networks import Networks, find_networks
from benchmarks.regions import REGIONS, Mask, distance, regions
from benchmarks.same_person import Take, load_take
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.rig.motion.motion import RigMotion
from engine.rig.paint.mouth_choice import Mouth
from engine.rig.refine.network import Refiner, load_refiner

STILL, RIG, REFINED, DRIVER, BANK = "still", "rig", "refined (default)", "driver's mouth", "bank"
ROWS = STILL, RIG, REFINED, DRIVER, BANK

METRICS = "L1", "SSIM", "LPIPS"

BLOCK, _RIM = 20, 3
"""Frames: of the covered protocol's blocks, and of a tested block's edges, which are left out."""

Scores = dict[str, dict[str, float]]
"""Metric -> region -> mean; besides `METRICS` the mouth's flicker and the face's CSIM."""


PROTOCOLS = "strict", "covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How clips are measured."""

    refiner: Path | None
    """Its bundle; None is the one that ships."""
    models: Path | None
    """The measuring networks' folder; without it there is no LPIPS and no CSIM."""
    size: int
    """Side of the pictures, px."""
    every: int
    """Every n-th frame is compared."""


def measured(plan: Plan, path: Path) -> dict[str, dict[str, Scores]]:
    """One clip: protocol -> row -> scores."""
    # One picture at a time gains little from more threads, and clips are measured at once.
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    refiner, measures = load_refiner(plan.refiner), find_networks(plan.models)
    take = load_take(path, plan.size)
    return {
        protocol: measure(take, protocol, plan.every, refiner, measures) for protocol in PROTOCOLS
    }


def split(protocol: str, count: int) -> tuple[list[int], list[int]]:
    """Frames that enrol, and frames that are tested.

    Strict: the first half and the second. Covered: every other block of 20, a stand-in for an
    enrolment that asks for what will be needed.
    """
    if protocol == "strict":
        return list(range(count // 2)), list(range(count // 2, count))
    blocks = [(index // BLOCK) % 2 for index in range(count)]
    tested = [
        index for index in range(count) if blocks[index] and _RIM <= index % BLOCK < BLOCK - _RIM
    ]
    return [index for index in range(count) if not blocks[index]], tested


def measure(
    take: Take, protocol: str, every: int, refiner: Refiner, measures: Networks
) -> dict[str, Scores]:
    """Row -> scores of one clip."""
    among, tested = split(protocol, len(take.faces))
    person = enroll(take, among)
    rows: dict[str, tuple[Refiner | None, bool, Mouth]] = {
        RIG: (None, False, "auto"),
        REFINED: (refiner, False, "auto"),
        DRIVER: (refiner, False, "driver"),
        BANK: (refiner, True, "auto"),
    }
    compared = range(0, len(tested), every)
    shown = {*compared, *(place - 1 for place in compared if place > 0)}  # for the flicker
    score = _scorer(take, tested, compared, measures)
    found = {STILL: score(dict.fromkeys(shown, person.picture))}
    motions: dict[Mouth, list[RigMotion]] = {
        mouth: person.motions(take, tested, mouth=mouth) for mouth in ("auto", "driver")
    }
    for row, (network, bank, mouth) in rows.items():
        portrait = person.portrait(refiner=network, bank=bank, mouth=mouth)
        found[row] = score(dict(performed(portrait, motions[mouth], shown)))
    return found


def _scorer(
    take: Take, tested: Sequence[int], compared: Sequence[int], measures: Networks
) -> Callable[[dict[int, Pixels]], Scores]:
    """Scores pictures by their place in `tested`, of which some are compared with the clip."""
    lpips, recogniser = measures.lpips, measures.recogniser
    truths = {place: take.pictures[tested[place]] for place in compared}
    features = {place: lpips.features(truth) for place, truth in truths.items()} if lpips else {}
    own = (
        {p: recogniser.identity(truth, take.faces[tested[p]]) for p, truth in truths.items()}
        if recogniser
        else {}
    )

    def score(pictures: dict[int, Pixels]) -> Scores:
        found: dict[str, dict[str, list[float]]] = {}

        def add(metric: str, region: str, value: float) -> None:
            found.setdefault(metric, {}).setdefault(region, []).append(value)

        for place in compared:
            index, output = tested[place], pictures[place]
            truth, masks = truths[place], regions(take.faces[index], output.shape[:2])
            for region, (l1, ssim) in distance(output, truth, masks).items():
                add("L1", region, l1)
                add("SSIM", region, ssim)
            if lpips is not None:
                mine, size = lpips.features(output), output.shape[:2]
                apart = lpips.between(mine, features[place], size)
                for region in REGIONS:
                    add("LPIPS", region, float(apart[masks[region]].mean()))
            if recogniser is not None:
                face = MeshTracker().find(output)  # none found counts as nobody
                made = None if face is None else recogniser.identity(output, face)
                add("CSIM", "face", 0.0 if made is None else csim(made, own[place]))
            if place > 0 and tested[place - 1] == index - 1:
                mask = masks["mouth"] | regions(take.faces[index - 1], output.shape[:2])["mouth"]
                outputs, clips = (pictures[place - 1], output), (take.pictures[index - 1], truth)
                add("flicker", "mouth", _flicker(outputs, clips, mask))
        return {
            metric: {region: float(np.mean(values)) for region, values in of_regions.items()}
            for metric, of_regions in found.items()
        }

    return score


def _flicker(outputs: tuple[Pixels, Pixels], truths: tuple[Pixels, Pixels], mask: Mask) -> float:
    """Mean |change of the output - change of the truth| within a mask, of 255."""
    made, true = (after.astype(np.float32) - before for before, after in (outputs, truths))
    return float(np.abs(made - true)[mask].mean())
