"""The command `understudy`: reads arguments, calls the job, prints what came of it.

Nothing heavy is imported here, so that help and the errors of a mistyped line come at once.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from engine.errors import UnderstudyError
from engine.motion import FACTORS, GAIN_LIMIT, Edit, Mode
from stream.roof import Elsewhere, Roof

if TYPE_CHECKING:
    from engine.rig.mixer import RigMixer
    from stream.render import RenderReport

Framing: TypeAlias = Literal["full", "face"]
Mouth: TypeAlias = Literal["generic", "driver"]
TrackerName: TypeAlias = Literal["mesh", "mediapipe"]

Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=SOURCE",
        help="Where a factor comes from (rig): lips=motion.npz, pose=still, gaze=camera, "
        "blink=live; or an ARKit slider on top, such as mouthSmileLeft=0.4. May be repeated.",
    ),
]
RecordMotion: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.npz",
        help="Also write what the driver did (rig), to be replayed with --driving or --source.",
        show_default=False,
    ),
]

ASSETS = Path(__file__).parent / "assets"
STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""

ELSEWHERE = (
    Elsewhere(name="import", help="Turn a DPE checkpoint into a bundle.", module="export.cli"),
    Elsewhere(name="export", help="Write a bundle's ONNX files again.", module="export.cli"),
    Elsewhere(name="info", help="Say what a bundle holds.", module="export.cli"),
    Elsewhere(name="train", help="Train the refiner on synthetic heads.", module="training.cli"),
    Elsewhere(name="bench", help="Measure speed and quality here.", module="benchmarks.cli"),
)


class Understudy(Roof):
    """All commands; those of a package that has no command line yet are left out."""

    elsewhere = tuple(command for command in ELSEWHERE if find_spec(command.module) is not None)


app = typer.Typer(
    cls=Understudy,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def understudy() -> None:
    """Put a portrait on camera in your place: your face moves it, live or in a file."""


@app.command()
def render(
    *,
    out: Annotated[
        Path,
        typer.Option(help="File to write: .mp4, .mov or .mkv (H.264, the driving clip's sound)."),
    ],
    portrait: Annotated[
        Path,
        typer.Option(
            help="What is animated: a JPEG, PNG or WebP picture, or a clip, of which one picture "
            "is animated per driving frame until the shorter clip ends. Default: a rendered head.",
            show_default=False,
        ),
    ] = ASSETS / "portrait.png",
    driving: Annotated[
        Path,
        typer.Option(
            help="Clip whose face moves the portrait; any file that FFmpeg reads, or a motion file "
            "(.npz) of --record-motion. Default: a rendered head.",
            show_default=False,
        ),
    ] = ASSETS / "driving.mp4",
    mode: Annotated[
        Mode,
        typer.Option(help="What of the driver moves the portrait: face, head, or both."),
    ] = "both",
    model: Annotated[
        str, typer.Option(metavar="rig|FOLDER", help="rig, or the folder of a bundle.")
    ] = "rig",
    gain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=GAIN",
            help=f"How strongly a factor acts, 0 to {GAIN_LIMIT:g}; 1 is as the driver does it. "
            f"NAME is {', '.join(FACTORS)}, or an ARKit name such as jawOpen. May be repeated.",
        ),
    ] = None,
    frame: Annotated[
        Framing,
        typer.Option(help="The portrait's whole picture, or a square around its face."),
    ] = "full",
    size: Annotated[
        int,
        typer.Option(
            min=256,
            max=1080,
            help="Shorter side of the result, in pixels; even.",
        ),
    ] = 512,
    neutral: Annotated[
        str,
        typer.Option(
            metavar="auto|INDEX",
            help="The driving frame that shows the driver's neutral face, counted from 0; auto "
            "looks for it in the first 60 s.",
        ),
    ] = "auto",
    mouth: Annotated[
        Mouth,
        typer.Option(
            help="Inside of an open mouth (rig): a generic one, or the driver's own, "
            "which shows the driver's teeth."
        ),
    ] = "generic",
    tracker: Annotated[
        TrackerName,
        typer.Option(
            help="What finds faces: the built-in mesh, or MediaPipe's Face Landmarker "
            "(extra `mediapipe`)."
        ),
    ] = "mesh",
    source: Sources = None,
    record_motion: RecordMotion = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show portrait, driving clip and result side by side.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Render a portrait, moved by the face in a clip, into a file.

    Ctrl-C ends the file with the frame at hand. Nothing is left behind when rendering fails.
    """
    from stream.motion_file import is_motion_file, refuse_model
    from stream.parts import load_model, tracker_maker
    from stream.render import RenderJob
    from stream.terminal import working

    if is_motion_file(driving):
        from stream.replay import replay as run
    else:
        from stream.render import render as run

    if size % 2:
        raise typer.BadParameter(f"must be even, got {size}", param_hint="--size")
    job = RenderJob(
        portrait=portrait,
        driving=driving,
        out=out,
        edit=_edit(mode, gain or []),
        framing=frame,
        size=size,
        neutral=_neutral(neutral),
        compare=compare,
        force=force,
        record_motion=record_motion,
    )
    if is_motion_file(driving) or source or record_motion:
        refuse_model(model)
    with working() as terminal:
        report = run(
            job,
            mixer=_mixer(source),
            model=load_model(model, mouth=mouth),
            make_tracker=tracker_maker(tracker),
            progress=terminal.progress,
            stop=terminal.stop,
        )
    _tell(job.out, report)


def _edit(mode: Mode, gains: list[str]) -> Edit:
    """Read NAME=GAIN pairs; a pair that cannot be meant is a usage error."""
    read: dict[str, float] = {}
    for pair in gains:
        name, _, value = pair.partition("=")
        try:
            read[name] = float(value)
        except ValueError:
            raise typer.BadParameter(
                f"{pair!r} is not NAME=GAIN, such as lips=1.2", param_hint="--gain"
            ) from None
    try:
        return Edit(mode=mode, gains=read)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--gain") from None


def _mixer(pairs: list[str] | None) -> "RigMixer | None":
    from stream.factor_sources import make_mixer

    return make_mixer(pairs) if pairs else None


def _neutral(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if text.isdecimal():
        return int(text)
    raise typer.BadParameter(
        f"must be auto or a frame number, got {text!r}", param_hint="--neutral"
    )


def _tell(out: Path, report: "RenderReport") -> None:
    """Print the result's path, then what was done and how long each stage took."""
    if not report.frames:
        print("stopped before the first frame; nothing was written", file=sys.stderr)
        raise typer.Exit(STOPPED)
    print(out)
    rate = report.frames / max(report.seconds, 1e-9)
    print(f"{report.frames} frames in {report.seconds:.1f} s ({rate:.1f} frames/s)")
    if report.neutral is not None:
        print(f"neutral face of the driver: frame {report.neutral}")
    if report.faceless:
        print(f"no face in {report.faceless} of these frames: held, then eased to rest")
    print(f"{'ms per frame':14}{'p50':>8}{'p95':>8}")
    for stage, found in report.stages_ms.items():
        print(f"  {stage:12}{found['p50']:8.2f}{found['p95']:8.2f}")
    if report.was_stopped:
        print("stopped early: the file holds the frames up to here", file=sys.stderr)
        raise typer.Exit(STOPPED)


def main() -> None:
    """Run the command line; an error that a user can act on is one line, without a traceback."""
    try:
        app(prog_name="understudy")
    except UnderstudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
