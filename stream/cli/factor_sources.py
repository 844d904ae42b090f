"""What `--source` means: `lips=motion.npz`, `gaze=camera`, `pose=still`, `mouthSmileLeft=0.4`.

Lips have more sources than others: a sound of one's own (`lips=speech.wav`), and the driving file's
(`lips=sound`). The microphone is of a stream that is live: see `stream/live/lips.py`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.model import Mixer, MotionT, Recording
from engine.motion import ARKIT_NAMES, FACTORS, Factor
from engine.speech.track import LipTrack, lips_of
from stream.files.clips import Clip
from stream.files.motion_file import is_motion_file
from stream.files.motion_reader import load_motion
from stream.files.sound_file import SoundFile, is_sound_file, samples_of

FORM = (
    "FACTOR=live, FACTOR=still, FACTOR=motion.npz, gaze=camera, lips=speech.wav, lips=sound (that "
    "of the driving file), lips=mic (live), or an ARKit name and a value in 0..1 such as "
    "mouthSmileLeft=0.4"
)


def set_sources(mixer: Mixer[MotionT], pairs: Sequence[str], driving: Path | None = None) -> None:
    """Set a mixer up, before its stream begins, as these NAME=SOURCE pairs ask.

    Factors of one recording run in step; a name that is given twice is a mistake. `driving` is the
    file whose sound `lips=sound` means; None where there is none.
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
            _set_source(mixer, factor, value, recordings, driving)
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
    mixer: Mixer[MotionT],
    factor: Factor,
    value: str,
    recordings: dict[Path, Recording[Any]],
    driving: Path | None,
) -> None:
    if value == "live":
        mixer.release(factor)
    elif value == "still":
        mixer.hold(factor, None)
    elif value == "camera" and factor == "gaze":
        mixer.look_at_camera()
    elif factor == "lips" and value == "sound":
        mixer.speak(_lips_of_driving(driving))
    elif factor == "lips" and value in ("mic", "auto"):
        raise InputError(f"--source lips={value} is for `understudy live`: a file has lips=sound.")
    elif factor == "lips" and not is_motion_file(Path(value)) and Path(value).is_file():
        mixer.speak(lips_of(SoundFile(Path(value)).pieces()))
    elif is_motion_file(Path(value)):
        path = Path(value)
        if path not in recordings:
            recordings[path] = load_motion(path)
        mixer.replay(factor, recordings[path])
    else:
        raise InputError(f"--source {factor}={value} cannot be used. It is {FORM}.")


def _lips_of_driving(driving: Path | None) -> LipTrack:
    """The whole sound is listened to before the first picture: it takes a second a minute."""
    if driving is None:
        raise InputError("--source lips=sound needs a driving file that has sound.")
    if is_sound_file(driving):
        return lips_of(SoundFile(driving).pieces())
    with Clip(driving).sound() as sound:
        if sound is None:
            raise InputError(
                f"--source lips=sound: {driving} has no sound. Name one, as in lips=speech.wav."
            )
        return lips_of(samples_of(sound))


def _slider(pair: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise InputError(f"--source {pair}: the value of a slider lies in 0..1.")
    return number
