"""Lips by sound in `live`: what is asked for, what hears, and a microphone that comes and goes."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer

from engine.errors import InputError, MachineError
from stream.files.live_sound import LiveSound
from stream.live.lips import Heard, taken_out
from stream.live.microphone import Microphone, open_microphone
from stream.session.voice_lips import DELAY_S, VoiceLips
from tests.speech_here import voiced, write_wav
from tests.virtual_camera_fake import wait_until


def piece() -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    return frame


def test_a_live_source_of_the_lips_is_taken_out_of_the_pairs() -> None:
    assert taken_out(["lips=mic", "pose=still"]) == (["pose=still"], "mic")
    assert taken_out(["lips=auto"]) == ([], "auto")
    assert taken_out(["lips=motion.npz", "gaze=camera"]) == (
        ["lips=motion.npz", "gaze=camera"],
        None,
    )
    with pytest.raises(InputError, match="given twice"):
        taken_out(["lips=mic", "lips=sound"])


class Kept(LiveSound):
    """Remembers when its pieces began."""

    def __init__(self) -> None:
        super().__init__()
        self.starts_ns: list[int] = []

    def put(self, sound: av.AudioFrame, start_ns: int) -> None:
        self.starts_ns.append(start_ns)


def test_a_recording_gets_the_sound_as_late_as_the_lips_are() -> None:
    lips, recording = VoiceLips(), Kept()
    heard = Heard(lips=lips, recording=recording)
    heard.put(piece(), 1_000)
    lips.is_shown = True
    heard.put(piece(), 2_000)
    assert recording.starts_ns == [1_000, 2_000 + round(DELAY_S * 1e9)]
    Heard().put(piece(), 0)


class Ears:
    """Counts what comes."""

    def __init__(self) -> None:
        self.starts_ns: list[int] = []

    def put(self, sound: av.AudioFrame, start_ns: int) -> None:
        self.starts_ns.append(start_ns)


def test_a_microphone_that_goes_away_is_opened_again(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", voiced(0.2))
    opened: list[InputContainer] = []

    def opener() -> InputContainer:
        if len(opened) == 1:
            opened.append(opened[0])
            raise MachineError("it is gone")
        opened.append(av.open(str(path)))
        return opened[-1]

    ears = Ears()
    microphone = Microphone(ears, opener=opener, again_s=0.01)
    microphone.start()
    wait_until(lambda: len(opened) >= 4)
    assert microphone.stop()
    assert len(ears.starts_ns) > 2
    assert max(ears.starts_ns) <= time.monotonic_ns()


def test_a_microphone_that_was_never_started_is_closed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", voiced(0.2))
    assert Microphone(Ears(), opener=lambda: av.open(str(path))).stop()


@pytest.mark.parametrize("system", ["linux", "darwin", "win32", "plan9"])
def test_a_machine_without_a_microphone_says_what_to_do(system: str) -> None:
    def refused(*arguments: object, **options: object) -> InputContainer:
        raise FileNotFoundError(2, "No such device")

    with pytest.raises(MachineError, match=r"no microphone can be opened.*--source lips=sound"):
        open_microphone(system=system, opening=refused)


def test_the_system_default_is_asked_for() -> None:
    asked: list[tuple[str, str]] = []

    def refused(name: str, *, format: str) -> InputContainer:  # noqa: A002 (PyAV's own name)
        asked.append((format, name))
        raise FileNotFoundError(2, "No such device")

    with pytest.raises(MachineError):
        open_microphone(system="linux", opening=refused)
    assert asked == [("pulse", "default"), ("alsa", "default")]
