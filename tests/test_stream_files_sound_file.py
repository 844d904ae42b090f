"""A sound on disk, as the listener's samples and as a soundtrack."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import InputError
from stream.files.clips import Clip
from stream.files.sound_file import SoundFile, is_sound_file, samples_of
from tests.fakes import disc_picture
from tests.speech_here import RATE, voiced, write_wav
from tests.video_files import click, make_clip


def write_sound_as(path: Path, codec: str, rate: int, samples: np.ndarray) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate, frame_size=960)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("a.flac", "flac", 44100), ("a.ogg", "libopus", 48000), ("a.m4a", "aac", 48000)],
)
def test_other_kinds_and_rates_become_samples_at_16_khz(
    tmp_path: Path, name: str, codec: str, rate: int
) -> None:
    sound = voiced(1.0)
    path = write_sound_as(tmp_path / name, codec, rate, sound)
    assert is_sound_file(path)
    found = np.concatenate(list(SoundFile(path).pieces()))
    assert abs(len(found) - RATE) < RATE // 10
    middle = slice(2000, 12000)
    lags = [np.corrcoef(found[middle], np.roll(sound, k)[middle])[0, 1] for k in range(-400, 400)]
    assert max(lags) > 0.9


def test_a_wav_is_read_as_it_is_and_again(tmp_path: Path) -> None:
    sound = voiced(0.5)
    file = SoundFile(write_wav(tmp_path / "a.wav", sound))
    for _ in range(2):
        np.testing.assert_allclose(np.concatenate(list(file.pieces())), sound, atol=1e-3)


def test_a_clip_is_no_sound_file_but_has_its_sound_from_its_first_picture_on(
    tmp_path: Path,
) -> None:
    walk = [disc_picture(64, 64, (20 + k, 32)) for k in range(20)]
    path = make_clip(tmp_path / "clip.mp4", walk, sound=click(0.6, 0.25))
    assert not is_sound_file(path)
    with Clip(path).sound() as sound:
        assert sound is not None
        found = np.concatenate(list(samples_of(sound)))
    assert np.argmax(np.abs(found)) / RATE == pytest.approx(0.25, abs=0.03)


def test_what_is_no_sound_is_refused_in_a_line(tmp_path: Path) -> None:
    text = tmp_path / "words.wav"
    text.write_text("no sound at all")
    silent = make_clip(tmp_path / "silent.mp4", [disc_picture(64, 64, (32, 32))] * 3)
    assert not is_sound_file(text)
    assert not is_sound_file(tmp_path / "missing.wav")
    for path in (text, tmp_path / "missing.wav", silent):
        with pytest.raises(InputError, match=r"there is no file|Give a sound"):
            SoundFile(path)
