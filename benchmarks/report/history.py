"""Every released version's figures, side by side: writes docs/figures.md and its drawings.

    python -m benchmarks.report.history            # from the results that are kept
    python -m benchmarks.report.history --release  # first keep today's as those of this version

Today's results stand in `benchmarks/results`, those of a released version in its `history/VERSION`.
"""

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmarks.machine import RESULTS, made_with, markdown
from benchmarks.report.axes import BOTTOM, HEIGHT, WIDTH, Axes, short
from benchmarks.report.schema import read_record
from engine.errors import InputError, OutputError
from engine.installing import CLONE

HISTORY = "history"
DOCS = CLONE / "docs"
STYLE = (
    "<style>text{font:12px system-ui,sans-serif;fill:#5d6470}.end{text-anchor:end}"
    ".mid{text-anchor:middle}line{stroke:#d9dde3}.range{stroke:#2563b8;stroke-width:2}"
    "circle{fill:#2563b8}rect{fill:#f4f5f7}@media(prefers-color-scheme:dark){text{fill:#9aa3af}"
    "line{stroke:#343a42}.range{stroke:#6ea8f5}circle{fill:#6ea8f5}rect{fill:#1e2126}}</style>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A figure that is followed from version to version."""

    results: str
    """Name of the file in `benchmarks/results`."""
    figure: str
    """Its name; `*` stands for any set-up, of which the first counts."""
    title: str


HEADLINES = (
    Headline(results="step", figure="step.total.p50", title="The live step, median"),
    Headline(results="step", figure="step.total.p95", title="The live step, 95th percentile"),
    Headline(results="step", figure="step.memory", title="Peak memory of a step's process"),
    Headline(results="step", figure="step.cold_start", title="Cold start to the first picture"),
    Headline(results="glass", figure="glass.*.model.p50", title="Glass to glass, median"),
    Headline(results="glass", figure="glass.*.model.p95", title="Glass to glass, 95th percentile"),
    Headline(results="load", figure="load.sessions", title="People carried at once"),
    Headline(results="soak", figure="soak.own_mb_an_hour", title="Memory that grows in an hour"),
    Headline(results="quality", figure="same.both.l1.face", title="Same person, L1 of the face"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of one version."""

    version: str
    figure: Mapping[str, Any]
    record: Mapping[str, Any]


def versions(results: Path) -> Iterator[tuple[str, Path]]:
    """Each version's folder, oldest first; the last is today's."""
    released = [path for path in (results / HISTORY).glob("*") if path.is_dir()]
    for path in sorted(released, key=lambda path: _ordered(path.name)):
        yield path.name, path
    yield "today", results


def points(headline: Headline, results: Path) -> list[Point]:
    """The figure in each version that measured it."""
    found = []
    for version, folder in versions(results):
        path = folder / f"{headline.results}.json"
        if not path.is_file():
            continue
        record = read_record(path)
        found += [
            Point(version=version, figure=figure, record=record)
            for figure in record["figures"]
            if fnmatchcase(figure["name"], headline.figure)
        ][:1]
    return found


def drawn(title: str, found: Sequence[Point]) -> str:
    """The points over the versions, each with its interval, as an SVG file."""
    tops = [max([each.figure["value"], *(each.figure["interval"] or ())]) for each in found]
    lows = [min([0.0, each.figure["value"], *(each.figure["interval"] or ())]) for each in found]
    axes = Axes(x0=-0.5, x1=len(found) - 0.5, y0=min(lows), y1=max(*tops, 0.0) * 1.1 or 1.0)
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6"/>', axes.levels()]
    for number, each in enumerate(found):
        x = axes.x(number)
        if each.figure["interval"] is not None:
            low, high = (axes.y(end) for end in each.figure["interval"])
            parts.append(f'<line class="range" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>')
        parts += [
            f'<circle cx="{x}" cy="{axes.y(each.figure["value"])}" r="4"/>',
            f'<text class="mid" x="{x}" y="{HEIGHT - BOTTOM + 16}">{each.version}</text>',
            f'<text x="{x + 8}" y="{axes.y(each.figure["value"]) - 6}">'
            f"{short(each.figure['value'])} {each.figure['unit']}</text>",
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}">{STYLE}{"".join(parts)}</svg>\n'
    )


def write(results: Path = RESULTS, docs: Path = DOCS) -> Path:
    """The page and its drawings."""
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    parts = [
        "# Figures, version by version",
        "Drawn from the records in [benchmarks/results](../benchmarks/results) and its `history` "
        "by `python -m benchmarks.report.history`; a bar is the 95 % interval. Versions compare "
        "only where machine and settings are the same: the table says.",
    ]
    for headline in HEADLINES:
        found = points(headline, results)
        if found:
            name = headline.figure.replace("*.", "").replace(".", "-")
            (docs / "figures" / f"{name}.svg").write_text(drawn(headline.title, found))
            parts += [
                f"## {headline.title}",
                f"![{headline.title}](figures/{name}.svg)",
                markdown(["version", "value", "95 %", "made on"], [_row(each) for each in found]),
            ]
    page = docs / "figures.md"
    page.write_text("\n\n".join(parts) + "\n")
    return page


def release(version: str, results: Path = RESULTS) -> Path:
    """Keep today's records as those of a version.

    Raises:
        OutputError: that version has its own already.
        InputError: a record of today's was made of a tree with changes.
    """
    folder = results / HISTORY / version
    if folder.exists():
        raise OutputError(f"{folder} exists: a version's figures are kept once.")
    records = sorted({headline.results for headline in HEADLINES})
    paths = [path for name in records if (path := results / f"{name}.json").is_file()]
    for path in paths:
        if read_record(path)["dirty"]:
            raise InputError(f"{path} was measured with changes that no commit has: measure again.")
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy(path, folder / path.name)
    return folder


def _row(point: Point) -> list[str]:
    interval = point.figure["interval"]
    settings = ", ".join(f"{name} {value}" for name, value in point.record["settings"].items())
    return [
        point.version,
        f"{point.figure['value']:.4g} {point.figure['unit']}".strip(),
        "" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}",
        f"{made_with(point.record)}; {settings}",
    ]


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--release", action="store_true", help="keep today's for this version")
    if parser.parse_args().release:
        from importlib.metadata import version

        from engine.installing import DISTRIBUTION

        print(release(version(DISTRIBUTION)))
    print(write())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
