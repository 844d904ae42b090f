"""What `--source` means for a family of codes: a factor from a file of any kind, still, or zero."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import InputError
from engine.model import CodeMixer, MotionT
from engine.motion import ARKIT_NAMES, FACTORS, Factor
from stream.render.performances import Performances

FORM = (
    "FACTOR=live, FACTOR=still (the portrait's own), FACTOR=zero (a canonical face), FACTOR=FILE "
    "(a picture, a clip, a motion file), lips=speech.wav, or lips=sound (that of the driving file)"
)


def set_code_sources(
    mixer: CodeMixer[MotionT],
    pairs: Sequence[str],
    performances: Performances[MotionT],
    driving: Path | None = None,
) -> None:
    """Set a mixer up, before its stream begins, as these FACTOR=SOURCE pairs ask.

    Factors of one file run in step, and a name that is given twice is a mistake. The driving file
    itself as a source is the driver: its pictures are not read twice.
    """
    seen: set[Factor] = set()
    for pair in pairs:
        name, _, value = pair.partition("=")
        factor = _factor(name, pair, mixer)
        if factor in seen:
            raise InputError(f"--source {factor} is given twice. Leave one out.")
        seen.add(factor)
        _set_source(mixer, factor, value, performances, driving)
    mixer.restart()


def _factor(name: str, pair: str, mixer: CodeMixer[MotionT]) -> Factor:
    for factor in FACTORS:
        if factor == name:
            return factor
    if name in ARKIT_NAMES:
        mixer.set_sliders({name: 0.0})  # says why it has none
    raise InputError(f"--source {pair} names no factor ({', '.join(FACTORS)}). It is {FORM}.")


def _set_source(
    mixer: CodeMixer[MotionT],
    factor: Factor,
    value: str,
    performances: Performances[MotionT],
    driving: Path | None,
) -> None:
    if value == "live" or _is_driving(value, driving):
        mixer.release(factor)
    elif value == "still":
        mixer.hold(factor, None)
    elif value == "zero":
        mixer.switch_off(factor)
    elif value == "camera":
        mixer.look_at_camera()
    elif factor == "lips" and value == "sound":
        if driving is None:
            raise InputError("--source lips=sound needs a driving file that has sound.")
        mixer.replay(factor, performances.sound_of(driving))
    elif Path(value).is_file():
        mixer.replay(factor, performances.of(Path(value), factor))
    else:
        raise InputError(f"--source {factor}={value} cannot be used. It is {FORM}.")


def _is_driving(value: str, driving: Path | None) -> bool:
    return driving is not None and Path(value).is_file() and Path(value).samefile(driving)
