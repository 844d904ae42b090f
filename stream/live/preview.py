"""A window that shows the result, mirrored as people know themselves.

Tk, because it comes with Python: a toolkit of its own would be the largest part of the install, and
the headless OpenCV has no windows. Tk wants the main thread, so the window is fed from there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.errors import MachineError
from engine.frame import Frame, Pixels
from engine.slot import LatestSlot

TITLE = "Understudy"
ADVICE = "Install it (Debian, Ubuntu: sudo apt-get install python3-tk), or leave out --preview."


class Preview:
    """The window; `update` is called often, from the thread that made it."""

    def __init__(
        self,
        slot: LatestSlot[Frame],
        still: Pixels,
        *,
        on_key: Callable[[str], None] = lambda key: None,
        on_shown: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        """Open the window with a still picture; MachineError where there is no screen."""
        try:
            import tkinter
        except ImportError as error:
            raise MachineError(f"the preview needs Python's tkinter. {ADVICE}") from error
        try:
            self._window = tkinter.Tk()
        except tkinter.TclError as error:
            raise MachineError(
                f"the preview has no screen to open a window on ({error}). Leave out --preview."
            ) from error
        self.is_open = True
        self.is_mirrored = True
        """As in a mirror; the outgoing picture is not touched by it."""
        self._slot = slot
        self._on_shown = on_shown
        self._shown: Frame | None = None
        self._window.title(TITLE)
        self._window.resizable(width=False, height=False)
        self._window.protocol("WM_DELETE_WINDOW", self.close)
        self._window.bind("<Key>", lambda event: on_key(str(event.char)))
        self._image: Any = tkinter.PhotoImage(master=self._window, data=as_ppm(self._seen(still)))
        tkinter.Label(self._window, image=self._image, borderwidth=0).pack()
        self._window.update()

    def update(self) -> None:
        """Show the newest result, if there is one, and let the window live."""
        if not self.is_open:
            return
        frame = self._slot.take()
        if frame is not None:
            self._image.configure(data=as_ppm(self._seen(frame.pixels)), format="ppm")
        self._window.update()
        if frame is not None:
            self._on_shown(frame)

    def close(self) -> None:
        """Take the window away; the rest goes on."""
        if self.is_open:
            self.is_open = False
            self._window.destroy()

    def _seen(self, pixels: Pixels) -> Pixels:
        return pixels[:, ::-1] if self.is_mirrored else pixels


def as_ppm(pixels: Pixels) -> bytes:
    """The picture in the one format that Tk reads without decompressing."""
    height, width = pixels.shape[:2]
    return b"P6 %d %d 255 " % (width, height) + np.ascontiguousarray(pixels).tobytes()
