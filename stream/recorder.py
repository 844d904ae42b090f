"""Records what a live stream shows into an mp4, in a thread of its own, never in the stream's way.

The file has the pictures' times of capture, so a stream whose rate varies plays as it was seen, and
sound of the same clock lies beside the face that made it, however late the picture was shown. Where
the disk or the encoder cannot follow, pictures are lost, not time.
"""

import logging
import time
from fractions import Fraction
from pathlib import Path
from threading import Thread

import cv2
import numpy as np

from engine.errors import OutputError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from stream.clip_writer import BrokenOffError, clip_writer
from stream.live_sound import LiveSound

logger = logging.getLogger(__name__)

RATE = Fraction(30)
"""Stated rate; the pictures' own times decide."""
LONGEST_S = 30 * 60
"""A recording that was forgotten ends here."""
LOOK_UP_S = 0.2
FINISH_S = 30.0


class Recorder:
    """One recording, from the first picture on; `stop` completes the file."""

    def __init__(self, path: Path, sound: LiveSound | None = None) -> None:
        """Begin; `sound` is filled by whoever hears it."""
        self.path = path
        """Where the file is once it has been stopped."""
        self.failure: str | None = None
        """What went wrong, for the user, who may be far away: it names no place of this machine."""
        self.slot: LatestSlot[Frame] = LatestSlot()
        """Filled by the stream."""
        self._sound = sound
        self._thread = Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether pictures are still taken."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Complete the file; waits for the last picture."""
        self.slot.close()
        self._thread.join(FINISH_S)

    def _run(self) -> None:
        try:
            first = self._first()
            if first is not None:
                self._write(first)
        except BrokenOffError as error:
            self.failure = f"the recording ended early: {error.reason}"
            if error.kept is not None:
                error.kept.replace(self.path)
                self.failure += " It is saved up to there."
            logger.warning("%s", self.failure)
        except OutputError as error:
            self.failure = "the folder of recordings is missing or full: the server's log says why."
            logger.warning("%s", error)
        except Exception:
            # The outermost frame of this thread: a lost recording is never passed over.
            self.failure = "the recording failed: the server's log says why."
            logger.exception("the recording failed")
        finally:
            self.slot.close()

    def _first(self) -> Frame | None:
        while not self.slot.is_closed:
            frame = self.slot.take(LOOK_UP_S)
            if frame is not None:
                return frame
        return None

    def _write(self, first: Frame) -> None:
        height, width = first.pixels.shape[:2]
        if self._sound is not None:
            self._sound.began_ns = first.captured_ns
        with clip_writer(
            self.path, width=width, height=height, rate=RATE, sound=self._sound, force=True
        ) as writer:
            frame: Frame | None = first
            while frame is not None or not self.slot.is_closed:
                if frame is not None:
                    at_ns = frame.captured_ns - first.captured_ns
                    if at_ns > LONGEST_S * 1_000_000_000:
                        logger.info("the recording ends after %d minutes", LONGEST_S // 60)
                        break
                    writer.write(
                        Frame(pixels=_sized(frame.pixels, width, height), captured_ns=at_ns)
                    )
                else:
                    writer.write_sound(time.monotonic_ns() - first.captured_ns)
                frame = self.slot.take(LOOK_UP_S)
            writer.finish()


def _sized(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture at the recording's size, whole, with bars where its aspect is another one."""
    rows, columns = pixels.shape[:2]
    if (rows, columns) == (height, width):
        return pixels
    scale = min(width / columns, height / rows)
    inner = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(pixels, inner)
    return canvas
