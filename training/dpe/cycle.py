"""The pictures of one step of the strategy (DPE, Sec. 3.2): forward, backward, and itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.dpe.nets.dpe import DPE, Branch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """(N, 3, size, size) each, by the paper's letters."""

    itself: tuple[Tensor, ...] = ()
    """e(S, S), p(S, S)"""
    edited: tuple[Tensor, ...] = ()
    """e(S, D), p(S, D)"""
    cycle: tuple[Tensor, ...] = ()
    """S' = e(S, D), S'' = p(S', D), D' = p(D, S), D'' = e(D', S); nothing of the self pairs."""

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Drawn":
        """Every picture changed."""
        return Drawn(
            itself=tuple(map(change, self.itself)),
            edited=tuple(map(change, self.edited)),
            cycle=tuple(map(change, self.cycle)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codes:
    """What the encoder reads of S and D, S first: (2 N, style) each, and features."""

    code: Tensor
    features: list[Tensor]
    expression: Tensor
    pose: Tensor


def read(model: DPE, source: Tensor, driving: Tensor) -> Codes:
    """Encode both pictures at once."""
    code, features = model.encode(torch.cat([source, driving]))
    expression, pose = model.motion(code)
    return Codes(code=code, features=features, expression=expression, pose=pose)


def draw_itself(model: DPE, codes: Codes) -> Drawn:
    """The self pairs alone."""
    (s, _), (e, _), (p, _) = _halves(codes.code), _halves(codes.expression), _halves(codes.pose)
    features = [_halves(x)[0] for x in codes.features]
    return Drawn(
        itself=(
            model.draw(model.expression, e, s, features), model.draw(model.pose, p, s, features)
        )
    )  # fmt: skip


def draw_edited(model: DPE, codes: Codes) -> Drawn:
    """Both edits of S by D, whose exact pictures a renderer knows."""
    s, _ = _halves(codes.code)
    (_, e), (_, p) = _halves(codes.expression), _halves(codes.pose)
    features = [_halves(x)[0] for x in codes.features]
    return Drawn(
        edited=(
            model.draw(model.expression, e, s, features), model.draw(model.pose, p, s, features)
        )
    )  # fmt: skip


def draw_cycle(model: DPE, codes: Codes) -> Drawn:
    """All six; what one generator draws at the same time is drawn as one batch."""
    s, d = _halves(codes.code)
    e_s, e_d = _halves(codes.expression)
    p_s, p_d = _halves(codes.pose)
    of_s, of_d = zip(*(_halves(x) for x in codes.features), strict=True)
    s1, itself_e = _draw(model.expression, [(s + e_d, of_s), (s + e_s, of_s)])
    d1, itself_p = _draw(model.pose, [(d + p_s, of_d), (s + p_s, of_s)])
    code, features = model.encode(torch.cat([s1, d1]))
    s_again, d_again = _halves(code)
    of_s1, of_d1 = zip(*(_halves(x) for x in features), strict=True)
    (s2,) = _draw(model.pose, [(s_again + p_d, of_s1)])
    (d2,) = _draw(model.expression, [(d_again + e_s, of_d1)])
    return Drawn(itself=(itself_e, itself_p), cycle=(s1, s2, d1, d2))


def _halves(x: Tensor) -> tuple[Tensor, Tensor]:
    first, second = x.chunk(2)
    return first, second


def _draw(branch: Branch, wanted: Sequence[tuple[Tensor, Sequence[Tensor]]]) -> tuple[Tensor, ...]:
    code = torch.cat([code for code, _ in wanted])
    features = [torch.cat(level) for level in zip(*(f for _, f in wanted), strict=True)]
    picture: Tensor = branch.generator(code, features)
    return picture.chunk(len(wanted))
