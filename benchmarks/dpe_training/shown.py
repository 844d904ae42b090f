"""How much of a driver's expression an edit shows, read off its picture by a network.

At 32 pixels no tracker finds a face; the network of `understudy train expressions` reads squares
that are aligned by where the face is known to lie. Give it another one than Eq. 10 was judged by.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.dpe.nets.dpe import DPE
from training.clips.heads import HeadGrid
from training.clips.pairs import pair_of
from training.dpe.coefficients import GROUPS, MEASURED, groups_of
from training.dpe.expression_network import ExpressionNetwork
from training.dpe.held_out import as_tensor

EACH = 12
"""Pairs of a person."""


def shown(
    model: DPE, people: Sequence[HeadGrid], network: ExpressionNetwork, seed: int = 2
) -> dict[str, float]:
    """The share of the driver's change of jaw, smile and lids that e(S, D) and p(S, D) show.

    As slopes, 1 where an edit shows as much as the exact picture and 0 where nothing, means of the
    three; `p` should be 0.
    """
    random = np.random.default_rng(seed)
    pairs = []
    for grid in people:
        poses, faces = grid.pictures.shape[:2]
        for _ in range(EACH):
            p, q = (int(k) for k in random.choice(poses, 2, replace=False))
            e, f = (int(k) for k in random.choice(faces, 2, replace=False))
            pairs.append(pair_of(grid, (p, e), (q, f)))
    source, driving = (as_tensor([getattr(x, n) for x in pairs]) for n in ("source", "driving"))
    known = [pair.known for pair in pairs if pair.known is not None]
    moved, turned = (
        as_tensor([getattr(x, n) for x in known]) for n in ("expression_only", "pose_only")
    )
    alignments = torch.from_numpy(np.stack([pair.alignments for pair in pairs])).float()
    at_s, at_d = alignments[:, 0], alignments[:, 1]
    with torch.no_grad():
        code, features = model.encode(source)
        expression, pose = model.motion(model.encode(driving)[0])
        by_e = model.draw(model.expression, expression, code, features)
        by_p = model.draw(model.pose, pose, code, features)

        def read(pictures: Tensor, at: Tensor) -> Tensor:
            columns = [list(GROUPS).index(name) for name in MEASURED]
            return groups_of(network.read(pictures, at))[:, columns]

        before, after = read(source, at_s), read(turned, at_d)
        return {
            "shown_e": _slope(read(moved, at_s) - before, read(by_e, at_s) - before),
            "shown_p": _slope(read(driving, at_d) - after, read(by_p, at_d) - after),
        }


def _slope(asked: Tensor, done: Tensor) -> float:
    return float(((asked * done).sum(0) / asked.square().sum(0).clamp(min=1e-9)).mean())
