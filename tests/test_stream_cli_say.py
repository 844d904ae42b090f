"""`understudy say`, and sounds at `understudy render`, as a user meets them."""

import sys
from pathlib import Path

import av
import numpy as np
import pytest

from engine.speech import espeak as module
from stream.cli import main
from stream.files.clips import Clip
from stream.files.sound_file import SoundFile
from tests.speech_here import needs_espeak, spoken, voiced, write_wav


def understudy(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@needs_espeak
@pytest.mark.slow
def test_a_portrait_says_a_text_with_its_sound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hello.mp4"
    asked = ("say", "Hello, Bob.", "--voice", "en-us+f3", "--size", "256", "--refine", "off")
    assert understudy(monkeypatch, *asked, "--out", out) == 0
    assert str(out) in capsys.readouterr().out
    said = spoken("Hello, Bob.", "en-us+f3")
    film = Clip(out)
    frames = list(film.frames())
    assert len(frames) == pytest.approx(float(said.length_s * film.rate), abs=2)
    heard = np.concatenate(list(SoundFile(out).pieces()))
    assert np.abs(heard).max() > 0.05
    assert understudy(monkeypatch, *asked, "--out", out) == 1
    assert "--force" in capsys.readouterr().err


def test_without_espeak_it_says_what_to_install_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; sys.exit(3)")
    monkeypatch.setattr(module, "_PROGRAM", program)
    assert understudy(monkeypatch, "say", "Hello", "--out", tmp_path / "hello.mp4") == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "apt-get install espeak-ng" in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == [program]


@pytest.mark.slow
def test_a_sound_file_drives_a_portrait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, out = write_wav(tmp_path / "speech.wav", voiced(0.5)), tmp_path / "out.mp4"
    code = understudy(
        monkeypatch, "render", "--driving", sound, "--out", out, "--size", "256",
        "--refine", "off", "--no-idle",
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    with av.open(str(out)) as film:
        assert film.streams.audio
        assert sum(1 for _ in film.decode(video=0)) == 15
