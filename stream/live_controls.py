"""What single keys do to a live stream: the same keys as on the page of `understudy serve`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic

import numpy as np

from engine.frame import Pixels
from engine.model import Mixer, MotionT
from engine.motion import MODES
from stream.live_quality import LiveQuality
from stream.loop import FrameLoop

HELP = (
    "keys: c recalibrate, e next of expression, pose, both, p pause, h freeze the head, "
    "g look into the camera, v mirror the preview, x mirror the output, 1-9 portraits, "
    "? figures, q quit"
)


class LiveControls(Generic[MotionT]):
    """Acts on the loop between two frames; what was done is said in a few words."""

    def __init__(
        self,
        loop: FrameLoop[MotionT],
        quality: LiveQuality[MotionT],
        *,
        mixer: Mixer[MotionT] | None,
        quit_: Callable[[], None],
        say: Callable[[str], None],
        tell_figures: Callable[[], None],
        flip_preview: Callable[[], bool],
    ) -> None:
        """`mixer`: the model's, where it has one. `flip_preview` gives the new state."""
        self.is_mirrored = False
        """Of the output, for every sink."""
        self._loop = loop
        self._quality = quality
        self._mixer = mixer
        self._say = say
        self._flip_preview = flip_preview
        self._holds_pose = False
        self._looks_at_camera = False
        self._acts: dict[str, Callable[[], None]] = {
            "c": self._recalibrate,
            "e": self._next_mode,
            "p": self._pause,
            " ": self._pause,
            "h": self._freeze_head,
            "g": self._look_at_camera,
            "v": self._mirror_preview,
            "x": self._mirror_output,
            "q": quit_,
            "?": tell_figures,
        }

    def press(self, key: str) -> None:
        """Do what a key stands for; a key that stands for nothing shows the keys."""
        if key in "123456789" and key:
            self._choose(int(key))
        elif key.lower() in self._acts:
            self._acts[key.lower()]()
        elif key.isprintable() and key:
            self._say(HELP)

    def look(self, pixels: Pixels) -> Pixels:
        """The last change to each picture before it is shown."""
        pixels = self._quality.fitted(pixels)
        return np.ascontiguousarray(pixels[:, ::-1]) if self.is_mirrored else pixels

    def _choose(self, number: int) -> None:
        if number > self._quality.count:
            self._say(f"there is no portrait {number}: {self._quality.count} given")
            return
        self._quality.choose(number - 1)
        self._say(f"portrait {number}")

    def _recalibrate(self) -> None:
        self._loop.reenactor.recalibrate()
        self._say("the largest face is the driver, and neutral")

    def _next_mode(self) -> None:
        edit = self._loop.reenactor.look.edit
        mode = MODES[(MODES.index(edit.mode) + 1) % len(MODES)]
        self._loop.reenactor.alter(lambda look: replace(look, edit=replace(look.edit, mode=mode)))
        self._say(f"mode: {mode}")

    def _pause(self) -> None:
        self._loop.is_paused = not self._loop.is_paused
        self._say("paused" if self._loop.is_paused else "running")

    def _freeze_head(self) -> None:
        if self._mixer is None:
            self._say("only the rig's head can be frozen")
            return
        self._holds_pose = not self._holds_pose
        if self._holds_pose:
            self._mixer.hold("pose", self._loop.reenactor.motion)
        else:
            self._mixer.release("pose")
        self._say("head frozen" if self._holds_pose else "head moves")

    def _look_at_camera(self) -> None:
        if self._mixer is None:
            self._say("only the rig's eyes can be held on the camera")
            return
        self._looks_at_camera = not self._looks_at_camera
        if self._looks_at_camera:
            self._mixer.look_at_camera()
        else:
            self._mixer.release("gaze")
        self._say("eyes on the camera" if self._looks_at_camera else "eyes follow yours")

    def _mirror_preview(self) -> None:
        self._say("preview mirrored" if self._flip_preview() else "preview not mirrored")

    def _mirror_output(self) -> None:
        self.is_mirrored = not self.is_mirrored
        self._say("output mirrored" if self.is_mirrored else "output not mirrored")
