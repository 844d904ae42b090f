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
from stream.clip_writer import clip_writer
from stream.live_sound import LiveSound

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
        sound: LiveSound | None = None,
        force: bool = False,
        longest_s: float | None = None,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            slot: where pictures come from; the first one's size is the file's.
            path: the file, once it has been stopped.
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
            first = self._first()
            if first is not None:
                self._write(first)
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

    def _first(self) -> Frame | None:
        """The first picture; None where it is stopped before."""
        while not self._slot.is_closed:
            frame = self._slot.take(LOOK_UP_S)
            if frame is not None:
                return frame
        return None

    def _write(self, first: Frame) -> None:
        height, width = first.pixels.shape[:2]
        began_ns = first.captured_ns
        if self._sound is not None:
            self._sound.began_ns = began_ns
        with clip_writer(
            self.path, width=width, height=height, rate=RATE, sound=self._sound, force=self._force
        ) as writer:
            frame: Frame | None = first
            while frame is not None or not self._slot.is_closed:
                if frame is not None:
                    after_ns = frame.captured_ns - began_ns
                    if self._longest_s is not None and after_ns > self._longest_s * 1e9:
                        logger.info("the recording ends after %d s", self._longest_s)
                        break
                    pixels = letterboxed(frame.pixels, (width, height))
                    writer.write(Frame(pixels=pixels, captured_ns=after_ns))
                    self.frames += 1
                    self._on_shown(frame)
                else:
                    writer.write_sound(time.monotonic_ns() - began_ns)
                frame = self._slot.take(LOOK_UP_S)
            writer.finish()
