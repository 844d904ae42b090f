"""The protocol of every model family: enrol once, read each driving frame, render.

A `Portrait` holds all that can be computed once. A `Driver` holds what belongs to one driving
stream (its neutral face, its smoothing). A motion is a family's own type; only its own family
reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit, Factor, LipShape, Mode

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

    @property
    def modes(self) -> frozenset[Mode]:
        """Those it can be shown in: not every head that moves can be put back into its picture."""
        ...

    def render(self, motion: MotionIn, edit: Edit) -> Pixels:
        """One output picture, of the size of the enrolled one. The array is the caller's own."""
        ...

    def still(self) -> Pixels:
        """The portrait as it is shown while no face drives it."""
        ...

    def prepare(self) -> None:
        """Do now what a later frame would have to wait for; a clip's picture does without."""
        ...

    def for_stream(self) -> "Portrait[MotionIn]":
        """The same for one stream: what eases from frame to frame is its own.

        Itself where nothing does.
        """
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


class Recording(Protocol[MotionOut]):
    """A performance, frame by frame."""

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """(N,) since the first frame, growing strictly from 0."""
        ...

    @property
    def tracked(self) -> NDArray[np.bool_]:
        """(N,) False where no face drove the portrait."""
        ...

    @property
    def rate(self) -> Fraction:
        """Frames per second of the source; single frames may deviate."""
        ...

    @property
    def frames(self) -> int:
        """How many there are."""
        ...

    def motion(self, index: int) -> MotionOut | None:
        """The motion of one frame; None is at rest."""
        ...


MotionRow: TypeAlias = Mapping[str, NDArray[np.float64] | float]
"""The numbers of one motion by their names."""


class MotionArrays(Protocol[MotionOut]):
    """A family's motion as plain arrays, one row per frame, for docs/motion-format.md."""

    def row(self, motion: object) -> MotionRow:
        """One motion, None for rest; TypeError for another family's."""
        ...

    def arkit(self, rows: NDArray[np.void]) -> NDArray[np.float32]:
        """(N, 52): what the faces of these rows are in ARKit's names."""
        ...

    def recording(
        self, arrays: Mapping[str, NDArray[np.generic]], tracked: NDArray[np.bool_], rate: Fraction
    ) -> Recording[MotionOut]:
        """The performance that arrays, which have been checked, stand for."""
        ...


class Lips(Protocol):
    """Lips that something else than a face moves: a sound, a text that is spoken."""

    def at(self, captured_ns: int) -> LipShape:
        """The lips at this moment."""
        ...

    def restart(self) -> None:
        """A new stream begins."""
        ...


class Mixer(Protocol[MotionT]):
    """Puts other sources beside the driver, factor by factor; set by any thread."""

    def mix(
        self, motion: MotionT | None, edit: Edit, captured_ns: int
    ) -> tuple[MotionT | None, Edit]:
        """The motion to render (None: at rest), and what of the edit is still to be applied."""
        ...

    def hold(self, factor: Factor, motion: MotionT | None) -> None:
        """Keep a factor as it is in this motion; None is rest."""
        ...

    def replay(self, factor: Factor, recording: Recording[MotionT]) -> None:
        """Take a factor from a recording, which runs again and again."""
        ...

    def speak(self, lips: Lips) -> None:
        """Take the lips from a sound."""
        ...

    def look_at_camera(self) -> None:
        """Keep the eyes on the camera while the head turns."""
        ...

    def release(self, factor: Factor) -> None:
        """Take a factor from the driver again."""
        ...

    def set_sliders(self, values: Mapping[str, float]) -> None:
        """ARKit coefficients in 0..1 that are added on top of whatever the sources give."""
        ...

    def restart(self) -> None:
        """A new stream begins: recordings run from their beginning, and nothing fades."""
        ...


def _any_edit(edit: Edit) -> None:
    """Refuses none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a family can, or one loaded model of it."""

    named_factors: bool
    """Its motion has names: each factor may be held, replayed and recorded by itself."""
    neutral: bool
    """Motion is measured from the driver's neutral face."""
    refine: bool
    """`Edit.refine` makes a difference."""
    driver_teeth: bool
    """`Edit.driver_teeth` makes a difference."""
    pastes_back: frozenset[Mode]
    """The modes in which a head is put back into a larger picture."""
    meets_camera: bool = True
    """Eyes can be kept on the camera, in a family whose factors have names."""
    lip_shapes: bool = True
    """Lips can be moved by `Lips`, in such a family."""
    notice: str = ""
    """What whoever meets this model must be told, such as that it is a test model."""
    check_edit: Callable[[Edit], object] = _any_edit
    """Raises InputError for gains that the family cannot have, before a frame meets them."""


class Model(Protocol[MotionT]):
    """One family of models, loaded and ready."""

    @property
    def can(self) -> Capabilities:
        """What this model can."""
        ...

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> Portrait[MotionT]:
        """Compute once what every frame needs; `picture` has the output's size, `face` is its.

        `appearances` show the same person further, for families that can use them.
        """
        ...

    def driver(self) -> Driver[MotionT]:
        """A fresh reader for a new driving stream."""
        ...

    def mixer(self) -> Mixer[MotionT] | None:
        """A mixer that takes everything from the driver; None where factors have no names."""
        ...


class CodeMixer(Mixer[MotionT], Protocol[MotionT]):
    """A mixer of a family whose factors are codes: zero is one, and not the portrait's own."""

    def switch_off(self, factor: Factor) -> None:
        """A factor's codes are zero."""
        ...


@runtime_checkable
class ReadsAhead(Protocol[MotionT]):
    """A model whose factors may come from pictures, clips and sounds that are read ahead."""

    def mixer(self) -> CodeMixer[MotionT]:
        """As of `Model`."""
        ...

    def reader(self) -> Driver[MotionT]:
        """A driver for `performed`: it leaves smoothing to that."""
        ...

    def performed(
        self, times_ns: NDArray[np.int64], motions: Sequence[MotionT | None], rate: Fraction
    ) -> Recording[MotionT]:
        """A reader's motions as a performance; None where there was no face."""
        ...

    def heard(self, mel: NDArray[np.float32]) -> Recording[MotionT]:
        """The lips of a whole sound, (T, 80) log-mel of engine/speech/mel.py."""
        ...

    def can_come_from_pictures(self, factor: Factor) -> bool:
        """Whether this model reads the factor off a picture."""
        ...


AnyModel: TypeAlias = Model[Motion]
"""A model of a family that nobody needs to know: it is handed its own motions only."""
