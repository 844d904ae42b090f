"""A sound alone moves a portrait: the film has the sound, the lips lead it, the rest is idle."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.rig.model import RigModel
from engine.rig.motion.mixer import RigMixer
from engine.rig.motion.motion import RigMotion
from engine.speech.articulation import LEAD_S
from engine.speech.mel import RATE_HZ
from stream.cli.factor_sources import set_sources
from stream.cli.render import with_lips_by_sound
from stream.enroll.opening import StoppedError
from stream.files.clips import Clip
from stream.files.sound_file import SoundFile
from stream.render.job import NOTHING, RenderJob
from stream.render.speaking import RATE, IdleRecording, speak, track_of
from tests.faces_made import textured
from tests.nodding import SIZE, NoddingTracker
from tests.speech_here import needs_espeak, spoken, voiced, write_wav
from tests.video_files import pictures_of


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(textured(SIZE)).save(path)
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A third of a second of silence before a second of speech."""
    silence = np.zeros(RATE_HZ // 3, np.float32)
    return write_wav(tmp_path / "speech.wav", np.concatenate([silence, voiced(0.86)]))


def job(portrait: Path, driving: Path, **settings: object) -> RenderJob:
    asked = {
        "portrait": portrait,
        "driving": driving,
        "out": portrait.with_name("out.mp4"),
        "size": SIZE,
        **settings,
    }
    return RenderJob(**asked)  # type: ignore[arg-type]


def said(portrait: Path, driving: Path, *pairs: str, idles: bool = False) -> list[np.ndarray]:
    mixer = RigMixer()
    set_sources(mixer, with_lips_by_sound(list(pairs)), driving)
    asked = job(portrait, driving, force=True)
    report = speak(asked, model=RigModel(), make_tracker=NoddingTracker, mixer=mixer, idles=idles)
    pictures = [picture for _, picture in pictures_of(asked.out)]
    assert report.frames == len(pictures)
    return pictures


def apart(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.slow
def test_the_film_is_as_long_as_its_sound_and_has_it(portrait: Path, sound: Path) -> None:
    pictures = said(portrait, sound)
    assert len(pictures) == 36
    film = Clip(portrait.with_name("out.mp4"))
    assert film.rate == RATE
    heard = np.concatenate(list(SoundFile(film.path).pieces()))
    given = np.concatenate(list(SoundFile(sound).pieces()))
    assert np.corrcoef(np.abs(heard[: len(given)]), np.abs(given[: len(heard)]))[0, 1] > 0.9


@pytest.mark.slow
def test_whoever_stops_while_the_portrait_is_made_ready_gets_no_file(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise StoppedError

    monkeypatch.setattr("stream.render.speaking.source_of", stopped)
    asked = job(tmp_path / "clip.mp4", sound)
    assert speak(asked, model=RigModel(), make_tracker=NoddingTracker) is NOTHING
    assert not asked.out.exists()


def test_lips_move_with_the_sound_and_not_where_they_are_still(portrait: Path, sound: Path) -> None:
    moving, still = said(portrait, sound), said(portrait, sound, "lips=still")
    moved = [apart(a, b) for a, b in zip(moving, still, strict=True)]
    assert max(moved[:5]) < 0.2
    assert max(moved[10:]) > 1.0
    assert max(apart(still[0], picture) for picture in still) < 0.5


def test_idle_motion_blinks_and_moves_the_head_and_may_be_switched_off() -> None:
    idle: IdleRecording[RigMotion] = IdleRecording(20.0, idles=True)
    off: IdleRecording[RigMotion] = IdleRecording(20.0, idles=False)
    motions = [motion for k in range(idle.frames) if (motion := idle.motion(k)) is not None]
    assert len(motions) == idle.frames == 600
    assert min(motion.aperture.min() for motion in motions) < 0.2
    assert max(float(np.abs(motion.rotation).max()) for motion in motions) > 0.01
    for k in (0, 250, 599):
        motion = off.motion(k)
        assert motion is not None
        np.testing.assert_array_equal(motion.aperture, 1.0)
        np.testing.assert_array_equal(motion.rotation, 0.0)
    assert idle.times_ns[0] == 0
    assert np.diff(idle.times_ns).min() > 33_000_000


@needs_espeak
def test_a_text_moves_the_lips_at_its_phonemes_own_times_less_the_lead() -> None:
    text = spoken("mama papa")
    track = track_of(text)
    track.at(0)
    for phoneme, following in zip(text.phonemes, text.phonemes[1:], strict=False):
        middle_s = (phoneme.start_s + following.start_s) / 2 - LEAD_S
        if phoneme.name in ("m", "p") and middle_s > 0.0:
            assert track.at(round(middle_s * 1e9)).contact > 0.9
        if phoneme.name.startswith("\u0251"):
            assert track.at(round(middle_s * 1e9)).arkit["jawOpen"] > 0.1


@pytest.mark.parametrize(
    ("settings", "option"),
    [({"compare": True}, "--compare"), ({"neutral": 3}, "--neutral"),
     ({"record_motion": Path("m.npz")}, "--record-motion")],
)  # fmt: skip
def test_what_needs_a_driving_picture_is_refused(
    portrait: Path, sound: Path, settings: dict[str, object], option: str
) -> None:
    with pytest.raises(InputError, match=f"leave out {option}"):
        speak(job(portrait, sound, **settings), model=RigModel(), make_tracker=NoddingTracker)
    assert not portrait.with_name("out.mp4").exists()


@pytest.mark.parametrize(
    ("pair", "message"),
    [("lips=mic", "understudy live"), ("lips=auto", "understudy live"),
     ("lips=nothing.wav", "cannot be used"), ("pose=sound", "cannot be used")],
)  # fmt: skip
def test_sources_that_cannot_be_meant_are_refused(sound: Path, pair: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        set_sources(RigMixer(), [pair], sound)


def test_lips_by_a_clips_own_sound_need_a_sound(tmp_path: Path) -> None:
    from tests.fakes import disc_picture
    from tests.video_files import make_clip

    clip = make_clip(tmp_path / "silent.mp4", [disc_picture(64, 64, (32, 32))] * 3)
    with pytest.raises(InputError, match="has no sound"):
        set_sources(RigMixer(), ["lips=sound"], clip)
    with pytest.raises(InputError, match="needs a driving file"):
        set_sources(RigMixer(), ["lips=sound"])


def test_a_sound_is_the_lips_of_a_sound_unless_they_have_a_source() -> None:
    assert with_lips_by_sound(None) == ["lips=sound"]
    assert with_lips_by_sound(["pose=still"]) == ["lips=sound", "pose=still"]
    assert with_lips_by_sound(["lips=other.wav"]) == ["lips=other.wav"]
