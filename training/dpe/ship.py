"""Puts a run's result where the package ships it from: bundle, record, and weights to go on from.

    python -m training.dpe.ship --run RUN --figures FIGURES.json --out engine/assets/dpe_small \
        --weights training/dpe/small.pt

FIGURES is what `python -m benchmarks.dpe_training` found of this run's bundle.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engine.dpe.nets.dpe import DPE
from engine.dpe.shipped import RECORD as SHIPPED_RECORD
from engine.dpe.shipped import Figures
from engine.errors import InputError, UnderstudyError
from export.bundle import Origin, write_bundle
from training.dpe.checkpoint import RESULT
from training.dpe.run import RECORD
from training.trainer import LOG

ORIGIN = Origin(licence="MIT", trained_on="synthetic heads on ICT-FaceKit; no real face")
MOST_BYTES = 15_000_000
"""Of the bundle."""


def ship(run: Path, figures: Mapping[str, Any], out: Path, weights: Path) -> Figures:
    """Write the folder `out` and the file `weights`; gives what the record says.

    Raises:
        InputError: the run or the figures lack something, or the result is too large.
        OutputError: the folder cannot be written.
    """
    record = _record(run, figures)
    model = DPE.from_official(run / RESULT)
    write_bundle(model, out, origin=ORIGIN, force=True)
    size = sum(path.stat().st_size for path in out.iterdir())
    if size > MOST_BYTES:
        raise InputError(f"the bundle has {size} bytes, and at most {MOST_BYTES} ship.")
    (out / SHIPPED_RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    # Half as large; what is lost is far below an optimiser's first step.
    halves = {name: value.half() for name, value in model.official_state().items()}
    torch.save({"gen": halves}, weights)
    return Figures.of_record(out)


def _record(run: Path, figures: Mapping[str, Any]) -> dict[str, Any]:
    try:
        record = json.loads((run / RECORD).read_text(encoding="utf-8"))
        lines = (run / LOG).read_text(encoding="utf-8").splitlines()
        own, still = figures["DPE"], figures["still"]
        told = {
            "people": figures["people"],
            "pairs": figures["cases"],
            "still_db": still["psnr_db"]["expression"],
            "expression_db": own["psnr_db"]["expression"],
            # The still picture's head never turns: what is read of it is the tracker's own error.
            "turn_deg": max(own["turn_squared_deg2"] - still["turn_squared_deg2"], 0.0) ** 0.5,
            "measured": figures,
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run} and these figures make no record: {error!r}") from None
    logged = [json.loads(line) for line in lines]
    seconds = float(logged[-1]["seconds"])
    before = record.get("begins_from") or {}
    while before:  # the runs whose weights it began with
        seconds += float(before.get("seconds", 0.0))
        before = (before.get("record") or {}).get("begins_from") or {}
    last = [line for line in logged if "r_jaw" in line][-1:]
    return {
        "model": "dpe-small",
        "hours": round(seconds / 3600, 2),
        "steps": logged[-1]["step"],
        "held_out": last[0] if last else None,
        "figures": told,
        "training": _without_folders(record),
    }


def _without_folders(value: object) -> object:
    """Of files only their names: where they lay on one machine tells nobody anything."""
    if isinstance(value, dict):
        return {name: _without_folders(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_folders(part) for part in value]
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def main(arguments: list[str] | None = None) -> int:
    """Ship, and say whether it may be offered."""
    parser = argparse.ArgumentParser(
        prog="python -m training.dpe.ship", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        figures = json.loads(options.figures.read_text(encoding="utf-8"))
        details = figures.get("details", figures)
        found = ship(options.run, details, options.out, options.weights)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{options.out}: {found.notice or 'it may be offered'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
