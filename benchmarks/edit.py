"""A film's edit, measured: what is kept, what leaks, what flickers, and how long a frame takes.

    python -m benchmarks.edit --clips FOLDER --made FOLDER [--processes N] [--only PART ...]

CLIPS has s.mp4, d5.mp4, driving_d10, _d18, _d19, brother.mkv; MADE is what `benchmarks.edit_clips`
makes (scenes, heads, acted). Of the clips every third frame of the first five seconds is made and
tracked again. With `--only` nothing is kept; `times` is what to run on a quiet machine.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import edit_checks, edit_files, edit_heads, edit_leaks
from benchmarks.edit_measures import FEATURES
from benchmarks.edit_run import Part
from benchmarks.machine import keep

PAIRS = (
    ("s.mp4", "d5.mp4"),
    ("driving_d19.mp4", "driving_d18.mp4"),
    ("driving_d10.mp4", "d5.mp4"),
    ("brother.mkv", "driving_d18.mp4"),
)
LEAKS = tuple(f"leaks {number}" for number in range(len(PAIRS)))
PARTS: Mapping[str, tuple[str, Callable[[Path, Path, Path], Part | Iterator[str]]]] = {
    "self": (
        "Self test: the film drives itself",
        lambda place, clips, _: edit_checks.by_themselves(place, clips),
    ),
    "encoding": (
        "Self test, encoded (x264, CRF 16)",
        lambda place, clips, _: edit_files.encoding(place, clips),
    ),
    "flicker": (
        "Flicker, mean second difference over time on the still head, over the source's own",
        lambda place, clips, _: edit_checks.flickers(place, clips),
    ),
    "grain": (
        "Grain",
        lambda place, clips, _: edit_checks.grain(place, clips / "driving_d19.mp4"),
    ),
    "front": ("Something in front", edit_checks.in_front),
    "sync": (
        "Sync: how much later than the driver's the lips part in the result's file",
        lambda place, clips, _: edit_files.sync(place, clips),
    ),
    "resume": (
        "Killed, and gone on with",
        lambda place, clips, _: edit_files.resumed(place, clips),
    ),
    "heads": (
        "Rendered heads, 1080p: the answer is known",
        lambda place, _, made: edit_heads.heads(place, made),
    ),
    "times": (
        "Time of a frame, 1080p",
        lambda place, _, made: edit_heads.times(place, made),
    ),
    "acted": (
        "Rendered heads by one another: what the measures can tell",
        lambda place, _, made: edit_heads.acted(place, made),
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=(*LEAKS, *PARTS), metavar="PART")
    options = parser.parse_args(arguments)
    # The longest first.
    names = [*LEAKS, *reversed(tuple(PARTS))] if options.only is None else options.only
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        begun = {name: pool.submit(measured, name, options.clips, options.made) for name in names}
        found = {name: each.result() for name, each in begun.items()}
    lines = list(report(found))
    if options.only is not None:
        print("\n".join(lines))
        return 0
    figures: dict[str, Any] = {"follows": {}}
    for name, part in found.items():
        (figures["follows"] if name in LEAKS else figures).update(part.figures)
    command = "python -m benchmarks.edit --clips CLIPS --made MADE"
    keep("edit", command, {"report": lines, **figures}, "\n".join(lines))
    return 0


def measured(name: str, clips: Path, made: Path) -> Part:
    """One part, in a folder of its own."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        if name in LEAKS:
            source, driver = PAIRS[LEAKS.index(name)]
            part = edit_leaks.pair(place, clips / source, clips / driver)
        else:
            made_of_it = PARTS[name][1](place, clips, made)
            part = made_of_it if isinstance(made_of_it, Part) else Part(lines=list(made_of_it))
    spent = f"{name}: {time.process_time():.0f} s of CPU in this process so far"
    print("\n".join([spent, *part.lines]), file=sys.stderr, flush=True)
    return part


def report(found: Mapping[str, Part]) -> Iterator[str]:
    """The result file, line by line."""
    pairs = [found[name].lines for name in LEAKS if name in found]
    if pairs:
        yield from _tables(pairs)
    for name, (title, _) in PARTS.items():
        if name in found:
            yield from (f"## {title}", "", *found[name].lines, "")


def _tables(pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("## Leak: what follows the driver, what is left of the source", "")
    yield from (edit_leaks.FOLLOWS, "")
    names = " | ".join(f"{name} r_d / g_d / g_s / chance / still" for name in FEATURES)
    yield f"| film by driver | {names} |"
    yield "|---" * (len(FEATURES) + 1) + "|"
    yield from (line for line, _ in pairs)
    yield from ("", "## The rest of the picture, detail, seam, size, pose", "")
    yield from (edit_leaks.KEEPS, "")
    yield (
        "| film by driver | outside | detail | seam | size % | roll deg | tracked turn deg "
        "(median, noise) | mouth changes in an opening |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    yield from (line for _, line in pairs)
    yield ""


if __name__ == "__main__":
    raise SystemExit(main())
