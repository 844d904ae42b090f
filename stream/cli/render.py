"""The command `understudy render`: reads arguments, calls the job, prints what came of it."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.cli.options import (
    STOPPED,
    BackendName,
    Frame,
    Gains,
    ModelName,
    ModeName,
    MouthName,
    RecordMotion,
    Refine,
    Size,
    Sources,
    TrackerName,
    check_size,
    read_edit,
    read_mixer,
    read_neutral,
)
from stream.files.bundled import ASSETS

if TYPE_CHECKING:
    from stream.render.job import RenderReport

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


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
            help="What is animated: a JPEG, PNG or WebP picture, or a clip, which plays beside the "
            "driving one until the shorter of them ends. Default: a rendered head.",
            show_default=False,
        ),
    ] = ASSETS / "portrait.png",
    driving: Annotated[
        Path,
        typer.Option(
            help="Clip whose face moves the portrait; any file that FFmpeg reads, or a motion file "
            "(.npz) of --record-motion, or a sound, whose speech moves the lips. Default: a "
            "rendered head.",
            show_default=False,
        ),
    ] = ASSETS / "driving.mp4",
    mode: ModeName = "both",
    model: ModelName = "rig",
    backend: BackendName = "auto",
    gain: Gains = None,
    frame: Frame = "full",
    size: Size = 512,
    neutral: Annotated[
        str,
        typer.Option(
            metavar="auto|INDEX",
            help="The driving frame that shows the driver's neutral face (rig), counted from 0; "
            "auto looks for it in the first 60 s.",
        ),
    ] = "auto",
    mouth: MouthName = "generic",
    refine: Refine = "on",
    tracker: TrackerName = "mesh",
    source: Sources = None,
    record_motion: RecordMotion = None,
    idle: Annotated[
        bool,
        typer.Option(
            "--idle/--no-idle", help="With a sound: blink, and move the head a little (rig)."
        ),
    ] = True,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show portrait, driving clip and result side by side.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Render a portrait, moved by the face in a clip, into a file.

    Ctrl-C ends the file with the frame at hand. Until it is complete it is NAME.unfinished.mp4,
    which plays as far as it goes, and stays where the program is killed or the disk full.
    """
    from engine.families import find_family
    from stream.cli.factories import load_model, performances_of, tracker_maker
    from stream.cli.terminal import working
    from stream.files.motion_file import is_motion_file, refuse_without_names
    from stream.files.sound_file import is_sound_file
    from stream.render.job import RenderJob

    is_sound = is_sound_file(driving)
    if is_motion_file(driving):
        from stream.render.replay import replay as run
    elif is_sound:
        from stream.render.speaking import speak

        run = partial(speak, idles=idle)
        source = with_lips_by_sound(source)
    else:
        from stream.render.job import render as run

    check_size(size)
    family = find_family(model)
    job = RenderJob(
        portrait=portrait,
        driving=driving,
        out=out,
        edit=read_edit(mode, gain),
        framing=frame,
        size=size,
        neutral=read_neutral(neutral) if family.can.neutral else None,
        compare=compare,
        force=force,
        record_motion=record_motion,
        family=family.name,
    )
    if is_motion_file(driving) or is_sound or source or record_motion:
        refuse_without_names(family)
    with working() as terminal:
        loaded = load_model(
            model, mouth=mouth, refine=refine, backend=backend, builds=terminal.builds
        )
        report = run(
            job,
            mixer=read_mixer(
                loaded,
                source,
                driving,
                performances=performances_of(
                    family.name, tracker_maker(tracker), terminal.progress
                ),
            ),
            model=loaded,
            make_tracker=tracker_maker(tracker),
            progress=terminal.progress,
            stop=terminal.stop,
        )
    tell(job.out, report)


def with_lips_by_sound(source: list[str] | None) -> list[str]:
    """The sources, with the lips from the driving sound unless they have one."""
    pairs = list(source or [])
    has_lips = any(pair.partition("=")[0] == "lips" for pair in pairs)
    return pairs if has_lips else ["lips=sound", *pairs]


def tell(out: Path, report: "RenderReport") -> None:
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
