"""Between two stages of one network: the first's error, the second's looks.

Network interpolation (Wang 2018, ESRGAN, Sec. 3.4): the second stage began with the weights of the
first, so what lies between them works, and trades error against sharpness without new training.
"""

import copy

import torch

from engine.nets.refiner import Refiner


def mixed(first: Refiner, second: Refiner, share: float) -> Refiner:
    """Weights that lie at `share` of the way from `first` (0) to `second` (1)."""
    between = copy.deepcopy(second)
    with torch.no_grad():
        for mine, theirs in zip(between.parameters(), first.parameters(), strict=True):
            mine.lerp_(theirs, 1.0 - share)
    return between
