"""How well visemes are heard: frames that are right, closures of the lips found and invented."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.speech.articulation import CLOSES_AT, sharp
from engine.speech.visemes import CLOSED, SILENCE

SLACK = 3
"""Frames by which a closure may be early or late: 30 ms, less than a picture's time."""
LEAST_SHARE = CLOSES_AT
"""A closure is where lips would meet by it: its share, as smooth as a mouth, is this high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Of many frames."""

    right: float
    """Share of the frames whose likeliest viseme is the true one."""
    spoken_right: float
    """The same of the frames in which somebody speaks."""
    found: float
    """Share of the true closures in or near which one is heard."""
    false: float
    """Share of the heard closures that have no true one near."""


def scores(
    heard: NDArray[np.float32], said: NDArray[np.integer], least_share: float = LEAST_SHARE
) -> Scores:
    """(N, 16) shares and (N,) places in VISEMES, of the same frames."""
    likeliest = heard.argmax(axis=1)
    spoken = said != SILENCE
    true, told = said == CLOSED, sharp(heard)[:, CLOSED] >= least_share
    found = _met(true, told)
    real = _met(told, true)
    return Scores(
        right=float(np.mean(likeliest == said)),
        spoken_right=float(np.mean(likeliest[spoken] == said[spoken])) if spoken.any() else 0.0,
        found=float(np.mean(found)) if len(found) else 0.0,
        false=1.0 - float(np.mean(real)) if len(real) else 0.0,
    )


def _met(events: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each run of true frames, whether one of the others is true within SLACK."""
    near = np.convolve(others, np.ones(2 * SLACK + 1), "same") > 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[0], events.astype(np.int8), [0]])))
    return np.array([near[a:b].any() for a, b in edges.reshape(-1, 2)], np.bool_)
