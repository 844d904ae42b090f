"""The whole of `understudy live`: a clip or a made camera in, a made virtual camera, files out."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError, MachineError, OutputError
from engine.frame import Frame, Pixels
from engine.rig.model import RigModel
from engine.rig.motion.mixer import RigMixer
from engine.slot import LatestSlot
from stream.cli import main
from stream.cli.live import VIRTUAL_CAMERA
from stream.files.motion_reader import load_motion
from stream.live.cameras import Opened, Place
from stream.live.job import LiveJob, LiveReport
from stream.live.preview import Preview
from stream.live.run import live
from tests.camera_fake import FakeContainer, opened
from tests.fakes import DiscTracker, ShiftedPortrait, ShiftModel, disc_picture
from tests.nodding import NoddingTracker
from tests.video_files import make_clip, pictures_of
from tests.virtual_camera_fake import FakeBackend

pyvirtualcam = pytest.importorskip("pyvirtualcam", reason="the extra `camera` is not installed")

NAMES = ("portrait.png", "other.png")


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"fake": FakeBackend})
    monkeypatch.setattr(FakeBackend, "made", [])
    monkeypatch.setattr(FakeBackend, "is_there", True)
    monkeypatch.setattr(FakeBackend, "fails_after", None)


@pytest.fixture
def portraits(tmp_path: Path) -> list[Path]:
    """Two portraits, of different shape, the disc in their middle."""
    paths = [tmp_path / name for name in NAMES]
    Image.fromarray(disc_picture(384, 256, (192, 128))).save(paths[0])
    Image.fromarray(disc_picture(300, 300, (150, 150), 30)).save(paths[1])
    return paths


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A disc that stands for 0.2 s and then walks 60 pixels to the right in 1 s."""
    walk = [disc_picture(320, 256, (160 + 2 * max(index - 6, 0), 128)) for index in range(36)]
    return make_clip(tmp_path / "clip.mp4", walk)


@dataclass
class Script:
    """Keys pressed one after another, each when its moment has come."""

    steps: list[tuple[Callable[[], bool], str]]
    waits: list[float] = field(default_factory=list)

    def poll(self, timeout_s: float) -> str | None:
        time.sleep(0.005)
        if self.steps and self.steps[0][0]():
            return self.steps.pop(0)[1]
        return None


def job(clip: Path | str, portraits: list[Path], **settings: object) -> LiveJob:
    asked = {"camera": str(clip), "portraits": portraits, "size": 256, **settings}
    return LiveJob(**asked)  # type: ignore[arg-type]


def run(
    asked: LiveJob,
    *,
    keys: Script | None = None,
    said: list[str] | None = None,
    stop: Event | None = None,
    **settings: object,
) -> LiveReport:
    lines = said if said is not None else []
    return live(
        asked,
        model=ShiftModel(),
        make_tracker=DiscTracker,
        keys=keys or Script([]),
        say=lines.append,
        stop=stop or Event(),
        **settings,  # type: ignore[arg-type]
    )


def places(pictures: list[np.ndarray]) -> list[float]:
    """How far to the right of its place the disc is in each picture."""
    found = [DiscTracker().find(picture) for picture in pictures]
    return [float(face.landmarks[468, 0]) - 192 for face in found if face is not None]


def seen() -> list[float]:
    return places(list(FakeBackend.made[-1].pictures()))


