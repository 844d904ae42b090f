"""The command `understudy`: reads arguments, calls the job, prints what came of it.

Nothing heavy is imported here, so that help and the errors of a mistyped line come at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.cli.lazy_group import Elsewhere, Roof
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


ELSEWHERE = (
    Elsewhere(name="live", help="Be on camera as the portrait.", module="stream.cli.live"),
    Elsewhere(name="doctor", help="Find what keeps you off camera.", module="stream.cli.live"),
    Elsewhere(
        name="import", help="Turn the DPE authors' checkpoint into a bundle.", module="export.cli"
    ),
    Elsewhere(name="export", help="Write PyTorch weights as a bundle.", module="export.cli"),
    Elsewhere(name="info", help="Say what a bundle holds.", module="export.cli"),
    Elsewhere(name="cost", help="Count DPE's arithmetic per picture.", module="export.cli"),
    Elsewhere(name="train", help="Train the refiner on synthetic heads.", module="training.cli"),
)


class Understudy(Roof):
    """All commands."""

    elsewhere = ELSEWHERE


app = typer.Typer(
    cls=Understudy,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 (typer calls it)
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        from engine.installing import DISTRIBUTION

        try:
            print(f"understudy {version(DISTRIBUTION)}")
        except PackageNotFoundError:
            print("understudy, run from its source folder without being installed")
        raise typer.Exit


@app.callback()
def understudy(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Say which version this is."
        ),
    ] = False,
) -> None:
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
            help="What is animated: a JPEG, PNG or WebP picture, or a clip, which plays beside the "
            "driving one until the shorter of them ends. Default: a rendered head.",
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
    from stream.cli.factories import load_model, tracker_maker
    from stream.cli.terminal import working
    from stream.files.motion_file import is_motion_file, refuse_without_names
    from stream.render.job import RenderJob

    if is_motion_file(driving):
        from stream.render.replay import replay as run
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
    )
    if is_motion_file(driving) or source or record_motion:
        refuse_without_names(family)
    with working() as terminal:
        loaded = load_model(
            model, mouth=mouth, refine=refine, backend=backend, builds=terminal.builds
        )
        report = run(
            job,
            mixer=read_mixer(loaded, source),
            model=loaded,
            make_tracker=tracker_maker(tracker),
            progress=terminal.progress,
            stop=terminal.stop,
        )
    _tell(job.out, report)


@app.command()
def serve(
    *,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Beyond this machine, requests need the token."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8080,
    portrait: Annotated[
        Path | None,
        typer.Option(help="A picture to begin with; the page offers it beside the others."),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="rig|FOLDER", help="rig, or the folder of a bundle.")
    ] = "rig",
    backend: BackendName = "auto",
    size: Size = 512,
    frame: Frame = "face",
    refine: Refine = "on",
    sessions: Annotated[
        int, typer.Option(min=1, max=64, help="How many people may be on camera at once.")
    ] = 4,
    token: Annotated[
        str | None,
        typer.Option(
            help="What every request must carry. Default: none on this machine, else a new one.",
            show_default=False,
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            help="Folder where recordings lie until whoever made them has saved them. Default: one "
            "of your own.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="https://NAME",
            help="The address of a proxy that you trust and that passes everything on to here.",
            show_default=False,
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="Serve https with this certificate (PEM, its chain in it).", show_default=False
        ),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="The certificate's key (PEM).", show_default=False)
    ] = None,
    insecure_http: Annotated[
        bool,
        typer.Option(
            "--insecure-http", help="Beyond this machine, serve plain http: anybody can listen in."
        ),
    ] = False,
    opens: Annotated[
        bool, typer.Option("--open", help="Open the address in the browser of this desktop.")
    ] = False,
) -> None:
    """Serve a web page: your webcam in, the portrait back. Prints the one address to open.

    Also takes video by WHIP at /whip and shows the result by WHEP at /whep and on the page /view.
    """
    import secrets

    from stream.cli.browser import open_page
    from stream.cli.factories import load_model, tracker_maker
    from stream.cli.terminal import working
    from stream.server.app import serve as run
    from stream.server.settings import (
        LEAST_TOKEN,
        ServerSettings,
        is_loopback,
        is_token,
        read_origin,
        refuse_plain_http,
    )

    if size % 2:
        raise typer.BadParameter(f"must be even, got {size}", param_hint="--size")
    if token is not None and not is_token(token):
        raise typer.BadParameter(
            f"needs {LEAST_TOKEN} characters or more: letters, digits and signs of ASCII, no space",
            param_hint="--token",
        )
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("goes with the other one", param_hint="--tls-cert and --tls-key")
    try:
        origin = None if public_url is None else read_origin(public_url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--public-url") from None
    if token is None and not (is_loopback(host) and origin is None):
        token = secrets.token_urlsafe(24)
    settings = ServerSettings(
        host=host,
        port=port,
        portrait=portrait,
        size=size,
        framing=frame,
        most_sessions=sessions,
        token=token,
        recordings=recordings,
        public_url=origin,
        insecure_http=insecure_http,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    refuse_plain_http(settings)

    def told(url: str) -> None:
        print(url, flush=True)
        if opens:
            open_page(url)

    with working() as terminal:
        run(
            settings,
            model=load_model(
                model, mouth="generic", refine=refine, backend=backend, builds=terminal.builds
            ),
            make_tracker=tracker_maker("mesh"),
            told=told,
            stop=terminal.stop,
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
