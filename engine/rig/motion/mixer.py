"""Every factor from a source of its own: the driver, a recording, rest, the camera, sliders.

The user's mode says what is taken from the driver; a factor that has a source of its own is shown
whatever the mode. Gains act on the mix. A source that is changed while it runs is faded over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine.geometry import Array, rotation_from_vector, smoothstep
from engine.model import Lips, Recording
from engine.motion import ARKIT_NAMES, FACTORS, Edit, Factor
from engine.rig.motion.factors import edited, motion_from_arkit, with_factor
from engine.rig.motion.motion import RigMotion, between, still_motion
from engine.rig.motion.recording import Recording as RigRecording

FADE_S = 0.35
"""From one source of a factor to another: the same as a face that is followed again."""

IRIS_CM = 1.1
"""From the centre of the eyeball to the iris: how far the iris moves per radian."""

FARTHEST_LOOK_RAD = 0.5
"""An eye does not turn farther in its head; then it looks past the camera."""

ORDER: tuple[Factor, ...] = ("pose", *(factor for factor in FACTORS if factor != "pose"))
"""Pose first: where the camera is in the head's frame depends on it."""


class FactorSource(Protocol):
    """Where one factor comes from."""

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """A motion whose factor is wanted; `live` is the driver's own at this moment.

        `head` (3,) is the rotation that the portrait's head will be shown in.
        """
        ...


class Live:
    """The driver itself."""

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """The driver's motion."""
        return live


class Held:
    """A motion that stays as it is; without one, rest."""

    def __init__(self, motion: RigMotion | None = None) -> None:
        self._motion = still_motion() if motion is None else motion

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """The same motion at every moment."""
        return self._motion


class Replayed:
    """A recording, from its beginning at the first frame, again and again."""

    def __init__(self, recording: RigRecording) -> None:
        self._recording = recording
        self._began_ns: int | None = None

    def restart(self) -> None:
        """The next frame is the first one."""
        self._began_ns = None

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """What was recorded so long after the first frame."""
        if self._began_ns is None:
            self._began_ns = captured_ns
        return self._recording.at(captured_ns - self._began_ns)


class Spoken:
    """Lips that a sound moves."""

    def __init__(self, lips: Lips) -> None:
        self._lips = lips

    def restart(self) -> None:
        """The next frame is the first one."""
        self._lips.restart()

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """A face at rest with these lips."""
        shape = self._lips.at(captured_ns)
        return replace(motion_from_arkit(dict(shape.arkit)), lip_contact=shape.contact)