@pytest.mark.slow
def test_a_clip_goes_to_the_virtual_camera_and_to_a_file_at_once(
    portraits: list[Path], clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    report = run(job(clip, portraits, virtual_camera="auto", out=out))
    assert report.frames + report.drops == 36
    assert report.written > 20
    shown = seen()
    assert shown[0] == pytest.approx(0, abs=1)
    assert shown[-1] == pytest.approx(58, abs=2)
    assert all(later >= sooner - 1.5 for sooner, later in pairwise(shown))
    film = pictures_of(out)
    assert len(film) == report.written
    assert film[-1][0] == pytest.approx(35 / 30, abs=0.15), "at the times of capture"
    assert places([film[-1][1]])[0] == pytest.approx(58, abs=2)
    assert FakeBackend.made[-1].is_closed


@pytest.mark.slow
def test_keys_act_on_the_stream(portraits: list[Path], clip: Path) -> None:
    """Pause holds the picture; the second portrait has the first one's size; q ends it."""
    said: list[str] = []

    def after(count: int) -> Callable[[], bool]:
        return lambda: bool(FakeBackend.made) and len(FakeBackend.made[-1].sent) > count

    keys = Script(
        [
            (after(20), "2"),
            (after(40), "p"),
            (after(60), "e"),
            (after(61), "c"),
            (after(62), "7"),
            (after(63), "h"),
            (after(64), "v"),
            (after(65), "?"),
            (after(66), "*"),
            (after(70), "q"),
        ]
    )
    run(job(clip, portraits, virtual_camera="auto", loop=True), keys=keys, said=said)
    assert not keys.steps, "q was reached"
    told = "\n".join(said)
    for words in (
        "virtual camera: fake",
        "source: 320 x 256 clip, 30 frames/s",
        "portrait 2",
        "paused",
        "mode: expression",
        "neutral",
        "there is no portrait 7: 2 given",
        "only the rig's head",
        "latency p50",
        "keys: c recalibrate",
    ):
        assert words in told
    pictures = FakeBackend.made[-1].pictures()
    assert {picture.shape for picture in pictures} == {(256, 384, 3)}
    assert pictures[-1][:, :20].max() < 30, "the square portrait has black beside it"
    for picture in pictures[-15:]:
        np.testing.assert_array_equal(picture, pictures[-1], "paused")


def test_the_rigs_head_can_be_frozen_and_its_eyes_held(
    portraits: list[Path], clip: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    mixer = RigMixer()
    keys = Script([(lambda: True, key) for key in "hghgxxq"])
    run(job(clip, portraits, out=tmp_path / "o.mp4", loop=True), keys=keys, said=said, mixer=mixer)
    for words in ("head frozen", "eyes on the camera", "head moves", "eyes follow yours"):
        assert words in said
    assert said.index("output mirrored") < said.index("output not mirrored")


@pytest.mark.slow
def test_a_camera_that_dies_and_returns_does_not_end_the_stream(portraits: list[Path]) -> None:
    """Its pictures show a disc: at 100 before it died, at 130 afterwards."""

    def disc(x: int) -> Pixels:
        return disc_picture(160, 120, (x, 60))

    tries: Iterator[FakeContainer | None] = iter(
        [
            FakeContainer([100] * 20, interval_s=0.02, paint=disc),
            None,
            FakeContainer([130] * 100_000, interval_s=0.02, paint=disc),
        ]
    )

    def opener(place: Place) -> Opened:
        container = next(tries)
        if container is None:
            raise MachineError("not there")
        return opened(container)

    stop = Event()
    keys = Script([(lambda: bool(FakeBackend.made) and max(seen()[-3:] or [0]) > 25, "q")])
    report = run(
        job("/dev/video7", portraits, virtual_camera="auto"), keys=keys, stop=stop, opener=opener
    )
    assert report.returns == 1
    shown = seen()
    assert len(shown) == len(FakeBackend.made[-1].sent), "a portrait in every picture: no flash"
    assert shown[-1] == pytest.approx(30, abs=2)


@pytest.mark.slow
def test_the_motion_is_recorded(tmp_path: Path) -> None:
    from tests.faces_made import textured

    Image.fromarray(textured(256)).save(tmp_path / "portrait.png")
    greys = [np.full((64, 64, 3), 100 + 4 * index, np.uint8) for index in range(12)]
    clip = make_clip(tmp_path / "greys.mp4", greys, rate=10)
    recorded = tmp_path / "motion.npz"
    report = live(
        job(clip, [tmp_path / "portrait.png"], record_motion=recorded),
        model=RigModel(),
        make_tracker=NoddingTracker,
        mixer=RigMixer(),
        keys=Script([]),
        say=lambda line: None,
        stop=Event(),
    )
    recording = load_motion(recorded)
    assert recording.frames == report.recorded == report.frames > 5
    assert recording.rate == 10
    last = recording.motion(recording.frames - 1)
    assert last is not None
    assert last.offsets[152, 1] < -0.5, "the chin falls"


def test_nothing_to_show_is_refused(portraits: list[Path], clip: Path) -> None:
    with pytest.raises(InputError, match="--virtual-camera, --preview or --out"):
        run(job(clip, portraits))


def test_more_portraits_than_keys_are_refused(portraits: list[Path], clip: Path) -> None:
    with pytest.raises(InputError, match="10 were given"):
        run(job(clip, portraits * 5, virtual_camera="auto"))


def test_the_output_may_not_be_the_source(portraits: list[Path], clip: Path) -> None:
    before = clip.read_bytes()
    with pytest.raises(OutputError, match="read by this run itself"):
        run(job(clip, portraits, out=clip, force=True))
    assert clip.read_bytes() == before


def test_a_missing_virtual_camera_ends_it_before_anything_runs(
    portraits: list[Path], clip: Path, tmp_path: Path
) -> None:
    FakeBackend.is_there = False
    with pytest.raises(MachineError, match="understudy doctor"):
        run(job(clip, portraits, virtual_camera="auto", out=tmp_path / "out.mp4"))
    assert not list(tmp_path.glob("*out*"))


def test_a_portrait_without_a_face_is_refused(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    Image.fromarray(disc_picture(300, 300, None)).save(path)
    with pytest.raises(InputError, match=r"no face was found in the portrait .*empty\.png"):
        run(job(clip, [path], virtual_camera="auto"))


def test_a_mode_that_the_portrait_cannot_be_shown_in_ends_it_before_anything_runs(
    portraits: list[Path], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShiftModel, "enroll", lambda *_: ExpressionsOnly())
    with pytest.raises(InputError, match=r"neck would break\. Use --frame face"):
        run(job(clip, portraits, virtual_camera="auto", out=tmp_path / "out.mp4"))
    assert not list(tmp_path.glob("*out*"))
    assert not FakeBackend.made


class ExpressionsOnly(ShiftedPortrait):
    """As of a head that cannot be put back into its picture."""

    def __init__(self) -> None:
        super().__init__(
            picture=disc_picture(384, 256, (192, 128)), modes=frozenset({"expression"})
        )


PLAIN = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "TERM": "dumb"}


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.run_with_fakes", "0", "live", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=PLAIN,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_the_file_valid(
    portraits: list[Path], clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out.mp4"
    process = start("--camera", clip, "--loop", "--portrait", portraits[0], "--out", out)
    assert process.stderr is not None
    while not process.stderr.readline().startswith("keys:"):
        assert process.poll() is None, "it ended too early"
    time.sleep(1.0)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert stdout.strip() == str(out)
    assert " dropped" in stderr
    assert "Traceback" not in stderr
    assert len(pictures_of(out)) > 3
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_a_killed_recording_plays_to_its_last_second_and_the_next_start_says_where(
    portraits: list[Path], clip: Path, tmp_path: Path
) -> None:
    arguments = ("--camera", clip, "--portrait", portraits[0], "--out", tmp_path / "out.mp4")
    process = start(*arguments, "--loop")
    left = tmp_path / "out.unfinished.mp4"
    until = time.monotonic() + 60
    while not left.exists() or left.stat().st_size < 8192:
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert len(pictures_of(left)) > 3
    _, stderr = start(*arguments).communicate(timeout=60)
    assert f"note: {left} was left by a run that broke off" in stderr
    assert (tmp_path / "out.mp4").exists()


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.argv[:1] = ["fakes", "0"]
runpy.run_module("tests.run_with_fakes", run_name="__main__")
"""


@pytest.mark.slow
def test_a_full_disk_ends_it_with_what_was_written_and_says_so(
    portraits: list[Path], clip: Path, tmp_path: Path
) -> None:
    """A limit on the size of files fails as a full disk does."""
    arguments = ["--camera", clip, "--loop", "--portrait", portraits[0]]
    command = [sys.executable, "-c", LIMITED, "live", *arguments, "--out", tmp_path / "out.mp4"]
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=PLAIN,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    left = tmp_path / "out.unfinished.mp4"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: cannot write ")
    assert "File too large" in last
    assert str(left) in last
    assert len(pictures_of(left)) > 3
    assert "Traceback" not in done.stderr


def test_whatever_fails_in_the_files_thread_the_recording_is_not_passed_over(
    portraits: list[Path], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(writer: object, frame: Frame) -> None:
        raise RuntimeError("no such thing was foreseen")

    monkeypatch.setattr("stream.files.clip_writer.ClipWriter.write", fails)
    with pytest.raises(OutputError, match=r"out\.mp4.*no such thing was foreseen"):
        run(job(clip, portraits, out=tmp_path / "out.mp4", loop=True))


@pytest.mark.parametrize(
    ("arguments", "device"),
    [
        ([VIRTUAL_CAMERA], "auto"),
        ([VIRTUAL_CAMERA, "--loop"], "auto"),
        ([VIRTUAL_CAMERA, "/dev/video9"], "/dev/video9"),
        ([], None),
    ],
)
def test_the_virtual_camera_may_be_named_or_not(
    arguments: list[str], device: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.main import get_command

    from stream.cli.live import app

    context = get_command(app).make_context("live", list(arguments))
    assert context.params["virtual_camera"] == device


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen in memory."""
    pytest.importorskip("tkinter")
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed")
    ours, theirs = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(theirs), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[theirs],
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    number = os.read(ours, 16).decode().strip()
    monkeypatch.setenv("DISPLAY", f":{number}")
    yield
    server.terminate()
    server.wait(10)
    os.close(ours)  # not before: the server writes the number and the line's end by two calls


@pytest.mark.slow
def test_the_preview_shows_the_newest_result_mirrored(screen: None) -> None:
    slot: LatestSlot[Frame] = LatestSlot()
    pressed: list[str] = []
    shown: list[Frame] = []
    still = np.full((64, 96, 3), 30, np.uint8)
    window = Preview(slot, still, on_key=pressed.append, on_shown=shown.append)
    assert window._image.get(5, 5) == (30, 30, 30)
    picture = still.copy()
    picture[:, :48] = (200, 10, 20)
    for _ in range(3):
        slot.put(Frame(pixels=picture, captured_ns=0))
        window.update()
    assert len(shown) == 3
    assert window._image.get(5, 5) == (30, 30, 30)
    assert window._image.get(90, 5) == (200, 10, 20)
    window.is_mirrored = False
    slot.put(Frame(pixels=picture, captured_ns=0))
    window.update()
    assert window._image.get(5, 5) == (200, 10, 20)
    window._window.focus_force()
    window._window.event_generate("<Key>", keysym="p")
    window.update()
    assert pressed == ["p"]
    window.close()
    window.close()
    assert not window.is_open


def test_without_a_screen_the_preview_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tkinter")
    if sys.platform != "linux":
        pytest.skip("only X11 can be missing")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(MachineError, match="Leave out --preview"):
        Preview(LatestSlot(), np.zeros((8, 8, 3), np.uint8))


def test_a_file_that_was_asked_for_and_got_no_picture_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A camera that never gave anything: whoever asked for the recording learns it by the code."""
    nothing = LiveReport(frames=0, drops=0, written=0, recorded=3, returns=0)
    monkeypatch.setattr("stream.live.run.live", lambda job, **others: nothing)
    out, motion = tmp_path / "out.mp4", tmp_path / "out.npz"
    arguments = ["live", "--out", str(out), "--record-motion", str(motion), "--refine", "off"]
    monkeypatch.setattr(sys, "argv", ["understudy", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.out.strip() == str(motion)
    assert printed.err.splitlines()[-1].startswith(f"error: nothing was written to {out}: ")
