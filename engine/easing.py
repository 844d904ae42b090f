"""How strongly a face that comes and goes drives the portrait. Time in, an amount out; no pictures.

Lost for a moment, the last motion is held: a tracker that misses a few frames must not show. Lost
for longer, the portrait eases to its own still face, and eases back when the face returns.
"""

HOLD_S = 0.5
"""A face lost for less is held. A hand passing before the face takes about this long."""
EASE_OUT_S = 0.7
"""From the driver's last motion to rest: slow enough to look like relaxing."""
EASE_IN_S = 0.35
"""From rest back to the driver: fast, because a person waits for it."""
LONGEST_STEP_S = 0.1
"""A source that stalls and returns must not turn an easing into a jump."""


class Presence:
    """Whether a face drives the portrait: 0 fully, 1 not at all, and never a jump in between.

    The way out ends at rest even if the face is back before: the last motion and the new one have
    nothing in common but rest, so changing over at any other point would be a jump.
    """

    def __init__(self) -> None:
        self.is_leaving = False
        """On the way out; the last motion is shown, whatever the face does now."""
        self._away: float | None = None  # 0 driven .. 1 at rest, linear in time
        self._last_ns = 0
        self._seen_ns = 0

    def leave(self) -> None:
        """Go to rest, although there is a face: it is another one than before."""
        self.is_leaving = self._away is not None and self._away < 1.0

    def step(self, now_ns: int, *, seen: bool) -> float:
        """The amount to ease by at this moment, given whether the frame shows a face."""
        if self._away is None:
            # A stream that begins with a face is followed from its first frame on.
            self._away, self._last_ns = (0.0 if seen else 1.0), now_ns
        elapsed_s = min(max(now_ns - self._last_ns, 0) / 1e9, LONGEST_STEP_S)
        self._last_ns = now_ns
        if seen or now_ns < self._seen_ns:  # a clock that was set back says nothing about the face
            self._seen_ns = now_ns
        lost_s = (now_ns - self._seen_ns) / 1e9
        if lost_s > HOLD_S and self._away < 1.0:
            self.is_leaving = True
        if self.is_leaving:
            # A face that waits to be followed again is let in as fast as it would ease in.
            self._away = min(1.0, self._away + elapsed_s / (EASE_IN_S if seen else EASE_OUT_S))
            self.is_leaving = self._away < 1.0
        elif seen:
            self._away = max(0.0, self._away - elapsed_s / EASE_IN_S)
        return _smooth(self._away)


def _smooth(amount: float) -> float:
    """Start and end without a kick (smoothstep, 3 t^2 - 2 t^3)."""
    return amount * amount * (3.0 - 2.0 * amount)
