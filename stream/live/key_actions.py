"""What single keys do to a live stream: the same keys as on the page of `understudy serve`."""

from collections.abc import Callable, Sequence
from typing import Generic

from engine.errors import InputError
from engine.model import MotionT
from stream.session.controls import SWITCH_KEYS, Controls, Switch
from stream.session.live_session import LiveSession, complain
from stream.session.portraits import FacePicture

HELP = (
    "keys: c recalibrate, e next of expression, pose, both, "
    + "".join(f"{of.key} {of.does}, " for of in SWITCH_KEYS.values())
    + "v mirror the preview, 1-9 portraits, ? figures, q quit"
)
SWITCHES_BY_KEY: dict[str, Switch] = {
    " ": "paused",
    **{of.key: switch for switch, of in SWITCH_KEYS.items()},
}


class KeyActions(Generic[MotionT]):
    """Acts on the session between two frames; what was done is said in a few words."""

    def __init__(
        self,
        session: LiveSession[MotionT],
        portraits: Sequence[FacePicture],
        *,
        quit_: Callable[[], None],
        say: Callable[[str], None],
        tell_figures: Callable[[], None],
        flip_preview: Callable[[], bool],
    ) -> None:
        """`flip_preview` gives the new state."""
        self._session = session
        self._portraits = portraits
        self._say = say
        self._flip_preview = flip_preview
        self._acts: dict[str, Callable[[], None]] = {
            "c": self._recalibrate,
            "e": self._next_mode,
            "v": self._mirror_preview,
            "q": quit_,
            "?": tell_figures,
        }

    def press(self, key: str) -> None:
        """Do what a key stands for; a key that stands for nothing shows the keys."""
        if key in "123456789" and key:
            self._choose(int(key))
        elif key.lower() in self._acts:
            self._acts[key.lower()]()
        elif key.lower() in SWITCHES_BY_KEY:
            self._turn(SWITCHES_BY_KEY[key.lower()])
        elif key.isprintable() and key:
            self._say(HELP)

    def _choose(self, number: int) -> None:
        if number > len(self._portraits):
            self._say(f"there is no portrait {number}: {len(self._portraits)} given")
            return
        self._session.show(self._portraits[number - 1]).add_done_callback(complain)
        self._say(f"portrait {number}")

    def _recalibrate(self) -> None:
        self._session.reenactor.recalibrate()
        self._say("the largest face is the driver, and neutral")

    def _next_mode(self) -> None:
        controls = self._session.controls.next_mode()
        self._change(controls, f"mode: {controls.edit.mode}")

    def _turn(self, switch: Switch) -> None:
        """The other way round than it is."""
        on = switch not in self._session.controls.on
        words = SWITCH_KEYS[switch].on if on else SWITCH_KEYS[switch].off
        self._change(self._session.controls.switched(switch, on=on), words)

    def _change(self, controls: Controls, done: str) -> None:
        try:
            self._session.change(controls)
        except InputError as error:
            self._say(str(error))
        else:
            self._say(done)

    def _mirror_preview(self) -> None:
        self._say("preview mirrored" if self._flip_preview() else "preview not mirrored")
