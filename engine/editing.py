"""The protocol of a film's edit: a face changes its expression and everything else stays.

A family that edits films reads one person's landmarks over the whole film and decides beforehand
what each frame will need (`plan`); then each frame is retouched by itself. Files, clips and colours
are the caller's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from engine.faces.brow_strip import BrowStrip
from engine.frame import Pixels
from engine.model import Motion, MotionT, Recording
from engine.motion import Factor, LipShape

Blending: TypeAlias = Literal["replace", "add"]
"""replace: the film's own expression goes, the driver's comes; add: the driver's comes on top."""

BLENDINGS: tuple[Blending, ...] = get_args(Blending)

MotionCo = TypeVar("MotionCo", bound=Motion, covariant=True)

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in px; right and bottom lie outside."""


class FaceTrack(Protocol):
    """One person through a film, or through a driving clip."""

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(N,) of every frame after the first, growing strictly."""
        ...

    @property
    def shots(self) -> NDArray[np.int64]:
        """(N,) which shot a frame belongs to."""
        ...

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(N,) whether the person is seen there."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        ...

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        """(end - begin, 478, 3) px with a steady head; NaN where the person is not seen."""
        ...

    def brows(self, begin: int, end: int) -> Sequence[BrowStrip | None]:
        """What the brows of these frames look like; None where the person is not seen."""
        ...


class Performer(Protocol[MotionCo]):
    """An expression over time: a driving clip's, a motion file's, or one that stays."""

    def at(self, time_s: float) -> MotionCo | None:
        """The expression against the performer's neutral face; None where nobody is seen."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one performer does to a face."""

    performer: Performer[Motion]
    factors: frozenset[Factor]
    """What is taken from it; the rest of the face keeps what it does."""
    blending: Blending = "replace"
    is_own: bool = False
    """Whether the performer is the film's own person, whose face is told from the film's rest."""
    time_of: Callable[[float], float] = field(default=lambda time_s: time_s)
    """The film's time -> the performer's own, s."""
    gains_at: Callable[[float], Mapping[str, float]] = field(default=lambda time_s: {})
    """The film's time, s -> factor or ARKit name -> gain; 1 where there is none."""
    share_at: Callable[[float], float] = field(default=lambda time_s: 1.0)
    """The film's time, s -> how far the part acts, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """The part of a frame that a face needs."""

    pixels: Pixels
    """(h, w, 3)"""
    corner: tuple[int, int]
    """Its first pixel in the frame, x and y."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """What becomes of a frame: nothing changes where the mask is 0."""

    box: Box
    own: Pixels
    """(h, w, 3) the frame's own pixels in the box."""
    new: NDArray[np.float32]
    """(h, w, 3) what is shown instead, 0..255."""
    mask: NDArray[np.float32]
    """(h, w) how far, 0..1; 0 along the box's edges that lie inside the frame."""
    covered: float = 0.0
    """Share of the face before which something else was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something in a film's track that the result will suffer from."""

    begin: int
    end: int
    """First frame, and the one after the last."""
    kind: str
    words: str


class FilmPlan(Protocol):
    """What is decided of one face, for all frames."""

    @property
    def notes(self) -> Sequence[Note]:
        """What the result will suffer from."""
        ...

    @property
    def facts(self) -> Mapping[str, float]:
        """Counts worth reporting, such as donors that were changed inside an opening."""
        ...

    def region(self, index: int) -> Box | None:
        """The part of a frame that is needed for its face; None where there is none."""
        ...

    def lenders(self, begin: int, end: int) -> Sequence[int]:
        """Frames of the same film whose regions these frames borrow from."""
        ...

    def retouch(self, index: int, cut: Cut, lent: Mapping[int, Cut]) -> Patch | None:
        """One frame's change; None where it stays as it is.

        `lent` has at least what `lenders` names for a range with this frame in it.
        """
        ...


class FilmEditor(Protocol[MotionT]):
    """What a family offers for films."""

    def follow(self, track: FaceTrack, pictures: Callable[[int], Pixels]) -> Performer[MotionT]:
        """The performer in a driving clip; `pictures` gives its pictures by their number."""
        ...

    def replay(self, recording: Recording[MotionT]) -> Performer[MotionT]:
        """The performer of a motion file."""
        ...

    def hold(self, sliders: Mapping[str, float]) -> Performer[MotionT]:
        """An expression that stays: ARKit names and values in 0..1."""
        ...

    def speak(self, lips: Callable[[float], LipShape]) -> Performer[MotionT]:
        """Lips that a sound moves; `lips` gives their shape at the sound's own time, in s."""
        ...

    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> FilmPlan:
        """Decide everything for one face of the film; `neutral` names its frame at rest.

        `pictures` gives single pictures of the film; each may cost as much as a second's decoding.

        Raises:
            InputError: the neutral frame does not show the face.
        """
        ...
