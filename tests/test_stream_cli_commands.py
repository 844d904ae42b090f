"""The command line as a user meets it: help at once, one line per error, Ctrl-C keeps the work."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from engine.framing import FRAMINGS, SIZE_LIMITS
from stream.cli import main
from stream.cli.commands import COMMANDS
from stream.cli.lazy_group import LazyCommand
from tests.fakes import disc_picture
from tests.video_files import click, make_clip, pictures_of

PLAIN = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "TERM": "dumb"}


def understudy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.run_with_fakes", "0", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=PLAIN, timeout=60
    )


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(disc_picture(384, 256, (192, 128))).save(path)
    return path


@pytest.fixture
def driving(tmp_path: Path) -> Path:
    walk = [disc_picture(320, 256, (160 + 2 * index, 128)) for index in range(20)]
    return make_clip(tmp_path / "driving.mp4", walk, sound=click(0.6, 0.2))


def outputs(folder: Path) -> list[str]:
    """Everything but the inputs, hidden files too."""
    return sorted(
        path.name for path in folder.iterdir() if path.name not in ("portrait.png", "driving.mp4")
    )


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['understudy', '--help']\n"
        "from stream.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'openvino', 'av', 'cv2', 'numpy', 'onnx'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=PLAIN
    )
    assert done.returncode == 0, done.stderr
    assert "Render a portrait" in done.stdout


def test_every_command_of_the_list_is_really_there() -> None:
    for command in COMMANDS:
        opened = LazyCommand(command).load()
        assert opened.name == command.name
        assert opened.help


def test_the_help_of_render_names_units_and_defaults() -> None:
    shown = " ".join(understudy("render", "--help").stdout.replace("│", " ").split())
    low, high = SIZE_LIMITS
    for words in (
        "in pixels",
        f"{low}<=x<={high}",
        "[default: 512]",
        f"<{'|'.join(FRAMINGS)}>",
        "counted from 0",
        "Ctrl-C",
    ):
        assert words in shown


def test_rendering_prints_the_path_first(portrait: Path, driving: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    done = understudy(
        *("render", "--portrait", portrait, "--driving", driving, "--out", out, "--size", "256")
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == str(out)
    assert lines[1].startswith("20 frames in ")
    assert [line.split()[0] for line in lines[-5:]] == [
        *("decode", "find", "read", "render", "encode")
    ]
    assert done.stderr == ""
    assert len(pictures_of(out)) == 20


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "--out"),
        (("--out", "a.mp4", "--gain", "lip=2"), "unknown factor 'lip'"),
        (("--out", "a.mp4", "--gain", "lips"), "NAME=GAIN"),
        (("--out", "a.mp4", "--gain", "lips=9"), "must lie in [0, 4]"),
        (("--out", "a.mp4", "--size", "200"), "256"),
        (("--out", "a.mp4", "--size", "301"), "must be even"),
        (("--out", "a.mp4", "--mouth", "generic"), "'generic' is not one of"),
        (("--out", "a.mp4", "--mouth", "drawn", "--driver-teeth"), "--mouth auto"),
        (("--out", "a.mp4", "--mode", "smile"), "smile"),
        (("--out", "a.mp4", "--neutral", "-3"), "auto or a frame number"),
        (("--out", "a.mp4", "--turbo"), "--turbo"),
    ],
)
def test_a_mistyped_line_is_a_usage_error(
    arguments: tuple[str, ...],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", "render", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert complaint in " ".join(shown.err.replace("│", " ").split())
    assert shown.out == ""


def test_a_file_that_is_missing_is_one_line(portrait: Path, tmp_path: Path) -> None:
    done = understudy(
        *("render", "--portrait", portrait, "--driving", tmp_path / "gone.mp4"),
        *("--out", tmp_path / "out.mp4"),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no file ")
    assert len(done.stderr.splitlines()) == 1
    assert outputs(tmp_path) == []


def test_an_output_that_exists_is_kept(portrait: Path, driving: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    arguments = ("render", "--portrait", portrait, "--driving", driving, "--out", out)
    done = understudy(*arguments)
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert out.read_bytes() == b"mine"
    assert understudy(*arguments, "--force").returncode == 0
    assert len(pictures_of(out)) == 20


def test_notes_are_one_line_each(portrait: Path, driving: Path, tmp_path: Path) -> None:
    done = understudy(
        *("render", "--portrait", portrait, "--driving", driving, "--out", tmp_path / "out.mp4"),
        *("--size", "512"),
    )
    assert done.returncode == 0
    assert done.stderr.startswith("note: the portrait's picture is 384 x 256 pixels")
    assert len(done.stderr.splitlines()) == 1


def start(delay_s: float | str, portrait: Path, driving: Path, out: Path) -> subprocess.Popen[str]:
    """A render to which each frame takes so long; see `run_with_fakes`."""
    arguments = ["render", "--portrait", portrait, "--driving", driving, "--out", out]
    command = [sys.executable, "-m", "tests.run_with_fakes", delay_s, *arguments]
    return subprocess.Popen(
        [*map(str, command), "--size", "256", "--neutral", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=PLAIN,
    )


def wait_for_part(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until the render has begun to write."""
    for _ in range(600):
        if list(folder.glob("out.unfinished.mp4")):
            return
        time.sleep(0.05)
    process.kill()
    process.communicate()
    raise AssertionError(f"nothing was begun in {folder}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_leaves_a_valid_shorter_file(
    portrait: Path, tmp_path: Path, number: signal.Signals
) -> None:
    walk = [disc_picture(320, 256, (100 + index, 128)) for index in range(120)]
    driving = make_clip(tmp_path / "driving.mp4", walk, sound=click(4.0, 0.1))
    process = start(0.05, portrait, driving, tmp_path / "out.mp4")
    wait_for_part(tmp_path, process)
    time.sleep(0.6)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "stopped early" in stderr
    found = pictures_of(tmp_path / "out.mp4")
    assert 2 < len(found) < 110
    assert stdout.splitlines()[1].startswith(f"{len(found)} frames")
    assert outputs(tmp_path) == ["out.mp4"]


