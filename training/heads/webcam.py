"""What a cheap camera does to a picture: blur, white balance, gain, vignette, noise, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from training.heads.seeds import generator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Webcam:
    """One camera; a pair of pictures shares it and has its own noise."""

    blur_px: float
    """Deviation at 256 pixels."""
    shrink: float
    """The sensor's share of the picture's resolution."""
    sharpening: float
    gamma: float
    gain: NDArray[np.float64]
    """(3,) white balance and exposure."""
    saturation: float
    vignette: float
    grey_noise: float
    colour_noise: float
    jpeg_quality: int | None


def sample_webcam(seed: int) -> Webcam:
    """Draw a camera; one in six is perfect."""
    draw = generator(seed, "webcam")
    if draw.random() < 1 / 6:
        return Webcam(
            blur_px=0, shrink=1, sharpening=0, gamma=1, gain=np.ones(3), saturation=1,
            vignette=0, grey_noise=0, colour_noise=0, jpeg_quality=None,
        )  # fmt: skip
    return Webcam(
        blur_px=float(draw.uniform(0.3, 1.0) * (draw.random() < 0.6)),
        shrink=float(draw.uniform(0.4, 0.8) if draw.random() < 0.25 else 1.0),
        sharpening=float(draw.uniform(0.2, 0.8) * (draw.random() < 0.3)),
        gamma=float(np.exp(draw.normal(0, 0.12))),
        gain=np.exp(draw.normal(0, 0.05, 3)) * np.exp(draw.normal(0, 0.06)),
        saturation=float(draw.uniform(0.75, 1.2)),
        vignette=float(draw.uniform(0, 0.3) * (draw.random() < 0.3)),
        grey_noise=float(draw.uniform(0, 0.018)),
        colour_noise=float(draw.uniform(0, 0.012)),
        jpeg_quality=int(draw.integers(45, 95)) if draw.random() < 0.6 else None,
    )


def photographed(picture: Pixels, camera: Webcam, noise_seed: int) -> Pixels:
    """The picture (H, W, 3) as this camera would have taken it."""
    draw = generator(noise_seed, "noise")
    height, width = picture.shape[:2]
    image: NDArray[np.float32] = picture.astype(np.float32) / np.float32(255)
    image = np.clip(_optics(image, camera, height / 256), 0, 1)
    image = (image**camera.gamma * camera.gain).astype(np.float32)
    grey = image.mean(axis=2, keepdims=True)
    image = grey + (image - grey) * camera.saturation
    if camera.vignette:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        image *= (1 - camera.vignette * (x**2 + y**2) / 2)[..., None]
    noise = draw.normal(0, 1, (height, width, 1)) * camera.grey_noise
    noise = noise + draw.normal(0, 1, (height, width, 3)) * camera.colour_noise
    taken = (np.clip(image + noise, 0, 1) * 255 + 0.5).astype(np.uint8)
    return taken if camera.jpeg_quality is None else _through_jpeg(taken, camera.jpeg_quality)


def _optics(image: NDArray[np.float32], camera: Webcam, scale: float) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    if camera.blur_px:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.blur_px * scale), np.float32)
    if camera.shrink < 1:
        small = cv2.resize(
            image, None, fx=camera.shrink, fy=camera.shrink, interpolation=cv2.INTER_AREA
        )
        image = np.asarray(
            cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
        )
    if camera.sharpening:
        soft = cv2.GaussianBlur(image, (0, 0), 1.5 * scale)
        image = np.asarray(image + (image - soft) * camera.sharpening, np.float32)
    return image


def _through_jpeg(picture: Pixels, quality: int) -> Pixels:
    coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