class ToCamera:
    """Eyes that stay on the camera while the head turns.

    A portrait is taken to look into the camera when it is at rest.
    """

    def at(self, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        """Irises moved against the head's rotation."""
        to_camera = rotation_from_vector(head).T @ np.array([0.0, 0.0, 1.0])
        across = to_camera[:2]
        angle = float(np.arctan2(np.linalg.norm(across), to_camera[2]))
        if angle > FARTHEST_LOOK_RAD:
            across = across / np.linalg.norm(across) * np.sin(FARTHEST_LOOK_RAD)
        offsets = np.zeros_like(live.offsets)
        offsets[468:, :2] = across * IRIS_CM
        return replace(still_motion(), offsets=offsets)


LIVE: FactorSource = Live()


@dataclass(frozen=True, slots=True)
class _Shown:
    """The source of one factor as of the last frame, and what it is faded over from."""

    source: FactorSource
    former: RigMotion | None = None
    since_ns: int = 0


class RigMixer:
    """Holds the sources; they may be set by another thread than the one that mixes."""

    def __init__(
        self,
        sources: Mapping[Factor, FactorSource] | None = None,
        sliders: Mapping[str, float] | None = None,
    ) -> None:
        """`sources`: those not named are the driver. `sliders`: as in `set_sliders`."""
        self._sources: dict[Factor, FactorSource] = dict(sources or {})
        self._on_top: RigMotion | None = None
        self.set_sliders(sliders or {})
        # The mixing thread's own:
        self._shown = {factor: _Shown(source) for factor, source in self._sources.items()}
        self._last: RigMotion | None = None

    def set(self, factor: Factor, source: FactorSource) -> None:
        """Take a factor from here from the next frame on, faded over in FADE_S."""
        self._sources = {**self._sources, factor: source}

    def hold(self, factor: Factor, motion: RigMotion | None) -> None:
        """Keep a factor as it is in this motion; None is rest."""
        self.set(factor, Held(motion))

    def replay(self, factor: Factor, recording: Recording[RigMotion]) -> None:
        """Take a factor from a recording."""
        if not isinstance(recording, RigRecording):
            raise TypeError(f"not a recording of the rig's: {type(recording).__name__}")
        self.set(factor, Replayed(recording))

    def speak(self, lips: Lips) -> None:
        """Take the lips from a sound."""
        self.set("lips", Spoken(lips))

    def look_at_camera(self) -> None:
        """Keep the eyes on the camera."""
        self.set("gaze", ToCamera())

    def release(self, factor: Factor) -> None:
        """Take a factor from the driver again."""
        self.set(factor, LIVE)

    def restart(self) -> None:
        """Begin anew: recordings from their beginning, and no fade from what was before."""
        for source in self._sources.values():
            if isinstance(source, Replayed | Spoken):
                source.restart()
        self._shown = {factor: _Shown(source) for factor, source in self._sources.items()}
        self._last = None

    def set_sliders(self, values: Mapping[str, float]) -> None:
        """ARKit coefficients in 0..1 that are added on top of whatever the sources give."""
        for name, value in values.items():
            if name not in ARKIT_NAMES:
                raise ValueError(f"unknown slider {name!r}: use an ARKit name such as jawOpen")
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the slider {name} must lie in [0, 1], got {value:g}")
        self._on_top = motion_from_arkit(dict(values)) if values else None

    def mix(
        self, motion: RigMotion | None, edit: Edit, captured_ns: int
    ) -> tuple[RigMotion | None, Edit]:
        """The mix at this moment; with nothing to mix, the driver's motion as it is."""
        sources, on_top = self._sources, self._on_top
        if not sources and on_top is None:
            self._last = motion
            return motion, edit
        live = edited(still_motion() if motion is None else motion, Edit(mode=edit.mode))
        mixed = live
        for factor in ORDER:
            if factor in sources:
                self._turn_to(factor, sources[factor], captured_ns)
                head = mixed.rotation * edit.gain("pose")
                mixed = with_factor(mixed, factor, self._at(factor, live, head, captured_ns))
        self._last = mixed
        if on_top is not None:
            mixed = _added(mixed, on_top)
        gains = dict(edit.gains)
        if isinstance(sources.get("gaze"), ToCamera):
            gains.pop("gaze", None)  # a gain would take the eyes off the camera again
        return mixed, replace(edit, mode="both", gains=gains)  # the mode is applied already

    def _turn_to(self, factor: Factor, source: FactorSource, captured_ns: int) -> None:
        """Begin a fade where the source is another one than in the last frame."""
        shown = self._shown.setdefault(factor, _Shown(LIVE))
        if shown.source is not source:
            former = still_motion() if self._last is None else self._last
            self._shown[factor] = _Shown(source, former, captured_ns)

    def _at(self, factor: Factor, live: RigMotion, head: Array, captured_ns: int) -> RigMotion:
        shown = self._shown[factor]
        wanted = shown.source.at(live, head, captured_ns)
        along = (captured_ns - shown.since_ns) / (FADE_S * 1e9)
        if shown.former is None or along >= 1.0:
            self._shown[factor] = _Shown(shown.source)
            return wanted
        return between(shown.former, wanted, float(smoothstep(0.0, 1.0, np.asarray(along))))


def _added(motion: RigMotion, extra: RigMotion) -> RigMotion:
    """Landmarks and lids of a motion with those of another one on top."""
    return replace(
        motion,
        offsets=motion.offsets + extra.offsets,
        aperture=np.maximum(motion.aperture + extra.aperture - 1.0, 0.0),
    )
