"""Lips by sound in `live`: what is asked for, what hears, and a microphone that comes and goes."""

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from av.container import InputContainer
from PIL import Image

from engine.errors import InputError, MachineError
from stream.files.live_sound import LiveSound
from stream.live import lips
from stream.live.job import LiveJob
from stream.live.lips import Heard, LipsSource, taken_out
from stream.live.microphone import Microphone, open_microphone
from stream.live.run import live
from stream.session.voice_lips import DELAY_S, VoiceLips
from tests.fakes import DiscTracker, ShiftMixer, ShiftModel, disc_picture
from tests.speech_here import voiced, write_wav
from tests.video_files import click, heard_at, make_clip
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
    voice, recording = VoiceLips(), Kept()
    heard = Heard(lips=voice, recording=recording)
    heard.put(piece(), 1_000)
    voice.is_shown = True
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


class NamedModel(ShiftModel):
    """Its factors have names."""

    can = replace(ShiftModel.can, named_factors=True)

    def __init__(self) -> None:
        self.mixers: list[ShiftMixer] = []

    def mixer(self) -> ShiftMixer:
        self.mixers.append(ShiftMixer())
        return self.mixers[-1]


class NoKeys:
    """Nobody presses any."""

    def poll(self, timeout_s: float) -> str | None:
        time.sleep(0.01)
        return None


def run(folder: Path, source: LipsSource, model: ShiftModel, *, has_sound: bool = True) -> Path:
    Image.fromarray(disc_picture(256, 256, (128, 128))).save(folder / "portrait.png")
    walk = [disc_picture(256, 256, (128 + k % 9, 128)) for k in range(45)]
    sound = click(1.5, 0.5) if has_sound else None
    clip = make_clip(folder / "clip.mp4", walk, sound=sound)
    microphone = write_wav(folder / "microphone.wav", voiced(0.5))
    live(
        LiveJob(
            camera=str(clip),
            portraits=[folder / "portrait.png"],
            size=256,
            out=folder / "out.mp4",
            lips=source,
        ),
        model=model,
        make_tracker=DiscTracker,
        keys=NoKeys(),
        say=lambda line: None,
        stop=Event(),
        microphone=lambda: av.open(str(microphone)),
    )
    return folder / "out.mp4"


def test_lips_by_a_clips_own_sound_are_its_for_good_and_the_recordings_sound_is_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a whole second here: on a busy machine a film may begin with a later picture."""
    monkeypatch.setattr(lips, "DELAY_S", 1.0)
    model = NamedModel()
    film = run(tmp_path, "sound", model)
    assert [told for mixer in model.mixers for told in mixer.told] == ["speak"]
    assert heard_at(film) > 0.9


def test_a_clip_without_sound_takes_the_microphone_while_the_mouth_is_hidden(
    tmp_path: Path,
) -> None:
    model = NamedModel()
    film = run(tmp_path, "auto", model, has_sound=False)
    with av.open(str(film)) as container:
        assert container.streams.audio
    assert [told for mixer in model.mixers for told in mixer.told] in ([], ["speak"])


def test_lips_by_sound_are_refused_where_there_is_none_or_no_lips(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no sound.*lips=mic"):
        run(tmp_path, "sound", NamedModel(), has_sound=False)
    with pytest.raises(InputError, match="--model rig"):
        run(tmp_path, "sound", ShiftModel())
    assert not (tmp_path / "out.mp4").exists()
