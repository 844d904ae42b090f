"""The command `understudy say`: a portrait says a text, by espeak-ng's voice and phoneme times."""

import tempfile
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from stream.cli.options import (
    BackendName,
    Frame,
    Gains,
    Refine,
    Size,
    Sources,
    check_size,
    read_edit,
    read_mixer,
)
from stream.files.bundled import ASSETS

if TYPE_CHECKING:
    from engine.speech.espeak import Spoken

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What is said.")],
    *,
    out: Annotated[Path, typer.Option(help="File to write: .mp4, .mov or .mkv.")],
    voice: Annotated[
        str,
        typer.Option(
            help="A language of `espeak-ng --voices`, with a variant if wanted: de, en-us+f3."
        ),
    ] = "en-us",
    speed: Annotated[int, typer.Option(min=80, max=400, help="Words a minute.")] = 165,
    pitch: Annotated[int, typer.Option(min=0, max=99, help="Of the voice.")] = 50,
    portrait: Annotated[
        Path,
        typer.Option(
            help="A JPEG, PNG or WebP picture. Default: a rendered head.", show_default=False
        ),
    ] = ASSETS / "portrait.png",
    gain: Gains = None,
    source: Sources = None,
    frame: Frame = "full",
    size: Size = 512,
    refine: Refine = "on",
    backend: BackendName = "auto",
    idle: Annotated[
        bool, typer.Option("--idle/--no-idle", help="Blink, and move the head a little.")
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Have a portrait say a text, into a file.

    The voice is espeak-ng's, a program of its own that must be installed (GPL, not part of this).
    Whoever listens hears that nobody speaks; whoever looks may not see it.
    """
    from engine.speech.espeak import Manner, espeak
    from stream.cli.factories import load_model, tracker_maker
    from stream.cli.render import tell
    from stream.cli.terminal import working
    from stream.files.clip_writer import check_output
    from stream.render.job import RenderJob
    from stream.render.speaking import speak, track_of

    check_size(size)
    check_output(out, force=force)
    with espeak() as speaker:
        spoken = speaker.say(text, Manner(voice=voice, rate=speed, pitch=pitch))
    with tempfile.TemporaryDirectory() as folder, working() as terminal:
        sound = Path(folder) / "said.wav"
        _write(spoken, sound)
        job = RenderJob(
            portrait=portrait,
            driving=sound,
            out=out,
            edit=read_edit("both", gain),
            framing=frame,
            size=size,
            force=force,
        )
        model = load_model(
            "rig", mouth="auto", refine=refine, backend=backend, builds=terminal.builds
        )
        mixer = read_mixer(model, source)
        assert mixer is not None  # the rig has one
        if not any(pair.partition("=")[0] == "lips" for pair in source or ()):
            mixer.speak(track_of(spoken))
        report = speak(
            job,
            model=model,
            make_tracker=tracker_maker("mesh"),
            mixer=mixer,
            progress=terminal.progress,
            stop=terminal.stop,
            idles=idle,
        )
    tell(out, report)


def _write(spoken: "Spoken", path: Path) -> None:
    """A WAV of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(spoken.rate_hz)
        whole = np.clip(np.round(spoken.samples * 32768.0), -32768, 32767)
        file.writeframes(whole.astype(np.int16).tobytes())
