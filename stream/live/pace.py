"""When a sink with a clock shows something: a new picture soon, else the last one again in time.

No thread and no clock of its own: the moments come in.
"""

from dataclasses import dataclass

SOONEST, LATEST = 0.75, 1.5
"""In intervals after the last picture. A new one may come a little early (a camera's clock is not
ours); the last one is repeated only when a new one is clearly late, or both would be shown at
nearly the same time."""


@dataclass(slots=True)
class Pace:
    """The rhythm of one sink."""

    fps: float
    """Pictures per second that the readers were promised."""
    _last_s: float | None = None
    _repeats: bool = False

    def shown(self, now_s: float, *, is_new: bool) -> None:
        """A picture was just shown."""
        self._last_s, self._repeats = now_s, not is_new

    def new_allowed_s(self, now_s: float) -> float:
        """How long a new picture still has to wait; 0 at once."""
        if self._last_s is None or self._repeats:  # what comes after a repetition is late already
            return 0.0
        return max(0.0, self._last_s + SOONEST / self.fps - now_s)

    def repeat_due_s(self, now_s: float) -> float:
        """How long until the last picture is shown again if no new one comes."""
        if self._last_s is None:
            return 0.0
        intervals = 1.0 if self._repeats else LATEST
        return max(0.0, self._last_s + intervals / self.fps - now_s)
