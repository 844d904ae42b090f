"""Factors from pictures, clips, recordings and sounds: each file is read once, and then replays."""

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Neutral
from engine.motion import Edit, Factor
from engine.pdfgc.layout import INDICES, MOTION
from engine.pdfgc.mixer import PdfgcMixer
from engine.pdfgc.motion import PdfgcMotion
from engine.pdfgc.recording import PdfgcRecording
from engine.runtimes.base import Array
from stream.cli.code_sources import set_code_sources
from stream.files.motion_file import motion_writer
from stream.files.motion_reader import load_motion
from stream.render.performances import Performances, waveform
from tests.clip_pictures import write
from tests.faces_made import made_face

FRAME_NS = 40_000_000
LIVE = PdfgcMotion.of(np.full(MOTION, 9.0, np.float32))
GREY = 8


class Brightness:
    """A model without networks: all codes of a picture are its brightness over 100."""

    def __init__(self, *, reads_lips: bool = True) -> None:
        self.read_pictures = 0
        self.read_sounds = 0
        self._reads_lips = reads_lips

    def mixer(self) -> PdfgcMixer:
        return PdfgcMixer()

    def reader(self) -> "Brightness":
        return self

    @property
    def neutral(self) -> Neutral:
        return "none"

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> PdfgcMotion:
        self.read_pictures += 1
        return PdfgcMotion.of(np.full(MOTION, picture.mean() / 100, np.float32))

    def calibrate(self, picture: Pixels, face: Face) -> None: ...

    def recalibrate(self) -> None: ...

    def performed(
        self,
        times_ns: NDArray[np.int64],
        motions: Sequence[PdfgcMotion | None],
        rate: Fraction,
    ) -> PdfgcRecording:
        shown = [PdfgcMotion.still() if motion is None else motion for motion in motions]
        return PdfgcRecording(
            times_ns=times_ns,
            tracked=np.array([motion is not None for motion in motions]),
            codes=np.stack([motion.codes for motion in shown]),
            share=np.ones(len(shown), np.float32),
            rate=rate,
        )

    def heard(self, mel: Array) -> PdfgcRecording:
        self.read_sounds += 1
        codes = np.full((max(1, len(mel) // 4), MOTION), 5.0, np.float32)
        return PdfgcRecording(
            times_ns=np.arange(len(codes), dtype=np.int64) * FRAME_NS,
            tracked=np.ones(len(codes), np.bool_),
            codes=codes,
            share=np.ones(len(codes), np.float32),
            rate=Fraction(25),
        )

    def can_come_from_pictures(self, factor: Factor) -> bool:
        return factor != "lips" or self._reads_lips


class Sighted:
    """Sees a face in whatever is not black."""

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return made_face(64) if picture.mean() > GREY else None

    def reset(self) -> None: ...


def grey(level: int) -> Pixels:
    return np.full((64, 64, 3), level, np.uint8)


@pytest.fixture
def model() -> Brightness:
    return Brightness()


@pytest.fixture
def performances(model: Brightness) -> Performances[PdfgcMotion]:
    return Performances(model, family="pdfgc", make_tracker=Sighted)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(grey(200)).save(tmp_path / "smile.png")
    return tmp_path / "smile.png"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write(tmp_path / "nod.mp4", [grey(50), grey(100), grey(150)], rate=25)


def mixed(
    performances: Performances[PdfgcMotion],
    *pairs: str,
    at_ns: int = 0,
    driving: Path | None = None,
) -> Array:
    """(542,) the codes so long after the first frame, over a portrait of zeros."""
    mixer = PdfgcMixer()
    set_code_sources(mixer, pairs, performances, driving)
    found = None
    for now in sorted({0, at_ns}):
        found, _ = mixer.mix(LIVE, Edit(), 1000 + now)
    assert found is not None
    return found.over(np.full(MOTION, -1.0, np.float32))


def test_one_factor_comes_from_a_picture_and_the_rest_from_the_driver(
    picture: Path, performances: Performances[PdfgcMotion]
) -> None:
    shown = mixed(performances, f"emotion={picture}", at_ns=10**9)
    np.testing.assert_allclose(shown[INDICES["emotion"]], 2.0, atol=0.02)
    for factor in ("lips", "gaze", "blink", "pose"):
        np.testing.assert_array_equal(shown[INDICES[factor]], 9.0)


def test_a_clip_is_read_once_for_all_its_factors_and_runs_in_step(
    clip: Path, model: Brightness, performances: Performances[PdfgcMotion]
) -> None:
    shown = mixed(performances, f"pose={clip}", f"lips={clip}", f"gaze={clip}", at_ns=FRAME_NS)
    for factor in ("pose", "lips", "gaze"):
        np.testing.assert_allclose(shown[INDICES[factor]], 1.0, atol=0.05)
    np.testing.assert_array_equal(shown[INDICES["blink"]], 9.0)
    assert model.read_pictures == 3


def test_the_driving_file_as_a_source_is_the_driver(
    clip: Path, model: Brightness, performances: Performances[PdfgcMotion]
) -> None:
    shown = mixed(performances, f"lips={clip}", "gaze=live", driving=clip)
    np.testing.assert_array_equal(shown, 9.0)
    assert model.read_pictures == 0


def test_still_is_the_portraits_own_and_zero_is_zero(
    performances: Performances[PdfgcMotion],
) -> None:
    shown = mixed(performances, "pose=still", "emotion=zero")
    np.testing.assert_array_equal(shown[INDICES["pose"]], -1.0)
    np.testing.assert_array_equal(shown[INDICES["emotion"]], 0.0)


def test_a_motion_file_keeps_its_codes_and_replays_without_reading(
    tmp_path: Path, model: Brightness, performances: Performances[PdfgcMotion]
) -> None:
    path = tmp_path / "motion.npz"
    motions = [PdfgcMotion.of(np.full(MOTION, level, np.float32)) for level in (1.0, 2.0)]
    with motion_writer(path, family="pdfgc") as writer:
        for index, motion in enumerate([*motions, motions[1].eased(0.5), None]):
            writer.add(index * FRAME_NS, motion)
        writer.finish(Fraction(25))
    recording = load_motion(path, "pdfgc")
    assert recording.frames == 4
    assert recording.motion(3) is None
    eased = recording.motion(2)
    assert eased is not None
    np.testing.assert_allclose(eased.over(np.zeros(MOTION, np.float32)), 1.0)
    shown = mixed(performances, f"blink={path}", at_ns=FRAME_NS)
    np.testing.assert_allclose(shown[INDICES["blink"]], 2.0)
    assert model.read_pictures == 0
    with pytest.raises(InputError, match="another model's"):
        load_motion(path)


def test_a_clips_pictures_without_a_face_are_at_rest(
    tmp_path: Path, performances: Performances[PdfgcMotion]
) -> None:
    path = write(tmp_path / "gap.mp4", [grey(100), grey(0), grey(100)], rate=25)
    shown = mixed(performances, f"pose={path}", at_ns=FRAME_NS)
    np.testing.assert_array_equal(shown[INDICES["pose"]], -1.0)


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A second of a tone."""
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        tone = np.sin(np.arange(16_000) * 0.2) * 8000
        file.writeframes(tone.astype("<i2").tobytes())
    return path


def test_lips_come_from_a_sound_file(
    voice: Path, model: Brightness, performances: Performances[PdfgcMotion]
) -> None:
    shown = mixed(performances, f"lips={voice}")
    np.testing.assert_array_equal(shown[INDICES["lips"]], 5.0)
    np.testing.assert_array_equal(shown[INDICES["pose"]], 9.0)
    assert (model.read_sounds, model.read_pictures) == (1, 0)
    performances.of(voice, "lips")
    assert model.read_sounds == 1
    with pytest.raises(InputError, match="moves lips only, not pose"):
        performances.of(voice, "pose")


def test_a_sound_is_heard_from_its_first_sample_on(
    voice: Path, model: Brightness, performances: Performances[PdfgcMotion]
) -> None:
    samples = waveform(voice)
    assert abs(len(samples) - 16_000) <= 1
    assert performances.of(voice, "lips").frames == 26  # seven rows of mel follow the end


def test_a_driving_clip_without_sound_is_told(
    clip: Path, performances: Performances[PdfgcMotion]
) -> None:
    with pytest.raises(InputError, match="has no sound"):
        mixed(performances, "lips=sound", driving=clip)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("chin=still", "names no factor"),
        ("jawOpen=0.5", "no slider jawOpen"),
        ("lips=nothing.png", "cannot be used"),
        ("gaze=camera", "gaze=zero"),
        ("lips=sound", "needs a driving file"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    pair: str, words: str, performances: Performances[PdfgcMotion]
) -> None:
    with pytest.raises(InputError, match=words):
        mixed(performances, pair)


def test_a_name_that_is_given_twice_is_a_mistake(
    performances: Performances[PdfgcMotion],
) -> None:
    with pytest.raises(InputError, match="given twice"):
        mixed(performances, "lips=still", "lips=zero")


def test_pictures_without_a_face_are_refused(
    tmp_path: Path, performances: Performances[PdfgcMotion]
) -> None:
    Image.fromarray(grey(0)).save(tmp_path / "dark.png")
    with pytest.raises(InputError, match="no face was found"):
        performances.of(tmp_path / "dark.png", "pose")
    clip = write(tmp_path / "dark.mp4", [grey(0)] * 2, rate=25)
    with pytest.raises(InputError, match="whole clip"):
        performances.of(clip, "pose")


def test_lips_that_the_bundle_does_not_read_are_refused_of_pictures(picture: Path) -> None:
    reading = Performances(Brightness(reads_lips=False), family="pdfgc", make_tracker=Sighted)
    reading.of(picture, "emotion")
    with pytest.raises(InputError, match=r"reads no lips .* lips=speech\.wav"):
        reading.of(picture, "lips")
