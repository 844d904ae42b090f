"""Every factor of PD-FGC from a source of its own: driver, recording, the portrait itself, zero."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine.errors import InputError
from engine.geometry import smoothstep
from engine.model import Lips, Recording
from engine.motion import FACTORS, Edit, Factor, Mode
from engine.pdfgc.layout import INDICES
from engine.pdfgc.motion import PdfgcMotion, between
from engine.pdfgc.recording import PdfgcRecording

FADE_S = 0.35
"""From one source of a factor to another: the same as a face that is followed again."""


class FactorSource(Protocol):
    """Where one factor comes from."""

    def at(self, live: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        """A motion whose factor is wanted; `live` is the driver's own at this moment."""
        ...


class Live:
    """The driver itself."""

    def at(self, live: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        """The driver's motion."""
        return live


class Held:
    """A motion that stays as it is."""

    def __init__(self, motion: PdfgcMotion) -> None:
        self._motion = motion

    def at(self, live: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        """The same motion at every moment."""
        return self._motion


class Replayed:
    """A recording, from its beginning at the first frame, again and again."""

    def __init__(self, recording: PdfgcRecording) -> None:
        self._recording = recording
        self._began_ns: int | None = None

    def restart(self) -> None:
        """The next frame is the first one."""
        self._began_ns = None

    def at(self, live: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        """What was recorded so long after the first frame."""
        if self._began_ns is None:
            self._began_ns = captured_ns
        return self._recording.at(captured_ns - self._began_ns)


LIVE: FactorSource = Live()


@dataclass(frozen=True, slots=True)
class _Shown:
    """The source of one factor as of the last frame, and what it is faded over from."""

    source: FactorSource
    former: PdfgcMotion | None = None
    since_ns: int = 0


class PdfgcMixer:
    """Holds the sources; they may be set by another thread than the one that mixes."""

    def __init__(self) -> None:
        self._sources: dict[Factor, FactorSource] = {}
        # The mixing thread's own:
        self._shown: dict[Factor, _Shown] = {}
        self._last: PdfgcMotion | None = None

    def set(self, factor: Factor, source: FactorSource) -> None:
        """Take a factor from here from the next frame on, faded over in FADE_S."""
        self._sources = {**self._sources, factor: source}

    def hold(self, factor: Factor, motion: PdfgcMotion | None) -> None:
        """Keep a factor as it is in this motion; None is the portrait's own."""
        self.set(factor, Held(PdfgcMotion.still() if motion is None else motion))

    def switch_off(self, factor: Factor) -> None:
        """A factor's codes are zero: a canonical face, as in the authors' demo."""
        self.set(factor, Held(PdfgcMotion.zero()))

    def replay(self, factor: Factor, recording: Recording[PdfgcMotion]) -> None:
        """Take a factor from a recording."""
        if not isinstance(recording, PdfgcRecording):
            raise InputError(
                "this motion file is of another model. Record one with the same --model."
            )
        self.set(factor, Replayed(recording))

    def speak(self, lips: Lips) -> None:
        """Not to be had: it has codes of lips, not shapes; it hears sounds itself."""
        raise InputError(
            "PD-FGC hears whole sounds, not a microphone: use --source lips=speech.wav or "
            "lips=sound with `understudy render`, or --model rig."
        )

    def look_at_camera(self) -> None:
        """Not to be had: nobody knows which code of PD-FGC looks into the camera."""
        raise InputError(
            "PD-FGC has no gaze that is known to meet the camera. Use --source gaze=zero, the "
            "straight look of its canonical face, or --model rig."
        )

    def release(self, factor: Factor) -> None:
        """Take a factor from the driver again."""
        self.set(factor, LIVE)

    def restart(self) -> None:
        """Begin anew: recordings from their beginning, and no fade from what was before."""
        for source in self._sources.values():
            if isinstance(source, Replayed):
                source.restart()
        self._shown = {factor: _Shown(source) for factor, source in self._sources.items()}
        self._last = None

    def set_sliders(self, values: Mapping[str, float]) -> None:
        """Not to be had: its codes have no muscles."""
        if values:
            raise InputError(
                f"PD-FGC has no slider {next(iter(values))}: it moves whole factors "
                f"({', '.join(FACTORS)}). For single muscles use --model rig."
            )

    def mix(
        self, motion: PdfgcMotion | None, edit: Edit, captured_ns: int
    ) -> tuple[PdfgcMotion | None, Edit]:
        """The mix at this moment; with nothing to mix, the driver's motion as it is.

        The mode says what is taken from the driver; a factor with a source of its own is shown
        whatever the mode. Gains act on the mix.
        """
        sources = self._sources
        if not sources:
            self._last = motion
            return motion, edit
        mixed = live = _left_by(edit, PdfgcMotion.still() if motion is None else motion)
        for factor, source in sources.items():
            self._turn_to(factor, source, captured_ns)
            mixed = mixed.with_factor(factor, self._at(factor, live, captured_ns))
        self._last = mixed
        # The mode is applied already. A head that stays as it is needs no room of its own.
        mode: Mode = "both" if mixed.share[INDICES["pose"]].any() else "expression"
        return mixed, replace(edit, mode=mode)

    def _turn_to(self, factor: Factor, source: FactorSource, captured_ns: int) -> None:
        """Begin a fade where the source is another one than in the last frame."""
        shown = self._shown.setdefault(factor, _Shown(LIVE))
        if shown.source is not source:
            former = PdfgcMotion.still() if self._last is None else self._last
            self._shown[factor] = _Shown(source, former, captured_ns)

    def _at(self, factor: Factor, live: PdfgcMotion, captured_ns: int) -> PdfgcMotion:
        shown = self._shown[factor]
        wanted = shown.source.at(live, captured_ns)
        along = (captured_ns - shown.since_ns) / (FADE_S * 1e9)
        if shown.former is None or along >= 1.0:
            self._shown[factor] = _Shown(shown.source)
            return wanted
        return between(shown.former, wanted, float(smoothstep(0.0, 1.0, np.asarray(along))))


def _left_by(edit: Edit, motion: PdfgcMotion) -> PdfgcMotion:
    """The driver's motion without what the mode leaves to the portrait; no gain yet."""
    return replace(motion, share=motion.edited(Edit(mode=edit.mode)).share)
