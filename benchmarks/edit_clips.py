"""Films for the edit's benchmark: rendered heads whose answer is known, two faces, a cut, a hand.

python -m benchmarks.edit_clips heads --facekit facekit.npz --out FOLDER
python -m benchmarks.edit_clips acted --facekit facekit.npz --out FOLDER
python -m benchmarks.edit_clips scenes --clips FOLDER --out FOLDER
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels
from stream.files.clips import Clip
from training.heads import facekit, performance
from training.heads.bundled import SPREAD, Sitter, studio_light
from training.heads.factors import Expression
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.quality import CLIP
from training.heads.renderer import Renderer
from training.heads.scene import Shot
from training.heads.sitters import MAN, SINGER, WOMAN

RATE = 25
HEADS_S = 2.0
"""Of film: each of its pictures is drawn twice."""
OTHER_S = 2.3
"""The truth's expression comes so much later in the performance: speech instead of a smile."""
HEIGHT, WIDTH = 1080, 1920
ACTED_PX, ACTED_RATE = 384, 10
ACTED = ((MAN, WOMAN), (SINGER, MAN))
"""Whose face is changed, and who drives it."""


def write_film(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    rate: int | Fraction = RATE,
    times_s: Sequence[Fraction] | None = None,
) -> Path:
    """BT.709, 8 bits; lossless where the name ends in .mkv.

    With `times_s` the pictures come at these times, in ticks of the rate.
    """
    with av.open(str(path), "w") as output:
        options = {"qp": "0"} if path.suffix == ".mkv" else {"crf": "10"}
        video = output.add_stream("libx264", rate=rate, options=options)
        video.pix_fmt = "yuv420p"
        video.codec_context.colorspace = video.codec_context.color_primaries = 1
        video.codec_context.color_trc, video.codec_context.color_range = 1, 1
        for number, pixels in enumerate(pictures):
            if not number:
                video.height, video.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=1, dst_color_range=1
            )
            time_s = Fraction(number) / rate if times_s is None else times_s[number]
            frame.pts, frame.time_base = round(time_s * rate), 1 / Fraction(rate)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return path


def heads(kit: Path, out: Path) -> None:
    """source.mp4 (1080p), truth.mkv (the same film with the driver's expression), driver.mp4."""
    count = round(HEADS_S * RATE)
    renderer = Renderer(facekit.load(kit), replace(CLIP, size_px=HEIGHT, supersampling=1.5))
    stage = Stage(renderer, MAN)

    def drawn(offset_s: float, pose_s: float | None) -> Iterator[Pixels]:
        for index in range(count):
            second = index / RATE
            pose = Pose() if pose_s is None else performance.pose_at(pose_s + second)
            yield stage.shown(pose, performance.expression_at(offset_s + second))

    write_film(out / "driver.mp4", (_small(each) for each in drawn(OTHER_S, None)))
    write_film(out / "truth.mkv", (_wide(each) for each in drawn(OTHER_S, 3.7)))
    write_film(out / "source.mkv", (_wide(each) for each in drawn(0.6, 3.7)))


class Stage:
    """One person before one backdrop."""

    def __init__(self, renderer: Renderer, sitter: Sitter) -> None:
        self._renderer = renderer
        identity = sample_identity(renderer.mesh, sitter.identity, SPREAD)
        self._actor = renderer.actor(identity, sitter.looks)
        self._shot = Shot(
            framing=sitter.framing,
            light=studio_light(sitter.key_azimuth_deg),
            backdrop=sitter.backdrop(renderer.quality.size_px),
            pose=Pose(),
            expression=sitter.expression,
            occluder=None,
        )

    def shown(self, pose: Pose, face: Expression) -> Pixels:
        """The person with this pose and face."""
        shot = replace(self._shot, pose=pose, expression=face)
        return self._renderer.render(self._actor, shot).picture


