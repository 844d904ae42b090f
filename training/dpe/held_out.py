"""Held-out people: exact answers, and whether the codes read an expression at all.

Known truth is only measured with here, under every recipe.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.dpe.nets.dpe import DPE
from engine.frame import Pixels
from training.clips.heads import HeadGrid
from training.clips.pairs import Pair, pair_of
from training.dpe.coefficients import GROUPS, MEASURED, groups_of
from training.dpe.cycle import Drawn, draw_cycle, read
from training.dpe.read_expressions import pictures_of, slices

_PAIRS_EACH = 4
_ROWS = 8
_RIDGE = 1e-2
"""Of the probe, in deviations of the code."""


class HeldOutHeads:
    """Measures on rendered people."""

    def __init__(self, people: Sequence[HeadGrid], probed_by: Sequence[HeadGrid]) -> None:
        """`people` are held out; a linear probe of the codes is fitted on `probed_by`."""
        random = np.random.default_rng(1)
        self._people, self._probed_by = list(people), list(probed_by)
        self._pairs: list[Pair] = []
        faces, faces_d = [], []
        for grid in people:
            poses, expressions = grid.pictures.shape[:2]
            for _ in range(_PAIRS_EACH):
                p, q = (int(k) for k in random.choice(poses, 2, replace=False))
                e, f = (int(k) for k in random.choice(expressions, 2, replace=False))
                self._pairs.append(pair_of(grid, (p, e), (q, f)))
                faces.append(_around(grid.boxes[p, e, 0], grid.boxes[p, f, 0]))
                faces_d.append(_around(grid.boxes[q, e, 0], grid.boxes[q, f, 0]))
        size = self._pairs[0].source.shape[0]
        self._face_s = box_masks(np.array(faces), size)
        self._face_d = box_masks(np.array(faces_d), size)

    def scores(self, model: DPE) -> dict[str, float]:
        """PSNR in the face box against the exact pictures; r of what the codes read."""
        source, driving = self._stack("source"), self._stack("driving")
        wanted_e, wanted_p = self._known("expression_only"), self._known("pose_only")
        edited, turned, itself, itself_p, both = _edits(model, source, driving)
        found = {
            "psnr_expression": psnr(edited, wanted_e, self._face_s),
            "psnr_pose": psnr(turned, wanted_p, self._face_d),
            "psnr_both": psnr(both, driving, self._face_d),
            "psnr_itself": (
                psnr(itself, source, self._face_s) + psnr(itself_p, source, self._face_s)
            ) / 2,
            "still_expression": psnr(source, wanted_e, self._face_s),
            "still_pose": psnr(source, wanted_p, self._face_d),
        }  # fmt: skip
        return found | {f"r_{name}": value for name, value in self.reads(model).items()}

    def reads(self, model: DPE) -> dict[str, float]:
        """Correlation with the truth of what a linear probe reads off the expression code."""
        codes, truth = self._codes(model, self._probed_by)
        codes_held, truth_held = self._codes(model, self._people)
        probe = _ridge(codes, truth)
        found = _with_ones(codes_held) @ probe
        names = list(GROUPS)
        return {
            name: _correlation(found[:, names.index(name)], truth_held[:, names.index(name)])
            for name in MEASURED
        }

    def rows(self, model: DPE) -> list[list[Pixels]]:
        """S, S', S'', D, D', D'' (the paper's Fig. 3), and S' as it should be."""
        some = self._pairs[:: max(1, len(self._pairs) // _ROWS)][:_ROWS]
        truth = [pair.known.expression_only for pair in some if pair.known is not None]
        return [[*row, exact] for row, exact in zip(fig_3(model, some), truth, strict=True)]

    def _codes(self, model: DPE, grids: list[HeadGrid]) -> tuple[Tensor, Tensor]:
        pictures, _, coefficients = pictures_of(grids)
        with torch.no_grad():
            codes = [
                _expression_codes(model, pictures[some].float() / 127.5 - 1.0)
                for some in slices(len(pictures))
            ]
        return torch.cat(codes).double(), groups_of(coefficients).double()

    def _stack(self, name: str) -> Tensor:
        return as_tensor([getattr(pair, name) for pair in self._pairs])

    def _known(self, name: str) -> Tensor:
        return as_tensor([getattr(pair.known, name) for pair in self._pairs])


class HeldOutClips:
    """Measures on filmed people, of whom no exact answer is known."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._pairs = list(pairs)

    def scores(self, model: DPE) -> dict[str, float]:
        """PSNR of the whole picture: itself, and both against the driving frame."""
        source = as_tensor([pair.source for pair in self._pairs])
        driving = as_tensor([pair.driving for pair in self._pairs])
        drawn = _drawn(model, source, driving)
        everywhere = torch.ones_like(source[:, :1])
        return {
            "clips_itself": (
                psnr(drawn.itself[0], source, everywhere)
                + psnr(drawn.itself[1], source, everywhere)
            ) / 2,
            "clips_both": psnr(drawn.cycle[1], driving, everywhere),
            "clips_still": psnr(source, driving, everywhere),
        }  # fmt: skip

    def rows(self, model: DPE) -> list[list[Pixels]]:
        """S, S', S'', D, D', D'' (the paper's Fig. 3), and nothing: the truth is not known."""
        some = self._pairs[:4]
        return [[*row, np.zeros_like(row[0])] for row in fig_3(model, some)]


def fig_3(model: DPE, pairs: Sequence[Pair]) -> list[list[Pixels]]:
    """A row for each pair: S, S', S'', D, D', D''."""
    source = as_tensor([pair.source for pair in pairs])
    driving = as_tensor([pair.driving for pair in pairs])
    drawn = _drawn(model, source, driving)
    s1, s2, d1, d2 = drawn.cycle
    columns = (source, s1, s2, driving, d1, d2)
    return [[as_pixels(column[k]) for column in columns] for k in range(len(pairs))]


def sheet_of(rows: Sequence[Sequence[Pixels]], side: int = 128) -> Pixels:
    """Rows of pictures under their names."""
    names = ("S", "S'", "S''", "D", "D'", "D''", "S' exact")
    head = np.full((24, side * len(names), 3), 255, np.uint8)
    for k, name in enumerate(names):
        cv2.putText(
            head, name, (k * side + 8, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA
        )
    drawn = [
        np.hstack([cv2.resize(p, (side, side), interpolation=cv2.INTER_CUBIC) for p in row])
        for row in rows
    ]
    return np.asarray(np.vstack([head, *drawn]), np.uint8)


def psnr(mine: Tensor, yours: Tensor, where: Tensor) -> float:
    """Mean over pictures of the PSNR in dB where `where` (N, 1, S, S) is 1."""
    squares = ((mine.clamp(-1, 1) - yours).square() * where).sum((1, 2, 3))
    mean = squares / (3 * where.sum((1, 2, 3))) / 4  # of a range of 1
    return float((-10 * torch.log10(mean + 1e-8)).mean())


def box_masks(boxes: NDArray[np.float32], size: int) -> Tensor:
    """(N, 4) in -1..1 -> (N, 1, size, size)."""
    places = (torch.arange(size) + 0.5) * 2 / size - 1
    left, top, right, bottom = (torch.from_numpy(boxes[:, k])[:, None] for k in range(4))
    across, down = (places >= left) & (places <= right), (places >= top) & (places <= bottom)
    return (down[:, :, None] & across[:, None, :])[:, None].float()


def as_tensor(pictures: Sequence[Pixels]) -> Tensor:
    """(S, S, 3) each -> (N, 3, S, S) in -1..1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def as_pixels(picture: Tensor) -> Pixels:
    """(3, S, S) in -1..1 -> (S, S, 3)."""
    levels = ((picture.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())


def _there(x: Tensor, model: DPE) -> Tensor:
    """Where the model is."""
    return x.to(next(model.parameters()).device)


def _edits(model: DPE, source: Tensor, driving: Tensor) -> list[Tensor]:
    """Expression, pose, itself by either generator, both; (N, 3, S, S) each, on the CPU."""
    source, driving = _there(source, model), _there(driving, model)
    with torch.no_grad():
        code, features = model.encode(source)
        e, p = model.motion(code)
        e_d, p_d = model.motion(model.encode(driving)[0])
        edited = model.draw(model.expression, e_d, code, features)
        drawn = [
            edited,
            model.draw(model.pose, p_d, code, features),
            model.draw(model.expression, e, code, features),
            model.draw(model.pose, p, code, features),
            model.draw(model.pose, p_d, *model.encode(edited)),
        ]
    return [picture.float().cpu() for picture in drawn]


def _expression_codes(model: DPE, pictures: Tensor) -> Tensor:
    code, _ = model.encode(_there(pictures, model))
    return model.motion(code)[0].cpu()


def _drawn(model: DPE, source: Tensor, driving: Tensor) -> Drawn:
    with torch.no_grad():
        drawn = draw_cycle(model, read(model, _there(source, model), _there(driving, model)))
    return drawn.mapped(lambda picture: picture.float().cpu())


def _around(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.minimum(one[:2], other[:2]), np.maximum(one[2:], other[2:])
    return np.concatenate([low, high])


def _ridge(codes: Tensor, truth: Tensor) -> Tensor:
    x = _with_ones(codes)
    strength = _RIDGE * len(x) * x.var(0).mean().clamp(min=1e-12)
    square = x.T @ x + strength * torch.eye(x.shape[1], dtype=x.dtype)
    probe: Tensor = torch.linalg.solve(square, x.T @ truth)
    return probe


def _with_ones(codes: Tensor) -> Tensor:
    return torch.cat([codes, torch.ones(len(codes), 1, dtype=codes.dtype)], dim=1)


def _correlation(one: Tensor, other: Tensor) -> float:
    if float(one.std()) < 1e-9 or float(other.std()) < 1e-9:
        return 0.0
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])
