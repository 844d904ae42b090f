"""What `--source` means: `lips=motion.npz`, `gaze=camera`, `pose=still`, `mouthSmileLeft=0.4`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.model import Mixer, MotionT, Recording
from engine.motion import ARKIT_NAMES, FACTORS, Factor
from stream.files.motion_file import is_motion_file
from stream.files.motion_reader import load_motion

FORM = (
    "FACTOR=live, FACTOR=still, FACTOR=motion.npz, gaze=camera, or an ARKit name and a value "
    "in 0..1 such as mouthSmileLeft=0.4"
)


def set_sources(mixer: Mixer[MotionT], pairs: Sequence[str]) -> None:
    """Set a mixer up, before its stream begins, as these NAME=SOURCE pairs ask.

    Factors of one recording run in step; a name that is given twice is a mistake.
    """
    seen: set[str] = set()
    sliders: dict[str, float] = {}
    recordings: dict[Path, Recording[Any]] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name in seen:
            raise InputError(f"--source {name} is given twice. Leave one out.")
        seen.add(name)
        factor = _find_factor(name)
        if factor is not None:
            _set_source(mixer, factor, value, recordings)
        elif name in ARKIT_NAMES:
            sliders[name] = _slider(pair, value)
        else:
            raise InputError(
                f"--source {pair} names neither a factor ({', '.join(FACTORS)}) nor an ARKit "
                f"name. It is {FORM}."
            )
    mixer.set_sliders(sliders)
    mixer.restart()


def _find_factor(name: str) -> Factor | None:
    return next((factor for factor in FACTORS if factor == name), None)


def _set_source(
    mixer: Mixer[MotionT], factor: Factor, value: str, recordings: dict[Path, Recording[Any]]
) -> None:
    if value == "live":
        mixer.release(factor)
    elif value == "still":
        mixer.hold(factor, None)
    elif value == "camera" and factor == "gaze":
        mixer.look_at_camera()
    elif is_motion_file(Path(value)):
        path = Path(value)
        if path not in recordings:
            recordings[path] = load_motion(path)
        mixer.replay(factor, recordings[path])
    else:
        raise InputError(f"--source {factor}={value} cannot be used. It is {FORM}.")


def _slider(pair: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise InputError(f"--source {pair}: the value of a slider lies in 0..1.")
    return number
