"""Finds cameras and opens what frames come from live: a camera, a network stream, a clip.

Only opened here; `stream/live/source.py` reads it, and opens it again when it dies.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import av
from av import FFmpegError
from av.container import InputContainer

from engine.errors import InputError, MachineError

URL_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https")
"""Anything else that looks like an address is refused: FFmpeg would open files and pipes by it."""
PROTOCOLS = ",".join((*URL_SCHEMES, "rtp", "srtp", "udp", "tcp", "tls", "crypto"))
HTTP_FORMATS = "mpjpeg,mjpeg,mpegts,flv,matroska,mov"
"""What a phone or network camera sends over HTTP; no playlists, which name other places."""
HTTP_LOOKS_S = 1.0
"""How much of an HTTP stream is looked at before it runs: Motion JPEG says nothing of its rate."""

OPEN_S, READ_S = 10.0, 5.0
"""How long a network stream may take to answer, and then between two frames."""

DRIVERS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""System -> FFmpeg's name of its camera input."""

Kind: TypeAlias = Literal["camera", "url", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One way to ask a camera for pictures."""

    size: str | None
    rate: int | None
    """Frames per second."""
    compressed: bool
    """MJPEG: over USB 2 a camera sends raw pictures of 1280 x 720 at 10 a second at most."""


WISHES = (
    Wish(size="1280x720", rate=60, compressed=True),
    Wish(size="1280x720", rate=30, compressed=True),
    Wish(size="640x480", rate=30, compressed=True),
    Wish(size="640x480", rate=30, compressed=False),
    Wish(size=None, rate=30, compressed=False),
    Wish(size=None, rate=None, compressed=False),
)
"""From best to least. More pixels than 720 lines show no more of a face that fills a third of
them; rate comes before size, since the delay is a frame. Linux drivers answer a wish with the
nearest they have, so there the first that opens is the best; elsewhere a wish is met or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where frames come from, as the user named it."""

    kind: Kind
    name: str
    """A device, an address, or a path."""

    def __str__(self) -> str:
        return f"the camera {self.name}" if self.kind == "camera" else without_secrets(self.name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A camera or network stream that gives packets; to be closed by whoever reads it."""

    container: InputContainer
    describes: str
    """For example `1280 x 720 mjpeg, 30 frames/s`."""
    is_camera: bool
    """Its clock is the system's, and every picture stands for itself."""


Opener: TypeAlias = Callable[[Place], Opened]
Opening: TypeAlias = Callable[..., InputContainer]
"""av.open, or a stand-in."""


def place_of(text: str, *, system: str = sys.platform, root: Path = Path("/")) -> Place:
    """What `--camera` means: auto, a device, an address, or a clip."""
    scheme, found, _ = text.partition("://")
    if found:
        if scheme.lower() not in URL_SCHEMES:
            known = ", ".join(f"{known}://" for known in URL_SCHEMES)
            raise InputError(f"{scheme}:// cannot be read live. Use {known} or a file.")
        return Place(kind="url", name=text)
    if text == "auto":
        return Place(kind="camera", name=first_camera(system=system, root=root))
    if system == "linux" and text.isdecimal():
        return Place(kind="camera", name=f"/dev/video{text}")
    if text.startswith("/dev/"):
        return Place(kind="camera", name=text)
    if Path(text).is_file():
        return Place(kind="file", name=text)
    if system == "linux":
        raise InputError(
            f"there is no camera or file {text}. Give auto, a device such as /dev/video0, "
            "a clip, or an rtsp://, rtmp:// or http:// address."
        )
    return Place(kind="camera", name=text)


def first_camera(*, system: str = sys.platform, root: Path = Path("/")) -> str:
    """The device of the first real camera; virtual ones are passed over."""
    if system == "linux":
        found = [camera.device for camera in linux_cameras(root) if not camera.is_virtual]
    else:
        found = _named_cameras(system)
    if not found:
        raise InputError(
            "no camera was found. Plug one in, close other programs that hold it, or name one "
            "with --camera; `understudy doctor` says what is wrong."
        )
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxCamera:
    """A video device as the kernel lists it."""

    device: str
    """Its path without any test root, such as /dev/video0."""
    name: str
    is_virtual: bool
    """Made by a module such as v4l2loopback: a place to show pictures, not to take them from."""


def linux_cameras(root: Path = Path("/")) -> list[LinuxCamera]:
    """Video devices by number, without the second node that a UVC camera has for metadata."""
    listed = []
    for entry in (root / "sys/class/video4linux").glob("video*"):
        number = entry.name.removeprefix("video")
        if number.isdecimal() and _text(entry / "index", default="0") == "0":
            camera = LinuxCamera(
                device=f"/dev/{entry.name}",
                name=_text(entry / "name", default=entry.name),
                is_virtual="/devices/virtual/" in str(entry.resolve()),
            )
            listed.append((int(number), camera))
    return [camera for _, camera in sorted(listed, key=lambda pair: pair[0])]


def open_place(place: Place, *, system: str = sys.platform, opening: Opening = av.open) -> Opened:
    """Open a camera or a network stream; the error says what to do."""
    if place.kind == "url":
        return _open_url(place.name, opening)
    driver = DRIVERS.get(system)
    if driver is None:
        raise MachineError(f"cameras are not known on {system}. Use a file or an address.")
    return _open_camera(place.name, driver, opening)


def without_secrets(url: str) -> str:
    """The address without user and password, for messages."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else url


def wish_options(driver: str, wish: Wish) -> dict[str, str]:
    """A wish in FFmpeg's words."""
    options: dict[str, str] = {}
    if wish.size is not None:
        options["video_size"] = wish.size
    if wish.rate is not None:
        options["framerate"] = str(wish.rate)
    if wish.compressed and driver != "avfoundation":  # which names raw formats only
        options["vcodec" if driver == "dshow" else "input_format"] = "mjpeg"
    if driver == "dshow":
        options["rtbufsize"] = "64M"
    return options


def _open_camera(device: str, driver: str, opening: Opening) -> Opened:
    problem: Exception | None = None
    for wish in _wishes(driver):
        try:
            container = opening(
                f"video={device}" if driver == "dshow" else device,
                format=driver,
                options=wish_options(driver, wish),
            )
        except (OSError, FFmpegError, ValueError) as error:
            problem = error
            if isinstance(error, FileNotFoundError | PermissionError):
                break
            continue
        with_picture = container.streams.video
        if with_picture:
            return Opened(container=container, describes=_describe(container), is_camera=True)
        container.close()
    raise _camera_error(device, problem) from problem


def _wishes(driver: str) -> Iterator[Wish]:
    """Wishes that differ in this driver's words."""
    seen: list[dict[str, str]] = []
    for wish in WISHES:
        options = wish_options(driver, wish)
        if options not in seen:
            seen.append(options)
            yield wish


def _camera_error(device: str, problem: Exception | None) -> MachineError:
    reason = getattr(problem, "strerror", None) or "it gives no pictures"
    match problem:
        case FileNotFoundError():
            advice = "Plug it in, or choose another with --camera."
        case PermissionError():
            advice = "Let yourself use cameras: sudo usermod -aG video $USER, then log in again."
        case _:
            advice = "Close other programs that use it; `understudy doctor` says more."
    return MachineError(f"the camera {device} cannot be opened ({reason}). {advice}")


def _open_url(url: str, opening: Opening) -> Opened:
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()  # FFmpeg knows no other way to write it
    options = {"fflags": "nobuffer", "flags": "low_delay", "protocol_whitelist": PROTOCOLS}
    if scheme.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    elif scheme.startswith("http"):
        options["format_whitelist"] = HTTP_FORMATS
        options["analyzeduration"] = str(round(HTTP_LOOKS_S * 1e6))
    try:
        container = opening(f"{scheme}://{rest}", options=options, timeout=(OPEN_S, READ_S))
    except (OSError, FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{without_secrets(url)} cannot be opened ({reason}). "
            "Check the address and that the sender is running."
        ) from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{without_secrets(url)} sends no video. Check what its sender sends.")
    return Opened(container=container, describes=_describe(container), is_camera=False)


def _describe(container: InputContainer) -> str:
    stream = container.streams.video[0]
    rate = stream.average_rate
    stated = f", {float(rate):g} frames/s stated" if rate else ""
    return f"{stream.width} x {stream.height} {stream.name}{stated}"


def _named_cameras(system: str) -> list[str]:
    """Cameras of macOS and Windows by FFmpeg's own list."""
    listed: Sequence[av.DeviceInfo] = []
    with suppress(ValueError, OSError):
        listed = av.enumerate_input_devices(DRIVERS.get(system, ""))
    return [
        device.name
        for device in listed
        if "video" in device.media_types and "virtual" not in device.description.lower()
    ]


def _text(path: Path, *, default: str) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return default
