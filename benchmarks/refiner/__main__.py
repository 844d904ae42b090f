"""Is the refiner better than the rig alone? Six sections, and a verdict from their figures.

    python -m benchmarks.refiner --clips DIR --portraits DIR --models DIR [--facekit FILE]
        [--refiner BUNDLE] [--every N] [--only SECTION] [--sheets DIR]

A section whose files are missing is skipped, with the reason. With --only, figures are printed and
kept only under a --name.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import torch

from benchmarks.machine import keep
from benchmarks.refiner import flicker, held_out, identity, pose_leak, same_person, sheets
from benchmarks.refiner.report import Section, Skipped, verdict_of
from benchmarks.refiner.subjects import Settings, Subjects
from engine.errors import UnderstudyError
from engine.manifest import read_manifest
from engine.rig.refine.network import SHIPPED, load_refiner

SECTIONS: dict[str, Callable[[Subjects], Section | Skipped]] = {
    "same_person": same_person.run,
    "identity": identity.run,
    "pose_leak": pose_leak.run,
    "flicker": flicker.run,
    "held_out": held_out.run,
    "sheets": sheets.run,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    options = _parser().parse_args(arguments)
    threads = torch.get_num_threads()
    # One picture at a time gains little from two threads, and beside another busy process the two
    # wait for each other: ten times slower.
    torch.set_num_threads(1)
    try:
        refiner, weights = load_refiner(options.refiner), _hash(options.refiner)
        subjects = Subjects(_settings(options), refiner)
        found = {name: _timed(name, subjects) for name in options.only or SECTIONS}
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        torch.set_num_threads(threads)
    measured = {name: part for name, part in found.items() if isinstance(part, Section)}
    unmeasured = [name for name in SECTIONS if name != "sheets" and name not in measured]
    verdict = verdict_of(measured.values(), unmeasured)
    text = "\n\n".join(
        [
            f"Refiner: {weights[:12]}.",
            "\n".join([verdict.line(), *_lines(measured)]),
            *(f"## {name}\n\n{_text(part)}" for name, part in found.items()),
        ]
    )
    result = {
        "refiner_sha256": weights,
        "is_better": verdict.holds,
        "verdicts": [line.removeprefix("- ") for line in _lines(measured)],
        "sections": {
            name: part.result if isinstance(part, Section) else {"skipped": part.reason}
            for name, part in found.items()
        },
    }
    name = options.name or (None if options.only else "refiner")
    if name is None:
        sys.stdout.write(f"{text}\n")
    else:
        given = sys.argv[1:] if arguments is None else arguments
        keep(name, shlex.join(["python", "-m", "benchmarks.refiner", *given]), result, text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.refiner", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--clips", type=Path, help="folder of driving clips")
    parser.add_argument("--portraits", type=Path, help="folder of portraits")
    parser.add_argument("--models", type=Path, help="folder of the measuring networks")
    parser.add_argument("--facekit", type=Path, help="FaceKit's arrays, for held-out heads")
    parser.add_argument("--refiner", type=Path, help="bundle of the refiner, else the one shipped")
    parser.add_argument("--every", type=_count, default=3, help="every n-th frame is compared")
    parser.add_argument("--most-portraits", type=_count, help="only the first so many")
    parser.add_argument("--heads", type=_count, default=8, help="held-out people to render")
    parser.add_argument("--sheets", type=Path, help="folder for pictures to look at")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="may be repeated")
    parser.add_argument("--name", help="of the result's files")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        clips=options.clips,
        portraits=options.portraits,
        models=options.models,
        facekit=options.facekit,
        sheets=options.sheets,
        every=options.every,
        most_portraits=options.most_portraits,
        heads=options.heads,
    )


def _hash(bundle: Path | None) -> str:
    if bundle is not None:
        return read_manifest(bundle).sha256
    with as_file(files("engine").joinpath(SHIPPED)) as shipped:
        return read_manifest(shipped).sha256


def _timed(name: str, subjects: Subjects) -> Section | Skipped:
    began = time.monotonic()
    found = SECTIONS[name](subjects)
    if isinstance(found, Skipped):
        sys.stderr.write(f"{name} is skipped: {found.reason}\n")
    else:
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    return found


def _lines(sections: dict[str, Section]) -> list[str]:
    return [verdict.line() for part in sections.values() for verdict in part.verdicts]


def _text(part: Section | Skipped) -> str:
    if isinstance(part, Skipped):
        return f"Skipped: {part.reason}."
    return part.table


if __name__ == "__main__":
    raise SystemExit(main())
