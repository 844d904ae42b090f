"""The protocol of every model family: enrol once, read each driving frame, render.

A `Portrait` holds all that can be computed once. A `Driver` holds what belongs to one driving
stream (its neutral face, its smoothing). A motion is a family's own type; only its own family
reads it.
"""

from typing import Literal, Protocol, Self, TypeAlias, TypeVar

from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit

Neutral: TypeAlias = Literal["none", "none yet", "automatic", "next face", "yours"]
"""What a driver's motion is measured from: nothing, in a family that reads a face as it is; no face
was seen yet; the driver chose one; the next face will be taken; or the user calibrated."""


class Motion(Protocol):
    """What a driving frame tells the portrait; a family's own frozen type."""

    def eased(self, amount: float) -> Self:
        """The motion on its way to rest: 0 gives itself, 1 gives the portrait's own still face."""
        ...


MotionT = TypeVar("MotionT", bound=Motion)
MotionIn = TypeVar("MotionIn", bound=Motion, contravariant=True)
MotionOut = TypeVar("MotionOut", bound=Motion, covariant=True)


class Portrait(Protocol[MotionIn]):
    """A picture made ready to be moved, at the output's size."""

    def render(self, motion: MotionIn, edit: Edit) -> Pixels:
        """One output picture, of the size of the enrolled one. The array is the caller's own."""
        ...

    def still(self) -> Pixels:
        """The portrait as it is shown while no face drives it."""
        ...

    def prepare(self) -> None:
        """Do now what a later frame would have to wait for; a clip's picture does without."""
        ...


class Driver(Protocol[MotionOut]):
    """Turns the pictures of one driving stream into motion."""

    @property
    def neutral(self) -> Neutral:
        """Where the neutral face comes from; may be asked for by any thread."""
        ...

    def read(self, picture: Pixels, face: Face, captured_ns: int) -> MotionOut:
        """The motion of this frame, relative to the driver's neutral face if the family has one."""
        ...

    def calibrate(self, picture: Pixels, face: Face) -> None:
        """Take this frame as the driver's neutral face, at once."""
        ...

    def recalibrate(self) -> None:
        """Take the next frame that is read as the neutral face."""
        ...


class Model(Protocol[MotionT]):
    """One family of models, loaded and ready."""

    @property
    def refines(self) -> bool:
        """Whether `Edit.refine` makes a difference."""
        ...

    def enroll(self, picture: Pixels, face: Face) -> Portrait[MotionT]:
        """Compute once what every frame needs; `picture` has the output's size, `face` is its."""
        ...

    def driver(self) -> Driver[MotionT]:
        """A fresh reader for a new driving stream."""
        ...
