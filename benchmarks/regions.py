"""How near two pictures of a face are, region by region: L1 of 255 and SSIM."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Pixels
from engine.rig.landmarks import EYES, OUTER_LIPS, OVAL

Mask: TypeAlias = NDArray[np.bool_]

REGIONS = ("face", "mouth", "eyes", "whole")


def regions(face: Face, size: tuple[int, int]) -> dict[str, Mask]:
    """Face: within its outline; mouth and eyes: their outlines, grown a little; whole: all."""

    def within(indices: list[int], grow: int) -> Mask:
        mask = np.zeros(size, np.uint8)
        hull = cv2.convexHull(np.round(face.landmarks[indices, :2]).astype(np.int32))
        cv2.fillPoly(mask, [hull], 1)
        side = 2 * grow + 1
        return np.asarray(cv2.dilate(mask, np.ones((side, side), np.uint8)) > 0)

    grow = max(2, min(size) // 100)
    left, right = (within(eye.contour.tolist(), grow) for eye in EYES)
    return {
        "face": within(list(OVAL), 0),
        "mouth": within(list(OUTER_LIPS), grow),
        "eyes": left | right,
        "whole": np.ones(size, np.bool_),
    }


def distance(
    output: Pixels, truth: Pixels, masks: dict[str, Mask]
) -> dict[str, tuple[float, float]]:
    """Region -> mean absolute difference (of 255), mean SSIM."""
    difference = np.abs(output.astype(np.float32) - truth).mean(axis=-1)
    similarity = ssim(output, truth)
    return {
        name: (float(difference[mask].mean()), float(similarity[mask].mean()))
        for name, mask in masks.items()
    }


def ssim(first: Pixels, second: Pixels) -> NDArray[np.float32]:
    """(H, W) structural similarity in grey: 11 x 11 Gaussian, sigma 1.5 (Wang 2004)."""
    a, b = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (first, second))

    def mean(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(picture, (11, 11), 1.5), np.float32)

    c1, c2 = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2)
    mean_a, mean_b = mean(a), mean(b)
    variance = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    return np.asarray(
        ((2 * mean_a * mean_b + c1) * (2 * covariance + c2))
        / ((mean_a**2 + mean_b**2 + c1) * (variance + c2)),
        np.float32,
    )
