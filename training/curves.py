"""A training log as a picture: each number over the steps, in a frame of its own."""

import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

_WIDTH, _HEIGHT, _COLUMNS = 320, 180, 4
_INK, _LINE, _PAPER = (40, 40, 40), (180, 90, 20), 255
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_curves(log: Path, out: Path) -> None:
    """Read JSON lines with "step" and numbers; write a PNG."""
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for text in log.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        for name, value in line.items():
            if name not in ("step", "seconds"):
                series[name].append((line["step"], value))
    frames = [_frame(name, np.array(points)) for name, points in sorted(series.items())]
    blank = np.full((_HEIGHT, _WIDTH, 3), _PAPER, np.uint8)
    frames += [blank] * (-len(frames) % _COLUMNS)
    rows = [np.hstack(frames[k : k + _COLUMNS]) for k in range(0, len(frames), _COLUMNS)]
    cv2.imwrite(str(out), np.vstack(rows))


def _frame(name: str, points: NDArray[np.float64]) -> Pixels:
    canvas = np.full((_HEIGHT, _WIDTH, 3), _PAPER, np.uint8)
    steps, values = points[:, 0], points[:, 1]
    low, high = float(values.min()), float(values.max())
    along = (steps - steps[0]) / max(float(np.ptp(steps)), 1.0)
    up = (values - low) / max(high - low, 1e-9)
    line = np.stack([10 + along * (_WIDTH - 20), _HEIGHT - 28 - up * (_HEIGHT - 60)], axis=1)
    corners = np.round(line).astype(np.int32)
    cv2.polylines(canvas, [corners], isClosed=False, color=_LINE, lineType=cv2.LINE_AA)
    title = f"{name}: {values[-1]:.4g}"
    cv2.putText(canvas, title, (10, 18), _FONT, 0.45, _INK, 1, cv2.LINE_AA)
    bounds = f"{low:.3g} .. {high:.3g}, step {steps[-1]:.0f}"
    cv2.putText(canvas, bounds, (10, _HEIGHT - 8), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
    return canvas
