"""The paper's ablations (Sec. 4.4) and the pair (S', D'), each a short run at 32 pixels.

    python -m benchmarks.dpe_training.ablations --heads HEADS --out DIR [--perceptual FILE]
        [--expression FILE] [--from CHECKPOINT] [--read-by FILE] [--steps 1500] [--minutes 20]
        [--only NAME] [--name NAME]

All runs have the same seed, pairs and number of steps; --minutes ends a run of this call, and the
same command goes on with those that have not come to their end. The recipe is `plain`: nothing that
only a renderer knows is learned from. --from gives all of them one encoder that has learned to read
(`understudy train dpe --recipe small --size 32 --stages read=6000`): before that a cycle says
nothing of expressions. Nothing that differs by less than half a decibel is decided by one run each.

The whole run goes on from where the one without a second stage ended, which is its own first stage
to the bit.
"""

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.dpe_training.shown import shown
from benchmarks.machine import keep, markdown
from engine.dpe.nets.dpe import DPE
from engine.errors import UnderstudyError
from engine.frame import Pixels
from training.clips.pairs import HeadPairs
from training.dpe.checkpoint import RESULT
from training.dpe.expression_network import load_reader
from training.dpe.recipe import PARTS, Recipe, recipe_of
from training.dpe.run import Run, train
from training.trainer import CHECKPOINT, LOG

WHOLE, FIRST_STAGE = "whole", "second-stage"
RUNS = (WHOLE, *PARTS)
_ORDER = (FIRST_STAGE, WHOLE, *(part for part in PARTS if part != FIRST_STAGE))
DECIDES_DB = 0.5
FIGURES = ("psnr_itself", "psnr_expression", "psnr_pose", "psnr_both")
_READS = ("r_jaw", "r_smile", "r_blink")
_SHOWN = ("shown_e", "shown_p")
_ROWS = 3


def main(arguments: list[str] | None = None) -> int:
    """Train what has not been trained to its end; then the table and the sheet."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    try:
        for name in (name for name in _ORDER if name in (options.only or RUNS)):
            _train(options, name)
    except UnderstudyError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = {name: scores for name in RUNS if (scores := find_scores(options.out / name))}
    if options.read_by is not None:
        _add_shown(options, found)
    text = table(found)
    cv2.imwrite(str(options.out / "sheet.png"), _sheet(options.out, list(found))[..., ::-1])
    if options.name is None:
        sys.stdout.write(f"{text}\n\n{json.dumps(found)}\n")
    else:
        command = shlex.join(["python", "-m", "benchmarks.dpe_training.ablations", *given])
        keep(options.name, command, found, text)
    return 0


def _train(options: argparse.Namespace, name: str) -> None:
    folder = options.out / name
    recipe = recipe_of("plain").lasting(options.steps)
    if options.begins_from is not None:
        recipe = recipe.of_a_reader()
    if name == WHOLE:
        _begin_whole(options.out, recipe)
    train(
        Run(
            folder=folder,
            recipe=recipe if name == WHOLE else recipe.without([name]),
            minutes=options.minutes,
            resume=(folder / CHECKPOINT).exists(),
            heads=(options.heads,),
            perceptual=options.perceptual,
            expression=options.expression,
            begins_from=options.begins_from,
            draws_anew=options.begins_from is not None,
            device=options.device,
            check_every_s=1e9,
        ),
        lambda step, seconds, line: None,
        lambda line: None,
    )
    reached = int(find_scores(folder).get("step", 0))
    sys.stderr.write(f"{name}: step {reached}\n")


def _add_shown(options: argparse.Namespace, found: dict[str, dict[str, float]]) -> None:
    network = load_reader(options.read_by)
    people = HeadPairs(options.heads, recipe_of("plain").layout.size, "held-out").grids
    for name, scores in found.items():
        scores |= shown(DPE.from_official(options.out / name / RESULT), people, network)


def _begin_whole(out: Path, recipe: Recipe) -> None:
    """Let the whole run begin with its first stage where that has come to its end already."""
    first, whole = out / FIRST_STAGE, out / WHOLE
    length = recipe.without([FIRST_STAGE]).steps
    if not whole.exists() and find_scores(first).get("step") == length:
        shutil.copytree(first, whole)


def find_scores(folder: Path) -> dict[str, float]:
    """The last figures of a run; empty where there are none."""
    log = folder / LOG
    if not log.is_file():
        return {}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    scored = [line for line in lines if FIGURES[0] in line]
    return dict(scored[-1]) if scored else {}


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown; what a part does is decided only where leaving it out changes a figure enough."""
    heads = ["run", "steps", *(f.removeprefix("psnr_") for f in FIGURES), *_READS, *_SHOWN]
    heads.append("without it")
    rows = []
    whole = found.get(WHOLE)
    for name, scores in found.items():
        rows.append(
            [
                name if name == WHOLE else f"without {name}",
                str(int(scores["step"])),
                *(f"{scores[figure]:.2f}" for figure in FIGURES),
                *(f"{scores[read]:.2f}" for read in _READS),
                *(f"{scores[by]:.2f}" if by in scores else "" for by in _SHOWN),
                "" if name == WHOLE or whole is None else decision(whole, scores),
            ]
        )
    stills = (
        "" if whole is None else
        f"\n\nThe still picture: expression {whole['still_expression']:.2f}, pose "
        f"{whole['still_pose']:.2f} dB."
    )  # fmt: skip
    return markdown(heads, rows) + stills


def decision(whole: Mapping[str, float], ablated: Mapping[str, float]) -> str:
    """Which figures are lower or higher without a part; undecided where none is by enough."""
    told = []
    for figure in FIGURES:
        apart = ablated[figure] - whole[figure]
        if abs(apart) >= DECIDES_DB:
            told.append(f"{figure.removeprefix('psnr_')} {apart:+.1f}")
    return ", ".join(told) or "undecided"


def _sheet(out: Path, names: Sequence[str]) -> Pixels:
    """The first rows of each run's last sheet, one under the other."""
    parts = []
    for name in names:
        last = sorted((out / name).glob("sheet_*.png"))[-1]
        picture = cv2.imread(str(last))
        assert picture is not None
        label = np.full((22, picture.shape[1], 3), 255, np.uint8)
        cv2.putText(
            label, name if name == WHOLE else f"without {name}", (6, 16),
            cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA,
        )  # fmt: skip
        side = picture.shape[1] // 7
        parts += [label, picture[: 24 + _ROWS * side, :, ::-1]]
    width = max(part.shape[1] for part in parts)
    return np.vstack([p for p in parts if p.shape[1] == width])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dpe_training.ablations",
        description=__doc__.partition("\n")[0],
    )
    parser.add_argument("--heads", type=Path, required=True, help="by `understudy train heads`")
    parser.add_argument("--out", type=Path, required=True, help="a folder for all runs")
    parser.add_argument("--perceptual", type=Path, help="as in `understudy train dpe`")
    parser.add_argument("--expression", type=Path, help="as in `understudy train dpe`")
    parser.add_argument("--from", dest="begins_from", type=Path, help="weights that all begin with")
    parser.add_argument("--read-by", type=Path, help="as --expression, but trained by itself")
    parser.add_argument("--steps", type=int, default=1500, help="of each run")
    parser.add_argument("--minutes", type=float, default=20.0, help="of each run, in this call")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--only", choices=RUNS, action="append", help="may be repeated")
    parser.add_argument("--name", help="of the result's files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
