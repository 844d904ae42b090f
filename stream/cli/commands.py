"""All commands of `understudy`; each is imported when it is called, so that help comes at once."""

from typing import Annotated

import typer

from stream.cli.lazy_group import CommandEntry, LazyGroup

COMMANDS = (
    CommandEntry(
        name="render",
        help="Render a portrait, moved by the face in a clip, into a file.",
        module="stream.cli.render",
    ),
    CommandEntry(
        name="edit",
        help="Change the expression of a face in a film, and nothing else.",
        module="stream.cli.edit",
    ),
    CommandEntry(
        name="serve",
        help="Serve a web page: your webcam in, the portrait back. Prints the one address to open.",
        module="stream.cli.serve",
    ),
    CommandEntry(
        name="say",
        help="Have a portrait say a text, into a file, by espeak-ng's voice.",
        module="stream.cli.say",
    ),
    CommandEntry(name="live", help="Be on camera as the portrait.", module="stream.cli.live"),
    CommandEntry(
        name="enroll",
        help="Make a portrait file of a person who was filmed.",
        module="stream.cli.enroll",
    ),
    CommandEntry(name="doctor", help="Find what keeps you off camera.", module="stream.cli.doctor"),
    CommandEntry(
        name="import", help="Turn the DPE authors' checkpoint into a bundle.", module="export.cli"
    ),
    CommandEntry(name="export", help="Write PyTorch weights as a bundle.", module="export.cli"),
    CommandEntry(name="info", help="Say what a bundle holds.", module="export.cli"),
    CommandEntry(name="cost", help="Count DPE's arithmetic per picture.", module="export.cli"),
    CommandEntry(
        name="bench", help="Measure speed, delay, load and quality.", module="benchmarks.cli"
    ),
    CommandEntry(name="train", help="Train models; make their data.", module="training.cli"),
)


class Understudy(LazyGroup):
    """All commands."""

    entries = COMMANDS


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
