"""The pictures and the clip that ship with the product: rendered heads, made by one command.

    understudy train media --facekit facekit.npz --out stream/assets

They are the first thing a user sees. Every person here is written down value by value, so that a
change of the samplers does not change them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from engine.frame import Pixels
from training.heads import performance
from training.heads.appearance import Appearance
from training.heads.backdrops import Picture, paint_backdrop
from training.heads.factors import Expression, Shapes
from training.heads.head_mesh import smoothstep
from training.heads.identity import sample_identity
from training.heads.lights import Light, direction
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import Framing, Shot

SPREAD = 0.6
"""Less varied than training's people: faces that nobody stumbles over."""
STRAIGHT = Pose()
FRIENDLY = Expression(
    emotion=Shapes(weights={"mouthSmile": 0.16, "eyeSquint": 0.08, "mouthPress": 0.08})
)
FRAMES_PER_SECOND = 30
FRAMES = round(performance.SECONDS * FRAMES_PER_SECOND)
BT709, LIMITED = 1, 1
"""FFmpeg's numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """One person of the bundle, and how the picture is taken."""

    file: str
    identity: int
    looks: Appearance
    framing: Framing
    key_azimuth_deg: float
    backdrop: Callable[[int], Picture]
    pose: Pose = STRAIGHT
    expression: Expression = FRIENDLY
    is_painted: bool = False
    """Whether the picture looks painted in oil."""


def studio_light(azimuth_deg: float) -> Light:
    """A large window on one side, a pale wall on the other."""
    return Light(
        key_direction=direction(azimuth_deg, 30),
        key_colour=np.array([1.06, 1.0, 0.93]) * 1.05,
        fill_direction=direction(-float(np.sign(azimuth_deg)) * 75, 8),
        fill_colour=np.array([0.90, 1.0, 1.12]) * 0.28,
        ambient=np.array(
            [[1, 1, 1], [1, 1, 1], [1.3, 1.3, 1.35], [0.62, 0.58, 0.55], [1, 1, 1], [0.8] * 3]
        )
        * 0.43,
        shadow=0.7,
    )


def graded(
    bright: tuple[float, float, float], dark: tuple[float, float, float]
) -> Callable[[int], Picture]:
    """A studio's backdrop: bright behind the head, darker to the edges."""

    def paint(size_px: int) -> Picture:
        y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
        share = smoothstep(0.05, 0.85, np.hypot(x - 0.5, y - 0.42))[..., None]
        return np.asarray(np.array(bright) * (1 - share) + np.array(dark) * share, np.float32)

    return paint


def blurred_scene(seed: int, sigma: float, gain: float) -> Callable[[int], Picture]:
    """A painted scene, far out of focus."""

    def paint(size_px: int) -> Picture:
        scene = paint_backdrop(seed, 256)
        soft = cv2.GaussianBlur(scene, (0, 0), sigma) * gain
        wide = cv2.resize(soft, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(wide, 0, 1), np.float32)

    return paint


def draw_portrait(renderer: Renderer, sitter: Sitter) -> Pixels:
    """Render one sitter at the renderer's size."""
    identity = sample_identity(renderer.mesh, sitter.identity, SPREAD)
    shot = Shot(
        framing=sitter.framing,
        light=studio_light(sitter.key_azimuth_deg),
        backdrop=sitter.backdrop(renderer.quality.size_px),
        pose=sitter.pose,
        expression=sitter.expression,
        occluder=None,
    )
    picture = renderer.render(renderer.actor(identity, sitter.looks), shot).picture
    return painted(picture) if sitter.is_painted else picture


def write_clip(renderer: Renderer, sitter: Sitter, path: Path, tell: Callable[[int], None]) -> None:
    """Render the performance: H.264, BT.709 limited, 30 frames a second; `tell` hears of each."""
    size = renderer.quality.size_px
    actor = renderer.actor(sample_identity(renderer.mesh, sitter.identity, SPREAD), sitter.looks)
    shot = Shot(
        framing=sitter.framing,
        light=studio_light(sitter.key_azimuth_deg),
        backdrop=sitter.backdrop(size),
        pose=sitter.pose,
        expression=sitter.expression,
        occluder=None,
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "23", "preset": "slow", "colorprim": "bt709"}
        coder = stream.codec_context
        coder.colorspace = coder.color_primaries = coder.color_trc = BT709
        coder.color_range = LIMITED
        for index in range(FRAMES):
            second = index / FRAMES_PER_SECOND
            moment = replace(
                shot, pose=performance.pose_at(second), expression=performance.expression_at(second)
            )
            frame = av.VideoFrame.from_ndarray(renderer.render(actor, moment).picture, "rgb24")
            coded = frame.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            coded.colorspace = BT709
            container.mux(stream.encode(coded))
            tell(index + 1)
        container.mux(stream.encode())


def painted(picture: Pixels, radius_px: int = 3) -> Pixels:
    """Give a picture the flat strokes of oil: Kuwahara's filter, warmer, on canvas."""
    image = picture.astype(np.float32)
    side = radius_px + 1
    mean = cv2.boxFilter(image, -1, (side, side))
    square = cv2.boxFilter(image**2, -1, (side, side))
    spread = (square - mean**2).sum(axis=2)
    best, least = mean, np.full(spread.shape, np.inf, np.float32)
    half = side // 2
    for down in (-half, half):
        for right in (-half, half):
            shifted = np.roll(spread, (down, right), (0, 1))
            is_calmer = shifted < least
            best = np.where(is_calmer[..., None], np.roll(mean, (down, right), (0, 1)), best)
            least = np.where(is_calmer, shifted, least)
    y, x = np.mgrid[0 : len(image), 0 : image.shape[1]]
    canvas = 1 + 0.012 * (np.sin(x * 2.1) + np.sin(y * 2.1))
    strokes = 0.78 * best + 0.22 * image  # the eyes keep their light
    warm = strokes * canvas[..., None] * np.array([1.03, 1.0, 0.93])
    return np.asarray(np.clip(warm + 0.5, 0, 255), np.uint8)
