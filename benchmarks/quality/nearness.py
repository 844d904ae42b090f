"""How near a picture is to the truth, region by region: PSNR, SSIM, L1, LPIPS."""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.regions import REGIONS, regions, ssim
from engine.faces.face import Face
from engine.frame import Pixels

if TYPE_CHECKING:
    from benchmarks.lpips import Lpips

METRICS = ("psnr", "ssim", "l1", "lpips")
MOST_DB = 99.0
"""Of equal pictures."""

Values = dict[str, float]
"""`metric.region` -> value."""


def psnr(output: Pixels, truth: Pixels) -> float:
    """In dB of 255; 99 for equal pictures."""
    return decibels(float(np.mean((output.astype(np.float32) - truth) ** 2)))


def decibels(squared: float) -> float:
    """Of a mean squared difference, of 255."""
    if squared <= 0.0:
        return MOST_DB
    return min(MOST_DB, 10.0 * float(np.log10(255.0**2 / squared)))


def nearness(output: Pixels, truth: Pixels, face: Face, lpips: "Lpips | None") -> Values:
    """All metrics in all regions, which lie where the true face is; LPIPS where it is there."""
    masks = regions(face, truth.shape[:2])
    apart = output.astype(np.float32) - truth
    likeness = ssim(output, truth)
    looks = None
    if lpips is not None:
        features = lpips.features(output), lpips.features(truth)
        looks = lpips.between(*features, truth.shape[:2])
    found: Values = {}
    for region in REGIONS:
        part = apart[masks[region]]
        found[f"psnr.{region}"] = decibels(float(np.square(part).mean()))
        found[f"ssim.{region}"] = float(likeness[masks[region]].mean())
        found[f"l1.{region}"] = float(np.abs(part).mean())
        if looks is not None:
            found[f"lpips.{region}"] = float(looks[masks[region]].mean())
    return found
