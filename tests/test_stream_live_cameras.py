"""What a user names is what is opened, asked for its best first; errors say what to do."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import av
import pytest

from engine.errors import InputError, MachineError
from stream.live.cameras import (
    WISHES,
    Place,
    first_camera,
    linux_cameras,
    open_place,
    place_of,
    wish_options,
)
from tests.devices_made import make_device


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_device(tmp_path, 10, "Second Webcam")
    make_device(tmp_path, 3, "Metadata", index=1)
    make_device(tmp_path, 2, "Webcam")
    make_device(tmp_path, 0, "Understudy", is_virtual=True)
    return tmp_path


def test_cameras_are_listed_by_number_without_metadata_nodes(root: Path) -> None:
    assert [(camera.device, camera.is_virtual) for camera in linux_cameras(root)] == [
        ("/dev/video0", True),
        ("/dev/video2", False),
        ("/dev/video10", False),
    ]


def test_auto_is_the_first_camera_that_is_not_virtual(root: Path) -> None:
    assert place_of("auto", system="linux", root=root) == Place(kind="camera", name="/dev/video2")


def test_no_camera_at_all_is_an_error_that_names_the_doctor(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="understudy doctor"):
        first_camera(system="linux", root=tmp_path)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("3", "camera", "/dev/video3"),
        ("/dev/video3", "camera", "/dev/video3"),
        ("rtsp://10.0.0.7:8554/cam", "url", "rtsp://10.0.0.7:8554/cam"),
        ("RTMPS://host/app", "url", "RTMPS://host/app"),
        ("http://10.0.0.8:8080/video", "url", "http://10.0.0.8:8080/video"),
    ],
)
def test_places_are_told_apart(text: str, kind: str, name: str) -> None:
    assert place_of(text, system="linux") == Place(kind=kind, name=name)  # type: ignore[arg-type]


def test_a_file_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    assert place_of(str(path), system="linux").kind == "file"
    with pytest.raises(InputError, match="no camera or file"):
        place_of(str(tmp_path / "gone.mp4"), system="linux")


def test_elsewhere_a_camera_has_a_name() -> None:
    assert place_of("FaceTime HD Camera", system="darwin").kind == "camera"


@pytest.mark.parametrize("text", ["ftp://host/x", "file:///etc/passwd", "concat://a"])
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read live"):
        place_of(text, system="linux")


class Recorder:
    """Stands in for av.open: refuses what a test says, and remembers what it was asked."""

    def __init__(self, refused: int, error: OSError | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._refused = refused
        self._error = error or OSError(22, "Invalid argument")

    def __call__(self, name: str, **settings: object) -> Any:  # noqa: ANN401 (PyAV's container)
        self.asked.append({"name": name, **settings})
        if len(self.asked) <= self._refused:
            raise self._error
        stream = SimpleNamespace(width=1280, height=720, name="mjpeg", average_rate=30)
        return SimpleNamespace(streams=SimpleNamespace(video=[stream]), close=lambda: None)


def test_mjpeg_at_the_best_rate_is_asked_for_first() -> None:
    opening = Recorder(refused=0)
    opened = open_place(Place(kind="camera", name="/dev/video2"), system="linux", opening=opening)
    assert opening.asked == [
        {
            "name": "/dev/video2",
            "format": "v4l2",
            "options": {"video_size": "1280x720", "framerate": "60", "input_format": "mjpeg"},
        }
    ]
    assert opened.is_camera
    assert opened.describes == "1280 x 720 mjpeg, 30 frames/s stated"


def test_a_camera_that_refuses_is_asked_for_less_until_it_agrees() -> None:
    opening = Recorder(refused=len(WISHES) - 1)
    open_place(Place(kind="camera", name="Webcam"), system="win32", opening=opening)
    assert opening.asked[0]["name"] == "video=Webcam"
    assert opening.asked[0]["options"]["vcodec"] == "mjpeg"
    assert opening.asked[-1]["options"] == {"rtbufsize": "64M"}


def test_the_same_wish_is_not_tried_twice() -> None:
    opening = Recorder(refused=99)
    with pytest.raises(MachineError):
        open_place(Place(kind="camera", name="0"), system="darwin", opening=opening)
    options = [tuple(asked["options"].items()) for asked in opening.asked]
    assert len(options) == len(set(options))
    assert all("input_format" not in dict(asked) for asked in options)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (PermissionError(13, "Permission denied"), "usermod -aG video"),
        (FileNotFoundError(2, "No such file"), "Plug it in"),
        (OSError(16, "Device or resource busy"), "Close other programs"),
    ],
)
def test_a_camera_that_cannot_be_opened_says_why_and_what_to_do(
    error: OSError, advice: str
) -> None:
    opening = Recorder(refused=99, error=error)
    with pytest.raises(MachineError, match=advice) as raised:
        open_place(Place(kind="camera", name="/dev/video2"), system="linux", opening=opening)
    assert str(error.strerror) in str(raised.value)
    if error.errno != 16:
        assert len(opening.asked) == 1, "asking for less would not help"


def test_an_address_is_opened_with_a_limit_of_time_and_protocols() -> None:
    opening = Recorder(refused=0)
    opened = open_place(Place(kind="url", name="rtsp://host/x"), opening=opening)
    asked = opening.asked[0]
    assert asked["options"]["rtsp_transport"] == "tcp"
    assert "file" not in asked["options"]["protocol_whitelist"].split(",")
    assert all(limit > 0 for limit in asked["timeout"])
    assert not opened.is_camera


@pytest.mark.parametrize("scheme", ["RTSP", "Rtsps", "RTMP", "HTTP"])
def test_a_scheme_may_be_written_large(scheme: str) -> None:
    opening = Recorder(refused=0)
    open_place(Place(kind="url", name=f"{scheme}://Me:PassWord@host/X"), opening=opening)
    assert opening.asked[0]["name"] == f"{scheme.lower()}://Me:PassWord@host/X"


def test_over_http_no_playlist_is_followed() -> None:
    """It would name other places, which FFmpeg then opens."""
    opening = Recorder(refused=0)
    open_place(Place(kind="url", name="http://host/x.m3u8"), opening=opening)
    options = opening.asked[0]["options"]
    assert not {"hls", "concat", "dash"} & set(options["format_whitelist"].split(","))
    assert "file" not in options["protocol_whitelist"].split(",")


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("rtsp", b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"),
        ("rtsp", b"RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n\0\1\2"),
        ("rtmp", b"\x03" + bytes(3000)),
        ("http", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
    ],
)
def test_a_server_that_answers_nonsense_is_an_error_in_one_line(scheme: str, answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(InputError, match="cannot be opened") as raised:
        open_place(Place(kind="url", name=f"{scheme}://127.0.0.1:{port}/x"))
    assert "\n" not in str(raised.value)


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that says the same to everybody and hangs up; its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


def test_messages_do_not_repeat_a_password() -> None:
    opening = Recorder(refused=9, error=OSError(111, "Connection refused"))
    with pytest.raises(InputError, match="Connection refused") as raised:
        open_place(Place(kind="url", name="rtsp://me:secret@host/x"), opening=opening)
    assert "secret" not in str(raised.value)
    assert str(Place(kind="url", name="rtsp://me:secret@host/x")) == "rtsp://host/x"


def test_every_option_is_one_that_ffmpeg_knows() -> None:
    """The device does not exist, which is found only after the options were read."""
    for wish in WISHES:
        with pytest.raises(FileNotFoundError):
            av.open("/dev/video987", format="v4l2", options=wish_options("v4l2", wish))
