"""The microphone of this machine: opened by FFmpeg, read in a thread of its own.

It may hang in somebody's driver like a camera; then the thread is given up. A microphone that goes
away leaves silence, and is opened again.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from threading import Event, Thread

import av
from av import AudioFrame, FFmpegError
from av.container import InputContainer

from engine.errors import MachineError
from stream.session.voice_lips import HearsSound

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
STOP_S = 1.0

MicrophoneOpener = Callable[[], InputContainer]


def open_microphone(
    *, system: str = sys.platform, opening: Callable[..., InputContainer] = av.open
) -> InputContainer:
    """The system's default microphone.

    Raises:
        MachineError: there is none that opens.
    """
    problem: Exception | None = None
    for driver, name in _places(system):
        try:
            container = opening(name, format=driver)
        except (OSError, FFmpegError, ValueError) as error:
            problem = error
            continue
        if container.streams.audio:
            return container
        container.close()
    reason = getattr(problem, "strerror", None) or problem or "none was found"
    raise MachineError(
        f"no microphone can be opened ({reason}). Connect one and choose it as the system's "
        "default, or take the lips from the clip's own sound with --source lips=sound."
    ) from problem


def _places(system: str) -> Iterator[tuple[str, str]]:
    """FFmpeg's driver and its name of the default microphone."""
    if system == "linux":
        yield from (("pulse", "default"), ("alsa", "default"))
    elif system == "darwin":
        yield "avfoundation", ":default"
    elif system == "win32":
        with suppress(ValueError, OSError):
            for device in av.enumerate_input_devices("dshow"):
                if "audio" in device.media_types:
                    yield "dshow", f"audio={device.name}"


class Microphone:
    """Puts what it hears into `sound`, from `start` to `stop`."""

    def __init__(
        self,
        sound: HearsSound,
        *,
        opener: MicrophoneOpener = open_microphone,
        again_s: float = AGAIN_S,
    ) -> None:
        """Open it, so that a mistake is told at once."""
        self._sound = sound
        self._opener = opener
        self._again_s = again_s
        self._first: InputContainer | None = opener()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="microphone", daemon=True)

    def start(self) -> None:
        """Let sound come."""
        self._thread.start()

    def stop(self) -> bool:
        """End the thread; False where it hangs in a driver."""
        self._stopping.set()
        if self._thread.ident is None:
            if self._first is not None:
                self._first.close()
            return True
        self._thread.join(STOP_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        container, self._first = self._first, None
        while not self._stopping.is_set():
            if container is not None:
                with closing(container):
                    self._read(container)
                if not self._stopping.is_set():
                    logger.warning("the microphone went away; waiting for it")
            if self._stopping.wait(self._again_s):
                return
            container = None
            with suppress(MachineError):
                container = self._opener()

    def _read(self, container: InputContainer) -> None:
        with suppress(FFmpegError, OSError):
            for frame in container.decode(audio=0):
                if self._stopping.is_set():
                    return
                self._hear(frame)

    def _hear(self, frame: AudioFrame) -> None:
        """A piece arrives when it is over."""
        lasts_ns = frame.samples * 1_000_000_000 // frame.sample_rate
        self._sound.put(frame, time.monotonic_ns() - lasts_ns)
