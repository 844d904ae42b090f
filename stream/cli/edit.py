"""The command `understudy edit`: reads arguments, calls the job, prints what came of it."""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stream.cli.options import STOPPED, BackendName, Gains, read_edit

if TYPE_CHECKING:
    from stream.cli.terminal import Terminal
    from stream.edit.asked import Driving, EditJob
    from stream.edit.job import EditReport
    from stream.edit.keys import Keys
    from stream.edit.planning import Planned

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})

MOST_LINES = 20
"""Problems that are printed; all are in the file."""


@app.command()
def edit(
    *,
    source: Annotated[
        list[Path],
        typer.Option(
            help="The film: any clip that FFmpeg reads, or a folder of pictures in their order. "
            "May be repeated; --out is a folder then."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="File to write: .mp4, .mov or .mkv. Beside it, NAME.problems.json."),
    ],
    driving: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FACTORS=]FILE",
            help="A clip or motion file (.npz) whose expression is taken, or a sound that moves "
            "the lips; with FACTORS (lips, gaze, blink, emotion, joined by commas) only that much "
            "of it. May be repeated.",
        ),
    ] = None,
    slider: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="An expression that stays: an ARKit name and a value in 0..1, such as "
            "mouthSmileLeft=0.3. May be repeated; alone it is added.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[=STRENGTH]",
            help="An expression that stays and has a name, as strong as 0..1: friendlier, smile, "
            "awake, surprised, serious or sad. Sliders of the same names win; alone it is added.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="rig|FOLDER", help="rig, or the folder of a bundle.")
    ] = "rig",
    backend: BackendName = "auto",
    motion: Annotated[
        Literal["replace", "add"],
        typer.Option(help="Take the film's own expression away first, or add to it."),
    ] = "replace",
    same_person: Annotated[
        bool,
        typer.Option(
            "--same-person",
            help="The drivers show the film's own person, so both faces have one rest: exact, "
            "where short clips leave it open what their person looks like at rest.",
        ),
    ] = False,
    face: Annotated[
        str,
        typer.Option(
            metavar="N[,N]|all", help="Whose expression: 1 is who is seen longest and largest."
        ),
    ] = "1",
    gain: Gains = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="Gains and drivers over time, as JSON (docs/editing.md).", show_default=False
        ),
    ] = None,
    begin: Annotated[
        float | None, typer.Option("--from", metavar="SECONDS", help="Begin there in the film.")
    ] = None,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="End there.")] = None,
    offset: Annotated[
        float, typer.Option(min=0.0, metavar="SECONDS", help="Where in the driver that is.")
    ] = 0.0,
    fit: Annotated[
        Literal["hold", "loop", "resample"],
        typer.Option(
            help="A driver of another length: hold its last expression, play it back and forth, "
            "or play it faster or slower."
        ),
    ] = "hold",
    rate: Annotated[
        float | None,
        typer.Option(
            min=1.0, max=1000.0, help="Pictures a second of a folder of pictures; 25 if not given."
        ),
    ] = None,
    source_neutral: Annotated[
        str,
        typer.Option(
            metavar="auto|INDEX",
            help="The film's frame with its face at rest, from 0; auto puts a rest together.",
        ),
    ] = "auto",
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png",
            help="Write ten frames beside their originals, and no film.",
            show_default=False,
        ),
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="libx264, libx265, ffv1, prores_ks, or another of FFmpeg's.")
    ] = "libx264",
    quality: Annotated[
        int, typer.Option(min=0, max=51, help="CRF of x264 and x265; less is better.")
    ] = 16,
    lossless: Annotated[
        bool, typer.Option("--lossless", help="An intermediate that loses nothing.")
    ] = False,
    encoder_option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="For the encoder, in FFmpeg's words."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Change the expression of a face in a film, and nothing else.

    Broken off by Ctrl-C, a full disk or the power, the same command goes on where it was: what is
    done stays in the folder NAME.edit beside the output until the output is complete.
    """
    from stream.cli.terminal import working
    from stream.edit.asked import EditJob
    from stream.edit.encoders import Encoding
    from stream.edit.picture_folder import RATE

    many = len(source) > 1
    if many and not out.is_dir():
        raise typer.BadParameter(
            f"with several films it is a folder; {out} is none", param_hint="--out"
        )
    if rate is not None and not any(each.is_dir() for each in source):
        raise typer.BadParameter("a film has its own times", param_hint="--rate")
    if preview is not None and many:
        raise typer.BadParameter("give one film for a preview", param_hint="--preview")
    keys_read = _keys(keys, gain, begin, end)
    drivings = [
        replace(each, is_own=same_person) for each in _drivings(driving, preset, slider, keys_read)
    ]
    jobs = [
        EditJob(
            source=each,
            drivings=drivings,
            out=out / _named(each) if many else out,
            model=model,
            blending=motion,
            faces=_faces(face),
            keys=keys_read,
            neutral=_neutral(source_neutral),
            fit=fit,
            offset_s=offset,
            rate=RATE if rate is None else Fraction(rate).limit_denominator(1001),
            encoding=Encoding(
                encoder=encoder,
                quality=quality,
                lossless=lossless,
                options=_pairs(encoder_option, "--encoder-option"),
            ),
            force=force,
        )
        for each in source
    ]
    with working() as terminal:
        for job in jobs:
            if preview is not None:
                _preview(job, preview, model, backend, terminal)
            else:
                _edit(job, model, backend, terminal)


def _edit(job: "EditJob", model: str, backend: str, terminal: "Terminal") -> None:
    from engine.faces.several import SeveralFaces
    from stream.cli.factories import load_editor
    from stream.edit.job import edit as run

    report = run(
        job,
        editor=load_editor(model, backend=backend),
        make_finder=SeveralFaces,
        progress=terminal.progress,
        stop=terminal.stop,
        tell=_tell_planned,
    )
    _tell(job.out, report)


def _preview(job: "EditJob", sheet: Path, model: str, backend: str, terminal: "Terminal") -> None:
    from engine.faces.several import SeveralFaces
    from stream.cli.factories import load_editor
    from stream.edit.preview import preview

    planned = preview(
        job,
        sheet,
        editor=load_editor(model, backend=backend),
        make_finder=SeveralFaces,
        progress=terminal.progress,
        stop=terminal.stop,
    )
    if planned is None:
        raise typer.Exit(STOPPED)
    print(sheet)
    _tell_planned(planned)


def _tell_planned(planned: "Planned") -> None:
    """Faces and problems, before the long run."""
    for number, person in enumerate(planned.people, 1):
        mark = "*" if number in planned.plans else " "
        print(
            f"{mark} face {number}: {person.frames} frames from {person.first_s:.1f} s on, "
            f"{person.side_px:.0f} pixels high"
        )
    for problem in planned.problems[:MOST_LINES]:
        print(f"  {problem.line()}")
    if len(planned.problems) > MOST_LINES:
        print(f"  and {len(planned.problems) - MOST_LINES} more, in the file of problems")
    if planned.parts is not None:
        read_s = sum(end - begin for begin, end in planned.parts)
        print(
            f"read for this preview: {read_s:.0f} s of {planned.tracks.times_s[-1]:.0f} s; faces "
            "and problems are those of these parts, and the edit reads the whole film"
        )
    sys.stdout.flush()


def _tell(out: Path, report: "EditReport") -> None:
    if report.was_stopped:
        print("stopped: what is done is kept, and the same command goes on", file=sys.stderr)
        raise typer.Exit(STOPPED)
    print(out)
    print(
        f"{report.frames} frames, {report.changed} of them changed, in {report.seconds:.1f} s "
        "of retouching"
    )
    if report.stages_ms:
        print(f"{'ms per frame':14}{'p50':>8}{'p95':>8}")
        for stage, found in report.stages_ms.items():
            print(f"  {stage:12}{found['p50']:8.2f}{found['p95']:8.2f}")


def _drivings(
    driving: list[str] | None, preset: str | None, sliders: list[str] | None, keys: "Keys"
) -> list["Driving"]:
    """All drivers, those of the file of keys last."""
    from stream.edit.asked import EXPRESSION, Driving
    from stream.edit.presets import sliders_of

    found: list[Driving] = []
    for text in driving or []:
        names, is_part, file = text.partition("=")
        factors = _factors(names) if is_part else None
        if is_part and factors is None and not Path(text).exists() and Path(file).exists():
            raise typer.BadParameter(
                f"{names!r} in {text!r} is no list of factors ({', '.join(EXPRESSION)})",
                param_hint="--driving",
            )
        if factors is None:
            found.append(Driving(source=Path(text)))
        else:
            found.append(Driving(source=Path(file), factors=factors))
    if preset is not None or sliders:
        pairs = _pairs(sliders, "--slider")
        values = dict(sliders_of(preset)) if preset is not None else {}
        values |= {name: _number(value, "--slider") for name, value in pairs.items()}
        found.append(Driving(source=None, sliders=values, blending="add"))
    found += [
        Driving(
            source=each.source,
            sliders=each.sliders,
            factors=each.factors,
            range=each.range,
            blending=each.blending or ("add" if each.source is None else None),
        )
        for each in keys.drivers
    ]
    if not found:
        raise typer.BadParameter(
            "give a clip, a motion file or a sound, --preset, --slider, or --keys with drivers",
            param_hint="--driving",
        )
    return found


def _factors(names: str) -> frozenset[Any] | None:
    """The factors before a file's name; None where the text is part of that name."""
    from stream.edit.asked import EXPRESSION

    words = names.split(",")
    return frozenset(words) if all(word in EXPRESSION for word in words) else None


