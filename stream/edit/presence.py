"""How far a face is edited where it comes into its shot or leaves it: a mouth must not jump.

Where the face is lost, the film shows its own expression from one picture to the next. So the
edit fades out before, and in afterwards; not at a cut, where everything changes.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.editing import FaceTrack
from engine.faces.steady import runs
from engine.geometry import smoothstep
from stream.edit.keys import FADE_S


def presence(track: FaceTrack, looked: NDArray[np.bool_]) -> Callable[[float], float]:
    """A frame's time in s -> 0..1; `looked` (N,) is where anybody looked for the face."""
    times, shots = track.times_s, track.shots
    share = track.seen.astype(np.float64)
    for begin, end in runs(track.seen, shots):
        own = times[begin:end]
        if begin > 0 and shots[begin - 1] == shots[begin] and looked[begin - 1]:
            share[begin:end] *= smoothstep(0.0, FADE_S, own - times[begin - 1])
        if end < len(times) and shots[end] == shots[end - 1] and looked[end]:
            share[begin:end] *= smoothstep(0.0, FADE_S, times[end] - own)

    def at(time_s: float) -> float:
        return float(share[min(int(np.searchsorted(times, time_s - 1e-6)), len(times) - 1)])

    return at
