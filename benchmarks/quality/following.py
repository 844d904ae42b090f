"""Does the portrait follow: landmark motion, signals' correlation and gain, lag, excess.

All is relative to a rest: the driver's to the frame it is calibrated by, the portrait's to its own
picture. So two people compare, and so do families with and without a neutral face.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.faces.face import Face
from engine.geometry import Array, yaw_pitch_roll
from engine.rig.driver.reading import read_face
from engine.rig.landmarks import EYES

SIGNALS = ("jaw", "blink", "gaze x", "gaze y", "yaw", "pitch", "roll")
MOVES = dict(zip(SIGNALS, (0.02, 0.03, 0.05, 0.05, 1.0, 1.0, 1.0), strict=True))
"""Standard deviation of a driver's signal below which following it says nothing. Irises of a head
that shakes by 15 degrees and looks ahead are read 0.04 cm apart."""
POSE = SIGNALS[4:]

MOST_LAG = 10
"""Frames, both ways."""
LEAST_FRAMES = 24
"""For a lag."""

_POINTS = 468


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traces:
    """A face over time, relative to a rest."""

    signals: dict[str, Array]
    """(N,) each: jaw, the lip gap over the mouth's width; blink, the lids' opening over the eye's
    width; gaze in cm of iris; angles in degrees."""
    offsets: Array
    """(N, 468, 2) cm of the points across the canonical face."""

    def at(self, kept: Sequence[int]) -> "Traces":
        """Some of the frames."""
        rows = list(kept)
        signals = {name: values[rows] for name, values in self.signals.items()}
        return Traces(signals=signals, offsets=self.offsets[rows])


def traces(faces: Sequence[Face], rest: Face) -> Traces:
    """What they do, against what they are at rest."""
    still = read_face(rest)
    readings = [read_face(face) for face in faces]
    turned = np.array(
        [yaw_pitch_roll(r.placement.rotation @ still.placement.rotation.T) for r in readings]
    )
    gaze = np.array([_gaze(r.points) - _gaze(still.points) for r in readings])
    columns = [
        np.array([r.lip_gap - still.lip_gap for r in readings]),
        np.array([(r.openings - still.openings).mean() for r in readings]),
        *gaze.T,
        *turned.T,
    ]
    offsets = np.array([(r.points - still.points)[:_POINTS, :2] for r in readings])
    return Traces(signals=dict(zip(SIGNALS, columns, strict=True)), offsets=offsets)


def _gaze(points: Array) -> Array:
    """(2,) cm: irises against the corners of their eyes, mean of both."""
    found = [points[eye.iris, :2].reshape(-1, 2).mean(axis=0) for eye in EYES]
    corners = [points[[eye.outer, eye.inner], :2].mean(axis=0) for eye in EYES]
    return np.asarray(np.mean(np.array(found) - np.array(corners), axis=0))


def followed(result: Traces, driver: Traces) -> dict[str, float]:
    """`r.SIGNAL` and `gain.SIGNAL` of those that the driver moves, and the measures below."""
    found: dict[str, float] = {}
    for name, wanted in driver.signals.items():
        if len(wanted) < 3 or wanted.std() < MOVES[name]:
            continue
        seen = result.signals[name]
        own = wanted - wanted.mean()
        found[f"gain.{name}"] = float(own @ (seen - seen.mean()) / (own @ own))
        still = seen.std() < 1e-9
        found[f"r.{name}"] = 0.0 if still else float(np.corrcoef(seen, wanted)[0, 1])
    found["landmarks"] = 10.0 * float(
        np.linalg.norm(result.offsets - driver.offsets, axis=2).mean()
    )
    size, asked = (float(np.sqrt(np.square(t.offsets).mean())) for t in (result, driver))
    found["excess"] = 100.0 * (size / max(asked, 1e-9) - 1.0)
    found["unasked"] = 10.0 * _unasked(result.offsets, driver.offsets)
    return found


def _unasked(result: Array, driver: Array) -> float:
    """Root mean square (cm) of what moves and is no share of what the driver did."""
    gain = float((result * driver).sum() / max(float((driver * driver).sum()), 1e-9))
    return float(np.sqrt(2.0 * np.square(result - gain * driver).mean()))


def lag_frames(result: Traces, driver: Traces) -> float | None:
    """How many frames the portrait is later, of all signals that move together.

    The top of the sum of their correlations, on a parabola through its neighbours; None where
    nothing moves, where too little is seen, or where the top lies at the end of the search.
    """
    moving = [
        name
        for name, wanted in driver.signals.items()
        if wanted.std() >= MOVES[name] and result.signals[name].std() > 1e-9
    ]
    count = len(result.offsets)
    if not moving or count < LEAST_FRAMES:
        return None
    most = min(MOST_LAG, count // 3)
    sums = [
        sum(_shifted(result.signals[name], driver.signals[name], lag) for name in moving)
        for lag in range(-most, most + 1)
    ]
    top = int(np.argmax(sums))
    if top in (0, len(sums) - 1):
        return None
    before, at, after = sums[top - 1 : top + 2]
    bend = before - 2.0 * at + after
    part = 0.5 * (before - after) / bend if bend < -1e-12 else 0.0
    return top - most + part


def _shifted(result: Array, driver: Array, lag: int) -> float:
    """Correlation of the result with the driver `lag` frames before."""
    count = len(result) - abs(lag)
    late, early = result[max(lag, 0) :][:count], driver[max(-lag, 0) :][:count]
    if late.std() < 1e-9 or early.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(late, early)[0, 1])
