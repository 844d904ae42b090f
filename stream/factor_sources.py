"""What `--source` means: `lips=motion.npz`, `gaze=camera`, `pose=still`, `mouthSmileLeft=0.4`."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import InputError
from engine.motion import ARKIT_NAMES, FACTORS, Factor
from engine.rig.mixer import LIVE, FactorSource, Held, Replayed, RigMixer, ToCamera
from engine.rig.recording import Recording
from stream.motion_file import is_motion_file
from stream.motion_reader import load_motion

FORM = (
    "FACTOR=live, FACTOR=still, FACTOR=motion.npz, gaze=camera, or an ARKit name and a value "
    "in 0..1 such as mouthSmileLeft=0.4"
)


def make_mixer(pairs: Sequence[str]) -> RigMixer | None:
    """The mixer that these NAME=SOURCE pairs ask for; None where there are none.

    Factors of one recording run in step; a name that is given twice is a mistake.
    """
    sources: dict[Factor, FactorSource] = {}
    sliders: dict[str, float] = {}
    recordings: dict[Path, Recording] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name in sources or name in sliders:
            raise InputError(f"--source {name} is given twice. Leave one out.")
        factor = _find_factor(name)
        if factor is not None:
            sources[factor] = _source(factor, value, recordings)
        elif name in ARKIT_NAMES:
            sliders[name] = _slider(pair, value)
        else:
            raise InputError(
                f"--source {pair} names neither a factor ({', '.join(FACTORS)}) nor an ARKit "
                f"name. It is {FORM}."
            )
    return RigMixer(sources, sliders) if sources or sliders else None


def _find_factor(name: str) -> Factor | None:
    return next((factor for factor in FACTORS if factor == name), None)


def _source(factor: Factor, value: str, recordings: dict[Path, Recording]) -> FactorSource:
    if value == "live":
        return LIVE
    if value == "still":
        return Held()
    if value == "camera" and factor == "gaze":
        return ToCamera()
    path = Path(value)
    if not is_motion_file(path):
        raise InputError(f"--source {factor}={value} cannot be used. It is {FORM}.")
    if path not in recordings:
        recordings[path] = load_motion(path)
    return Replayed(recordings[path])


def _slider(pair: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise InputError(f"--source {pair}: the value of a slider lies in 0..1.")
    return number
