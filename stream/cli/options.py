"""Options that several commands have, and how their words are read. Imports nothing heavy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from engine.motion import FACTORS, GAIN_LIMIT, Edit, Mode
from engine.runtimes.registry import IN_AUTO, Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.model import Mixer, Model, MotionT, ReadsAhead
    from stream.render.performances import Performances

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""

ModeName: TypeAlias = Annotated[
    Mode, typer.Option(help="What of the driver moves the portrait: face, head, or both.")
]
ModelName: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="rig|dpe-small|FOLDER",
        help="rig; dpe-small, a small DPE that is a test model; or the folder of a bundle.",
    ),
]
Gains: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=GAIN",
        help=f"How strongly a factor acts, 0 to {GAIN_LIMIT:g}; 1 is as the driver does it. "
        f"NAME is {', '.join(FACTORS)}, or an ARKit name such as jawOpen. May be repeated.",
    ),
]
Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=SOURCE",
        help="Where a factor comes from (rig, PD-FGC): lips=motion.npz, pose=still, gaze=camera, "
        "blink=live; lips=speech.wav, lips=sound (the driving file's own), lips=mic or lips=auto "
        "(live: always, or while your mouth is hidden); or an ARKit slider on top, such as "
        "mouthSmileLeft=0.4. PD-FGC: also zero, or a picture or clip, such as emotion=smile.jpg. "
        "May be repeated.",
    ),
]
RecordMotion: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.npz",
        help="Also write what the driver did (rig), to be replayed with render --driving or "
        "with --source.",
        show_default=False,
    ),
]
BackendName: TypeAlias = Annotated[
    Name,
    typer.Option(
        help=f"What runs the networks, a bundle's or the rig's refiner. auto takes the first of "
        f"{', '.join(IN_AUTO)} that is installed and works here (see `understudy doctor`), and "
        "a TensorRT before all others where its plans are built already."
    ),
]
Frame: TypeAlias = Annotated[
    Literal["full", "face"],
    typer.Option(help="The portrait's whole picture, or a square around its face."),
]
Size: TypeAlias = Annotated[
    int, typer.Option(min=256, max=1080, help="Shorter side of the result, in pixels; even.")
]
MouthName: TypeAlias = Annotated[
    Literal["auto", "own", "driver", "drawn"],
    typer.Option(
        help="Inside of an open mouth (rig). auto: the portrait's own where further pictures of "
        "the person show it, else the driver's where --driver-teeth lets it be seen, else a drawn "
        "one. own: never the driver's, and an error where there are no such pictures. driver: "
        "always the driver's, teeth and all. drawn: always drawn."
    ),
]
DriverTeeth: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--driver-teeth",
        help="With --mouth auto, let the driver's own mouth be seen in the portrait: whoever "
        "watches sees the driver's teeth and tongue.",
    ),
]
Refine: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="on|off|FOLDER",
        help="Whether a network refines what the warp makes (rig); or the folder of a refiner.",
    ),
]
TrackerName: TypeAlias = Annotated[
    Literal["mesh", "mediapipe"],
    typer.Option(
        help="What finds faces: the built-in mesh, or MediaPipe's Face Landmarker "
        "(extra `mediapipe`)."
    ),
]


def read_edit(mode: Mode, gains: list[str] | None, *, driver_teeth: bool = False) -> Edit:
    """Read NAME=GAIN pairs; a pair that cannot be meant is a usage error."""
    read: dict[str, float] = {}
    for pair in gains or []:
        name, _, value = pair.partition("=")
        try:
            read[name] = float(value)
        except ValueError:
            raise typer.BadParameter(
                f"{pair!r} is not NAME=GAIN, such as lips=1.2", param_hint="--gain"
            ) from None
    try:
        return Edit(mode=mode, gains=read, driver_teeth=driver_teeth)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--gain") from None


def read_mixer(
    model: "Model[MotionT]",
    pairs: list[str] | None,
    driving: Path | None = None,
    *,
    performances: "Callable[[ReadsAhead[MotionT]], Performances[MotionT]] | None" = None,
) -> "Mixer[MotionT] | None":
    """The model's mixer with the sources of factors that differ from the driver; None without.

    `driving` is the file that drives; `performances` reads files for a family whose factors may
    come from pictures.
    """
    from engine.model import ReadsAhead
    from stream.cli.code_sources import set_code_sources
    from stream.cli.factor_sources import set_sources

    if performances is not None and isinstance(model, ReadsAhead):
        codes = model.mixer()
        set_code_sources(codes, pairs or (), performances(model), driving)
        return codes
    mixer = model.mixer()
    if mixer is not None:
        set_sources(mixer, pairs or (), driving)
    return mixer


def read_neutral(text: str) -> int | Literal["auto"]:
    """The number of a frame, or auto."""
    if text == "auto":
        return "auto"
    if text.isdecimal():
        return int(text)
    raise typer.BadParameter(
        f"must be auto or a frame number, got {text!r}", param_hint="--neutral"
    )


def check_driver_teeth(model: str, mouth: str, *, shown: bool) -> None:
    """Refuse what could not be done, where the driver's teeth are to be seen."""
    from engine.families import find_family

    if shown and not (mouth == "auto" and find_family(model).can.driver_teeth):
        raise typer.BadParameter(
            "goes with --model rig and --mouth auto; --mouth driver shows them always",
            param_hint="--driver-teeth",
        )


def check_size(size: int) -> None:
    """4:2:0 video needs even sides."""
    if size % 2:
        raise typer.BadParameter(f"must be even, got {size}", param_hint="--size")