def _keys(
    path: Path | None, gains: list[str] | None, begin: float | None, end: float | None
) -> "Keys":
    from stream.edit.keys import Keys, Range, read_keys

    read = read_edit("expression", gains).gains
    if "pose" in read:
        raise typer.BadParameter("the pose is the film's own", param_hint="--gain")
    span = Range(begin_s=begin, end_s=end)
    return Keys(gains=read, range=span) if path is None else read_keys(path, read, span)


def _faces(text: str) -> tuple[int, ...] | Literal["all"]:
    if text == "all":
        return "all"
    words = text.split(",")
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise typer.BadParameter(
            f"must be all or numbers from 1, got {text!r}", param_hint="--face"
        )
    return tuple(int(word) for word in words)


def _neutral(text: str) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal():
        return int(text)
    raise typer.BadParameter(
        f"must be auto or a frame number, got {text!r}", param_hint="--source-neutral"
    )


def _pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    found = {}
    for text in texts or []:
        name, is_pair, value = text.partition("=")
        if not is_pair or not name or not value:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
        found[name] = value
    return found


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number", param_hint=option) from None


def _named(film: Path) -> str:
    """The result's name beside those of other films."""
    suffix = film.suffix if film.suffix.lower() in (".mp4", ".mov", ".mkv") else ".mp4"
    return f"{film.stem}-edited{suffix}"