def acted(kit: Path, out: Path) -> None:
    """acted-N-source, -driver and -truth.mkv: one person by another, and as it should look.

    The whole performance drives the performance as it is five seconds later; the driver moves the
    head, too. What the measures say of the truth is their own doing.
    """
    quality = replace(CLIP, size_px=ACTED_PX, supersampling=1.5)
    renderer = Renderer(facekit.load(kit), quality)
    seconds = np.arange(0.0, performance.SECONDS, 1.0 / ACTED_RATE).tolist()

    def turned(second: float) -> float:
        return (second + performance.SECONDS / 2.0) % performance.SECONDS

    for number, (sitter, other) in enumerate(ACTED):
        person, driver = Stage(renderer, sitter), Stage(renderer, other)
        films = {
            "source": (
                person.shown(performance.pose_at(t), performance.expression_at(t)) for t in seconds
            ),
            "driver": (
                driver.shown(performance.pose_at(turned(t)), performance.expression_at(turned(t)))
                for t in seconds
            ),
            "truth": (
                person.shown(performance.pose_at(t), performance.expression_at(turned(t)))
                for t in seconds
            ),
        }
        for name, pictures in films.items():
            write_film(out / f"acted-{number}-{name}.mkv", pictures, rate=ACTED_RATE)


def _small(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, (480, 480), interpolation=cv2.INTER_AREA), np.uint8)


def _wide(picture: Pixels) -> Pixels:
    """In the middle of a wide picture whose sides go on as the head's backdrop ends."""
    side = (WIDTH - HEIGHT) // 2
    wide = cv2.copyMakeBorder(picture, 0, 0, side, side, cv2.BORDER_REFLECT)
    return np.asarray(wide, np.uint8)


def scenes(clips: Path, out: Path) -> None:
    """two.mp4, cut.mp4, leaves.mp4, hand.mp4 and the hand's place in hand.npz."""
    one = _pictures(clips / "driving_d19.mp4", 90)
    other = _pictures(clips / "driving_d18.mp4", 90)
    pairs = zip(one, other, strict=True)
    write_film(out / "two.mp4", (np.hstack(pair) for pair in pairs), rate=30)
    write_film(out / "cut.mp4", [*one[:45], *other[:45]], rate=30)
    write_film(out / "leaves.mp4", _leaving(other), rate=30)
    covered = [_with_hand(picture, index) for index, picture in enumerate(one)]
    write_film(out / "hand.mp4", (picture for picture, _ in covered), rate=30)
    np.savez_compressed(out / "hand.npz", mask=np.array([mask for _, mask in covered]))


def _pictures(path: Path, count: int) -> list[Pixels]:
    found = []
    for frame in Clip(path).frames():
        found.append(frame.pixels)
        if len(found) == count:
            break
    return found


def _leaving(pictures: list[Pixels]) -> Iterator[Pixels]:
    """The person slides out of the picture, and back in."""
    for index, picture in enumerate(pictures):
        away = min(max((38 - abs(index - 45)) / 30.0, 0.0), 1.0)
        shift = round(picture.shape[1] * away)
        shown = np.full_like(picture, 150)
        if shift < picture.shape[1]:
            shown[:, shift:] = picture[:, : picture.shape[1] - shift]
        yield shown


def _with_hand(picture: Pixels, index: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """Four fingers and a palm that come up before mouth and cheek, and go."""
    height, width = picture.shape[:2]
    up = np.clip((index - 20) / 15.0, 0.0, 1.0) * np.clip((75 - index) / 15.0, 0.0, 1.0)
    palm = (int(width * 0.36), int(height * (1.25 - 0.45 * up)))
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, palm, (int(width * 0.10), int(height * 0.13)), 20, 0, 360, 255, -1)
    for finger in range(4):
        root = (palm[0] + (finger - 1) * int(width * 0.055), palm[1] - int(height * 0.08))
        tip = (root[0] + int(width * 0.05), root[1] - int(height * (0.16 - 0.02 * (finger % 3))))
        cv2.line(mask, root, tip, 255, int(width * 0.045), cv2.LINE_AA)
    share = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32)[..., None] / 255.0
    shade = cv2.GaussianBlur(mask, (0, 0), 9.0).astype(np.float32)[..., None] / 255.0
    random = np.random.default_rng(7)
    grain = random.normal(0.0, 3.0, (height, width, 1))
    skin = np.array([214.0, 168.0, 142.0]) * (0.55 + 0.45 * shade) + grain
    shown = picture + (skin - picture) * share
    return np.rint(np.clip(shown, 0, 255)).astype(np.uint8), mask > 127


def main(arguments: list[str] | None = None) -> int:
    """Make the films."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("heads", "acted", "scenes"))
    parser.add_argument("--facekit", type=Path)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "heads":
        heads(options.facekit, options.out)
    elif options.what == "acted":
        acted(options.facekit, options.out)
    else:
        scenes(options.clips, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
