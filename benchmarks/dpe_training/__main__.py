"""Does a trained DPE disentangle? Held-out rendered people, beside the still picture and the rig.

    python -m benchmarks.dpe_training --model BUNDLE|dpe-small --heads HEADS [--models DIR]
        [--portraits DIR --driving CLIP] [--sheets DIR] [--each 4] [--no-rig] [--name NAME]

HEADS is a folder of `understudy train heads`, whose people from seed 1,000,000 on are measured.
LPIPS needs `squeezenet1_1*.pth` and `lpips_v0.1_squeeze.pth` in --models. With a --name the figures
are kept in benchmarks/results; without, they are printed.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import cv2

from benchmarks.dpe_training.cases import Case, cases_of
from benchmarks.dpe_training.measure import as_json, measure, tables
from benchmarks.dpe_training.sheets import real_sheet, rendered_sheet
from benchmarks.dpe_training.subjects import DpeSubject, RigSubject, Still, Subject
from benchmarks.lpips import Lpips
from benchmarks.machine import keep
from engine.dpe import shipped
from engine.errors import InputError, UnderstudyError
from engine.faces.mesh_tracker import MeshTracker
from training.clips.pairs import HeadPairs

_ROWS = 10
_PICTURES = (".png", ".jpg", ".jpeg")


def main(arguments: list[str] | None = None) -> int:
    """Measure, draw, print or keep."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    try:
        result, text = run(options)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.name is None:
        sys.stdout.write(f"{text}\n\n{json.dumps(result)}\n")
    else:
        keep(
            options.name, shlex.join(["python", "-m", "benchmarks.dpe_training", *given]), result,
            text,
        )  # fmt: skip
    return 0


def run(options: argparse.Namespace) -> tuple[dict[str, object], str]:
    """The figures, and their tables."""
    bundle = shipped.FOLDER if options.model == shipped.NAME else Path(options.model)
    dpe, tracker = DpeSubject(bundle), MeshTracker()
    size = dpe.graphs.size
    people = HeadPairs(options.heads, size, "held-out").grids
    cases = cases_of(people, options.each)
    subjects: list[Subject] = [Still(), dpe]
    if not options.no_rig:
        subjects.append(RigSubject(tracker))
    lpips = find_lpips(options.models) if options.models is not None else None
    found = measure(subjects, cases, tracker, lpips)
    if options.sheets is not None:
        _draw(options, dpe, cases[:: max(1, len(cases) // _ROWS)][:_ROWS], tracker)
    result = {"people": len(people), "cases": len(cases), "size": size, **as_json(found)}
    return result, f"{len(people)} people, {len(cases)} pairs, {size} px.\n\n{tables(found)}"


def find_lpips(folder: Path) -> Lpips:
    """LPIPS by the files of a folder.

    Raises:
        InputError: there are none.
    """
    squeezenets, linear = sorted(folder.glob("squeezenet1_1*.pth")), "lpips_v0.1_squeeze.pth"
    if not squeezenets or not (folder / linear).is_file():
        raise InputError(f"--models: {folder} lacks squeezenet1_1*.pth or {linear}.")
    return Lpips(squeezenets[0], folder / linear)


def _draw(
    options: argparse.Namespace, dpe: DpeSubject, cases: list[Case], tracker: MeshTracker
) -> None:
    options.sheets.mkdir(parents=True, exist_ok=True)
    sheets = {"rendered.png": rendered_sheet(dpe, cases)}
    if options.portraits is not None and options.driving is not None:
        files = sorted(p for p in options.portraits.iterdir() if p.suffix.lower() in _PICTURES)
        sheets["real.png"] = real_sheet(dpe, files, options.driving, tracker, dpe.graphs.size)
    for name, sheet in sheets.items():
        cv2.imwrite(str(options.sheets / name), sheet[..., ::-1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dpe_training", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--model", required=True, help="folder of a DPE bundle, or dpe-small")
    parser.add_argument("--heads", type=Path, required=True, help="by `understudy train heads`")
    parser.add_argument("--models", type=Path, help="folder of LPIPS's networks")
    parser.add_argument("--portraits", type=Path, help="folder of real portraits, to look at")
    parser.add_argument("--driving", type=Path, help="a clip that drives these")
    parser.add_argument("--sheets", type=Path, help="folder for pictures to look at")
    parser.add_argument("--each", type=int, default=4, help="pairs of each person")
    parser.add_argument("--no-rig", action="store_true", help="leave the rig out")
    parser.add_argument("--name", help="of the result's files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
