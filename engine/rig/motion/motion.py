"""What the rig knows of a driving frame: how the face differs from the driver's neutral face.

Everything is relative and in the canonical frame of `engine/faces/canonical.py`, in centimetres, so
that it can be added to another face. Lids and lip contact are kept apart from the landmarks, since
what matters there is whether they touch, not how far a point moved.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.faces.canonical import PIVOT_CM
from engine.faces.face import LANDMARKS, Face
from engine.frame import Pixels
from engine.geometry import Array, rotation_from_vector
from engine.rig.motion.nods import NOSE_CM, farther


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RigMotion:
    """The motion of one frame."""

    offsets: Array
    """(478, 3) cm: expression alone, head pose removed; the lids' own rows are zero."""
    aperture: Array
    """(2,) left and right eye: opening over the neutral opening; 0 closed, 1 neutral, more wide."""
    lip_contact: float
    """1 where the driver's lips touch, 0 where they are apart."""
    rotation: Array
    """(3,) of the head, axis times angle in radians, in the camera's frame."""
    shift: Array
    """(2,) of the head's pivot, right and down in the picture, in cm at the neutral size."""
    log_scale: float
    """Logarithm of the head's size over its neutral size: positive is nearer to the camera."""
    rim_share: float = 1.0
    """0..1: how much of the head's movement its rim (hair, ears, silhouette) goes along with."""
    nod: float = 0.0
    """Radians by which the head nods farther than its landmarks show, about the tip of the nose;
    positive is down. The face is where it is seen; what lies around it goes all of the way."""
    mouth: tuple[Pixels, Face] | None = None
    """The driver's face as it was seen, for a portrait that borrows the driver's mouth interior."""

    @property
    def nodded(self) -> "RigMotion":
        """The same with all of the head's nod in its rotation and shift."""
        if self.nod == 0.0:
            return self
        rotation = farther(self.rotation, self.nod)
        turned = rotation_from_vector(rotation) - rotation_from_vector(self.rotation)
        way = np.exp(self.log_scale) * (turned @ (PIVOT_CM - NOSE_CM))[:2]
        shift = self.shift + way * (1.0, -1.0)  # down is positive
        return replace(self, rotation=rotation, shift=shift, nod=0.0)

    @property
    def of_rim(self) -> "RigMotion":
        """The same with the head moved as its rim is."""
        head, share = self.nodded, self.rim_share
        return replace(
            head,
            rotation=head.rotation * share,
            shift=head.shift * share,
            log_scale=head.log_scale * share,
            rim_share=1.0,
        )

    def eased(self, amount: float) -> "RigMotion":
        """Towards rest: 0 gives itself, 1 the neutral face in its own pose."""
        keep = 1.0 - amount
        return replace(
            self,
            offsets=self.offsets * keep,
            aperture=1.0 + (self.aperture - 1.0) * keep,
            lip_contact=self.lip_contact * keep,
            rotation=self.rotation * keep,
            shift=self.shift * keep,
            log_scale=self.log_scale * keep,
            nod=self.nod * keep,
            mouth=self.mouth if amount < 0.5 else None,
        )


def still_motion() -> RigMotion:
    """No motion at all."""
    return RigMotion(
        offsets=np.zeros((LANDMARKS, 3)),
        aperture=np.ones(2),
        lip_contact=0.0,
        rotation=np.zeros(3),
        shift=np.zeros(2),
        log_scale=0.0,
    )


def between(first: RigMotion, second: RigMotion, weight: float) -> RigMotion:
    """From `first` (weight 0) to `second` (weight 1), every number on a straight line."""
    keep = 1.0 - weight
    return RigMotion(
        offsets=first.offsets * keep + second.offsets * weight,
        aperture=first.aperture * keep + second.aperture * weight,
        lip_contact=first.lip_contact * keep + second.lip_contact * weight,
        rotation=first.rotation * keep + second.rotation * weight,
        shift=first.shift * keep + second.shift * weight,
        log_scale=first.log_scale * keep + second.log_scale * weight,
        rim_share=first.rim_share * keep + second.rim_share * weight,
        nod=first.nod * keep + second.nod * weight,
        mouth=first.mouth if weight < 0.5 else second.mouth,
    )
