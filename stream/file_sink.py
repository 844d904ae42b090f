"""Writes a live stream's results to a clip, as many as the encoder can take."""

import logging
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Thread

from engine.errors import OutputError, UnderstudyError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from stream.clip_writer import ClipWriter, clip_writer
from stream.live_sound import LiveSound

logger = logging.getLogger(__name__)

NOMINAL_RATE = Fraction(30)
"""What the file says; each picture has its own time."""
LOOK_UP_S = 0.2
"""How often the sound is written while no picture comes."""
FINISH_S = 30.0


class FileSink:
    """Takes results from a slot, in a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        slot: LatestSlot[Frame],
        path: Path,
        *,
        width: int,
        height: int,
        sound: LiveSound | None = None,
        force: bool = False,
        look: Callable[[Pixels], Pixels] = lambda pixels: pixels,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.frames = 0
        """Written so far."""
        self.problem: UnderstudyError | None = None
        """Why the file is not what was wanted."""
        self._slot = slot
        self._path = path
        self._size = (width, height)
        self._sound = sound
        self._force = force
        self._look = look
        self._on_shown = on_shown
        self._thread = Thread(target=self._run, name="file-sink", daemon=True)

    def start(self) -> None:
        """Begin with the first result that comes."""
        self._thread.start()

    def stop(self) -> None:
        """End the file with the last result, valid."""
        self._slot.close()
        if self._thread.ident is None:
            return
        self._thread.join(FINISH_S)
        if self._thread.is_alive():
            self.problem = OutputError(
                f"{self._path} was not complete after {FINISH_S:g} s: the disk hangs. What was "
                f"written is beside it, with the word unfinished in its name."
            )

    def _run(self) -> None:
        try:
            self._write()
        except UnderstudyError as error:
            self.problem = error
            logger.warning("%s", error)
        except Exception as error:
            # The outermost frame of this thread: a lost recording is never passed over.
            self.problem = OutputError(
                f"cannot write {self._path}: {type(error).__name__}: {error}. Please report this."
            )
            logger.exception("the file's thread failed")

    def _write(self) -> None:
        width, height = self._size
        with clip_writer(
            self._path,
            width=width,
            height=height,
            rate=NOMINAL_RATE,
            sound=self._sound,
            force=self._force,
        ) as writer:
            self._take_all(writer)
            if writer.frames:
                writer.finish()

    def _take_all(self, writer: ClipWriter) -> None:
        began_ns: int | None = None
        while not self._slot.is_closed:
            frame = self._slot.take(LOOK_UP_S)
            if frame is None:
                if began_ns is not None:
                    writer.write_sound(time.monotonic_ns() - began_ns)
                continue
            if began_ns is None:
                began_ns = frame.captured_ns
                if self._sound is not None:
                    self._sound.began_ns = began_ns
            after_ns = frame.captured_ns - began_ns
            writer.write(Frame(pixels=self._look(frame.pixels), captured_ns=after_ns))
            self.frames += 1
            self._on_shown(frame)
