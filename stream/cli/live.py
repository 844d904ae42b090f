"""The command `understudy live`: reads arguments, calls the job."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from engine.errors import OutputError
from stream.cli.options import (
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
)
from stream.files.bundled import ASSETS

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})

VIRTUAL_CAMERA = "--virtual-camera"


class LiveCommand(TyperCommand):
    """Lets --virtual-camera stand without a device: Typer has no options of that kind."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (Typer's own)
        """Put `auto` where no device follows."""
        for place in reversed(range(len(args))):
            follows = args[place + 1 : place + 2]
            if args[place] == VIRTUAL_CAMERA and (not follows or follows[0].startswith("-")):
                args.insert(place + 1, "auto")
        return list(super().parse_args(ctx, args))


@app.command(cls=LiveCommand)
def live(
    *,
    camera: Annotated[
        str,
        typer.Option(
            metavar="auto|DEVICE|FILE|URL",
            help="What drives the portrait: the first camera, a device such as /dev/video0, "
            "a clip in its own time, or an rtsp://, rtmp:// or http:// address (a phone's camera).",
        ),
    ] = "auto",
    portrait: Annotated[
        list[Path] | None,
        typer.Option(
            help="A JPEG, PNG or WebP picture. May be repeated, up to nine: the keys 1-9 choose. "
            "Default: a rendered head.",
            show_default=False,
        ),
    ] = None,
    virtual_camera: Annotated[
        str | None,
        typer.Option(
            VIRTUAL_CAMERA,
            metavar="[DEVICE]",
            help="Show it to meeting programs (extra `camera`); the first virtual camera, or this "
            "one.",
            show_default=False,
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show it in a window, mirrored as in a mirror.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write it to a file: .mp4, .mov or .mkv.", show_default=False),
    ] = None,
    record_motion: RecordMotion = None,
    mode: ModeName = "both",
    model: ModelName = "rig",
    backend: BackendName = "auto",
    gain: Gains = None,
    source: Sources = None,
    frame: Frame = "full",
    size: Size = 512,
    mouth: MouthName = "generic",
    refine: Refine = "on",
    tracker: TrackerName = "mesh",
    fixed_size: Annotated[
        bool,
        typer.Option(
            "--fixed-size", help="Keep the quality even where this machine is too slow for it."
        ),
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Run a clip again and again.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Be on camera as the portrait.

    Give at least one of --virtual-camera, --preview, --out and --record-motion. Ctrl-C or q ends
    it, and the files with it, valid. A file that grows is NAME.unfinished.mp4, and plays, too.
    """
    from engine.families import find_family
    from stream.cli.factories import load_model, performances_of, tracker_maker
    from stream.cli.terminal import working
    from stream.files.motion_file import refuse_without_names
    from stream.live.hotkeys import typed_keys
    from stream.live.job import LiveJob
    from stream.live.lips import taken_out
    from stream.live.run import live as run

    check_size(size)
    family = find_family(model).name
    kept, lips = taken_out(source or [])
    if source or record_motion:
        refuse_without_names(find_family(model))
    job = LiveJob(
        camera=camera,
        portraits=portrait or [ASSETS / "portrait.png"],
        virtual_camera=virtual_camera,
        preview=preview,
        out=out,
        record_motion=record_motion,
        family=family,
        edit=read_edit(mode, gain),
        framing=frame,
        size=size,
        adapts=not fixed_size,
        loop=loop,
        lips=lips,
        force=force,
    )
    with working() as terminal, typed_keys() as keys:
        loaded = load_model(
            model, mouth=mouth, refine=refine, backend=backend, builds=terminal.builds
        )
        report = run(
            job,
            model=loaded,
            make_tracker=tracker_maker(tracker),
            mixer=read_mixer(
                loaded,
                kept,
                Path(camera),
                performances=performances_of(family, tracker_maker(tracker)),
            ),
            keys=keys,
            say=_say,
            stop=terminal.stop,
        )
    _say(f"{report.frames} frames, {report.drops} dropped")
    asked = {out: report.written, record_motion: report.recorded}
    for path in (path for path, count in asked.items() if path is not None and count):
        typer.echo(path)
    empty = [str(path) for path, count in asked.items() if path is not None and not count]
    if empty:
        raise OutputError(
            f"nothing was written to {' and '.join(empty)}: no picture came to record."
        )


def _say(line: str) -> None:
    """To standard error: standard output is for results."""
    typer.echo(line, err=True)