@pytest.mark.slow
def test_a_second_ctrl_c_breaks_off_and_leaves_nothing(portrait: Path, tmp_path: Path) -> None:
    """While the tracker hangs, the first request cannot be met; the second need not wait."""
    walk = [disc_picture(320, 256, (100 + index, 128)) for index in range(120)]
    driving = make_clip(tmp_path / "driving.mp4", walk)
    process = start("4@20", portrait, driving, tmp_path / "out.mp4")
    assert process.stderr is not None
    assert any(line.strip() == "slow" for line in process.stderr)
    wait_for_part(tmp_path, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert outputs(tmp_path) == []


@pytest.mark.slow
def test_a_killed_render_leaves_what_it_had_and_the_next_one_says_where(
    portrait: Path, driving: Path, tmp_path: Path
) -> None:
    walk = [disc_picture(320, 256, (100 + index, 128)) for index in range(120)]
    long = make_clip(tmp_path / "long.mp4", walk, sound=click(4.0, 0.1))
    process = start(0.02, portrait, long, tmp_path / "out.mp4")
    wait_for_part(tmp_path, process)
    left = tmp_path / "out.unfinished.mp4"
    while left.stat().st_size < 8192:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    long.unlink()
    assert outputs(tmp_path) == [left.name]
    found = pictures_of(left)
    assert len(found) >= 10
    done = understudy(
        *("render", "--portrait", portrait, "--driving", driving, "--out", tmp_path / "out.mp4"),
        *("--size", "256"),
    )
    assert done.returncode == 0, done.stderr
    assert f"note: {left} was left by a run that broke off" in done.stderr
    assert outputs(tmp_path) == ["out.mp4", left.name]
    assert len(pictures_of(left)) == len(found)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
@pytest.mark.parametrize("name", [b"caf\xe9.mp4", "日本.mp4".encode(), b"2024-05-01T12:30.mp4"])
def test_any_name_is_written_and_printed(
    portrait: Path, driving: Path, tmp_path: Path, name: bytes, encoding: str
) -> None:
    out = tmp_path / os.fsdecode(name)
    command = [sys.executable, "-m", "tests.run_with_fakes", "0", "render", "--out", str(out)]
    done = subprocess.run(
        [*command, "--portrait", str(portrait), "--driving", str(driving), "--size", "256"],
        capture_output=True,
        check=False,
        env={**PLAIN, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    assert outputs(tmp_path) == [out.name]
    if encoding == "utf-8":
        assert done.stdout.splitlines()[0] == os.fsencode(out)


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        (Path("/proc/out.mp4"), "cannot write /proc/out.mp4"),
        (Path("a" * 252 + ".mp4"), "File name too long. Choose a shorter name."),
        (Path("é" * 128 + ".mp4"), "File name too long. Choose a shorter name."),
    ],
)
@pytest.mark.parametrize("command", ["render", "live"])
def test_a_place_that_cannot_be_written_is_one_line_at_once(
    portrait: Path, driving: Path, tmp_path: Path, out: Path, reason: str, command: str
) -> None:
    driver = "--driving" if command == "render" else "--camera"
    done = understudy(command, "--portrait", portrait, driver, driving, "--out", tmp_path / out)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write ")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "sound" not in done.stderr
    assert done.stdout == ""


def test_a_terminal_gets_a_progress_bar(portrait: Path, driving: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = ["--portrait", portrait, "--driving", driving, "--out", tmp_path / "out.mp4"]
    command = [sys.executable, "-m", "tests.run_with_fakes", "0.02", "render", *arguments]
    process = subprocess.Popen(
        [*map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait(timeout=30) == 0
    text = shown.decode(errors="replace")
    assert "rendering" in text
    assert "/20" in text
    assert "frames/s" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--frame", "head"), "'head' is not one of 'full', 'face'"),
        (("--mode", "all"), "'all' is not one of"),
        (("--size", "100"), "must be at least 256"),
        (("--size", "5000"), "must be at most 1080"),
        (("--size", "large"), "must be a whole number"),
    ],
)
def test_a_value_that_cannot_be_meant_is_answered_in_plain_words(
    arguments: tuple[str, str], words: str
) -> None:
    done = understudy("render", "--out", "x.mp4", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Value error" not in done.stderr
    assert "Input should" not in done.stderr


def test_pythons_own_warnings_reach_no_user() -> None:
    code = (
        "import sys, warnings, typer, stream.cli, stream.cli.commands\n"
        "@stream.cli.commands.app.command('grumble')\n"
        "def grumble() -> None: warnings.warn('for programmers', UserWarning)\n"
        "sys.argv = ['understudy', 'grumble']; stream.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=PLAIN
    )
    assert (done.returncode, done.stderr) == (0, "")
