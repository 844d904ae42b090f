"""Which frames of a person before a camera can be used, and what to do where one cannot."""

from engine.faces.face import Face
from engine.faces.looks import Look, look_at
from engine.faces.quality import ADVICE, Usual, reason_by_itself, usual_look
from engine.frame import Pixels

_LEAST_LOOKS = 8
"""Before the usual look means anything: half a second."""
_AGAIN_AFTER = 20
"""Further looks after which the usual one is worked out anew: 10 to 20 ms, once a second."""
_MOST = 96


class LiveJudge:
    """Judges the frames of one enrolment as they come; each of its person widens what is usual."""

    def __init__(self) -> None:
        self._looks: list[Look] = []
        self._usual: Usual | None = None
        self._since = 0

    def __call__(self, picture: Pixels, face: Face, *, is_turned: bool = False) -> str | None:
        """What is to be done before such a frame can be used; None where it can.

        A turned head hides half of the face from the comparison: that alone is no trouble.
        """
        look = look_at(picture, face)
        reason = reason_by_itself(look)
        if reason is None and self._usual is not None:
            reason = self._usual.reason_against(look)
        if reason == "covered" and is_turned:
            return None
        if reason is not None:
            return f"{reason}: {ADVICE[reason]}"
        self._learn(look)
        return None

    def _learn(self, look: Look) -> None:
        self._looks = [*self._looks, look][-_MOST:]
        self._since += 1
        if self._since >= (_LEAST_LOOKS if self._usual is None else _AGAIN_AFTER):
            self._usual, self._since = usual_look(self._looks), 0
