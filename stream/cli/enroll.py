"""The command `understudy enroll`: reads arguments, makes the file, says what came of it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.cli.options import STOPPED, TrackerName

if TYPE_CHECKING:
    from engine.faces.face import Tracker
    from stream.enroll.person import Enrolment

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})

PARTS = {"mouth": "mouths", "lids": "lids", "upper_face": "brows and foreheads"}


@app.command()
def enroll(
    *,
    material: Annotated[
        list[Path],
        typer.Argument(
            metavar="CLIP...",
            help="Clips and pictures of one person: 15 seconds are enough, and the first 60 of a "
            "clip are looked at. The portrait at rest is taken from the first one.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="NAME.portrait", help="The portrait file to write.")],
    neutral: Annotated[
        str,
        typer.Option(
            metavar="auto|INDEX",
            help="The frame of the first clip that shows the person at rest, counted from 0.",
        ),
    ] = "auto",
    points: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For one picture, a drawing or an animal whose face fits badly: the places of eye "
            "corners, mouth corners, lips and chin, as --points-out writes them, put right.",
        ),
    ] = None,
    points_out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="For one picture: write where these eight points were found."
        ),
    ] = None,
    tracker: TrackerName = "mesh",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Make a portrait file of a person who was filmed: with the person's own teeth, lids and brows.

    Look straight, smile with teeth, say "ee", "aah" and "ooh", close the eyes, raise the brows,
    in good light, with nothing before the face. Only film people who agree to it.
    """
    from engine.portrait_notes import warn_of
    from stream.cli.factories import tracker_maker
    from stream.cli.options import read_neutral
    from stream.cli.terminal import working
    from stream.enroll.person import enroll as run
    from stream.files.portrait_file import check_portrait_output, save_portrait

    index = read_neutral(neutral)
    check_portrait_output(out, force=force)
    if points is not None or points_out is not None:
        _by_hand(material, out, points, points_out, tracker_maker(tracker)(), force=force)
        return
    finder = tracker_maker(tracker)()
    with working() as terminal:
        enrolment = run(
            material,
            finder,
            neutral=None if index == "auto" else index,
            progress=terminal.progress,
            stop=terminal.stop,
        )
    if enrolment is None:
        print("stopped before the portrait was ready; nothing was written", file=sys.stderr)
        raise typer.Exit(STOPPED)
    warn_of(enrolment.portrait.picture, enrolment.portrait.face, finder)
    save_portrait(out, enrolment.portrait, force=force)
    _tell(out, enrolment)


def _by_hand(
    material: list[Path],
    out: Path,
    points: Path | None,
    points_out: Path | None,
    tracker: "Tracker",
    *,
    force: bool,
) -> None:
    """Make the portrait of one picture, whose points are put right, or are to be."""
    from engine.errors import InputError
    from stream.enroll.by_hand import portrait_by_hand, save_points
    from stream.files.output_place import check_place
    from stream.files.portrait_file import save_portrait

    if len(material) != 1:
        raise InputError("--points and --points-out are for one picture.")
    if points_out is not None:
        check_place(points_out, force=force)
    portrait = portrait_by_hand(material[0], points, tracker, points_out)
    if points_out is not None:
        save_points(points_out, portrait.face)
    save_portrait(out, portrait, force=force)
    print(out)
    if points_out is not None:
        print(f"put the points right in {points_out}, then give it by --points")


def _tell(out: Path, enrolment: "Enrolment") -> None:
    """Print the result's path, then what it was made of and what would make it better."""
    from stream.enroll.person import rejections

    print(out)
    print(f"{enrolment.used} of {enrolment.looked} frames could be used")
    if enrolment.used < enrolment.looked:
        print(f"left out: {rejections(enrolment.rejected)}")
    kept = ", ".join(f"{count} {PARTS[part]}" for part, count in enrolment.kept.items())
    print(f"kept: frame {enrolment.neutral} at rest, {kept}")
    if enrolment.was_closed:
        print("its mouth was open, and is closed as another frame shows it")
    for missing in enrolment.missing:
        print(f"missing: {missing}")
