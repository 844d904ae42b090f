"""The readers of one driving stream: one for each person, for a neutral face belongs to one."""

from typing import Generic, Literal, TypeAlias

from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Driver, Model, MotionT, Neutral

Change: TypeAlias = Literal["none", "person", "shot"]
"""What a face is against the one before: the same person's, another person's, of a new shot.
A person who is known again after a cut is the same."""

_MOST = 3
"""People of one shot who are remembered: the first, and those who came last."""


class DriverPerPerson(Generic[MotionT]):
    """Belongs to one stream and one thread."""

    def __init__(
        self,
        model: Model[MotionT],
        *,
        recalibrates: bool = False,
        first: Driver[MotionT] | None = None,
    ) -> None:
        """Know nobody; where it `recalibrates`, whoever comes first is neutral in that frame.

        `first` is the reader of whoever comes first, from a stream that has ended.
        """
        self._model = model
        self._known: dict[tuple[int, int], Driver[MotionT]] = {}
        self._followed: tuple[int, int] | None = None
        self._asked = self._next = first or model.driver()
        if recalibrates:
            self._next.recalibrate()

    @property
    def neutral(self) -> Neutral:
        """Where the neutral face comes from that counts now."""
        return self._asked.neutral

    @property
    def followed(self) -> Driver[MotionT]:
        """The reader that counts now."""
        return self._asked

    def follow(self, face: Face) -> tuple[Driver[MotionT], Change]:
        """The reader of this face's person, and what has changed."""
        before, now = self._followed, (face.shot, face.person)
        self._followed = now
        if before is None or before == now:
            return self._of(now), "none"
        if before[0] == now[0]:
            return self._of(now), "person"
        same = self._known.get(before) if before[1] == now[1] else None
        self._known = {key: known for key, known in self._known.items() if key[0] >= now[0]}
        if same is not None and now not in self._known:
            self._known[now] = same
            return same, "none"
        return self._of(now), "shot"

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Take a frame as the neutral face of its person, who may be of a shot yet to come."""
        self._of((face.shot, face.person)).calibrate(picture, face)

    def _of(self, key: tuple[int, int]) -> Driver[MotionT]:
        if key not in self._known:
            of_shot = [other for other in self._known if other[0] == key[0]]
            if len(of_shot) >= _MOST:
                del self._known[of_shot[1]]
            self._known[key], self._next = self._next, self._model.driver()
        self._asked = self._known[key]
        return self._asked
