"""Records what a live stream shows into a clip, in a thread of its own, never in the stream's way.

The file has the pictures' times of capture, so a stream whose rate varies plays as it was seen, and
sound of the same clock lies beside the face that made it, however late the picture was shown. Where
the disk or the encoder cannot follow, pictures are lost, not time.
"""

import logging
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Thread

from engine.errors import OutputError, UnderstudyError
from engine.frame import Frame
from engine.framing import letterboxed
from engine.slot import LatestSlot
from stream.files.clip_writer import ClipWriter, clip_writer
from stream.files.live_sound import LiveSound

logger = logging.getLogger(__name__)

RATE = Fraction(30)
"""Stated rate; the pictures' own times decide."""
LOOK_UP_S = 0.2
"""How often the sound is written while no picture comes."""
FINISH_S = 30.0


class UnforeseenError(OutputError):
    """A recording failed as nobody thought of; the log has its traceback."""


class Recorder:
    """One recording, from the first picture on; `stop` completes the file."""

    def __init__(
        self,
        slot: LatestSlot[Frame],
        path: Path,
        *,
        size: tuple[int, int] | None = None,
        sound: LiveSound | None = None,
        force: bool = False,
        longest_s: float | None = None,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            slot: where pictures come from.
            path: the file, once it has been stopped.
            size: width and height of the file, whose encoder then is ready before the first
                picture comes; None takes the first one's.
            sound: what is heard, filled by whoever hears it.
            force: replace a file that exists.
            longest_s: where a recording that was forgotten ends; None never.
            on_shown: told of each picture once it is written.
        """
        self.path = path
        self.frames = 0
        """Written so far."""
        self.problem: UnderstudyError | None = None
        """Why the file is not what was wanted."""
        self._slot = slot
        self._size = size
        self._sound = sound
        self._force = force
        self._longest_s = longest_s
        self._on_shown = on_shown
        self._thread = Thread(target=self._run, name="recorder", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether pictures are still taken."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin with the first picture that comes."""
        self._thread.start()

    def stop(self) -> None:
        """Complete the file; waits for the last picture."""
        self._slot.close()
        if self._thread.ident is None:
            return
        self._thread.join(FINISH_S)
        if self._thread.is_alive():
            self.problem = OutputError(
                f"{self.path} was not complete after {FINISH_S:g} s: the disk hangs. What was "
                "written is beside it, with the word unfinished in its name."
            )

    def _run(self) -> None:
        try:
            first = self._next() if self._size is None else None
            if first is not None:
                self._write(first.pixels.shape[1], first.pixels.shape[0], first)
            elif self._size is not None:
                self._write(*self._size, None)
        except UnderstudyError as error:
            self.problem = error
            logger.warning("%s", error)
        except Exception as error:
            # The outermost frame of this thread: a lost recording is never passed over.
            self.problem = UnforeseenError(
                f"cannot write {self.path}: {type(error).__name__}: {error}. Please report this."
            )
            logger.exception("a recording failed")
        finally:
            self._slot.close()

    def _next(self) -> Frame | None:
        """The next picture; None where it is stopped before."""
        while not self._slot.is_closed:
            frame = self._slot.take(LOOK_UP_S)
            if frame is not None:
                return frame
        return None

    def _write(self, width: int, height: int, first: Frame | None) -> None:
        with clip_writer(
            self.path, width=width, height=height, rate=RATE, sound=self._sound, force=self._force
        ) as writer:
            first = first or self._next()
            if first is not None:
                self._write_all(writer, first, (width, height))
                writer.finish()

    def _write_all(self, writer: ClipWriter, first: Frame, size: tuple[int, int]) -> None:
        """Pictures as they come, and sound while none does."""
        began_ns = first.captured_ns
        if self._sound is not None:
            self._sound.began_ns = began_ns
        frame: Frame | None = first
        while frame is not None or not self._slot.is_closed:
            if frame is not None:
                after_ns = frame.captured_ns - began_ns
                if self._longest_s is not None and after_ns > self._longest_s * 1e9:
                    logger.info("the recording ends after %d s", self._longest_s)
                    return
                pixels = letterboxed(frame.pixels, size)
                writer.write(Frame(pixels=pixels, captured_ns=after_ns))
                self.frames += 1
                self._on_shown(frame)
            else:
                writer.write_sound(time.monotonic_ns() - began_ns)
            frame = self._slot.take(LOOK_UP_S)
