"""The moving picture of an enrolment in README.md: one still against fifteen filmed seconds.

    python -m benchmarks.enrolled_picture --facekit facekit.npz --out docs/enrolled.webp

A rendered head is filmed as a user would be, is enrolled, and does what the bundled driver does:
driver, the portrait from one still, the portrait from the clip, and the truth, which is the same
head rendered with the driver's own expressions. For eyes, not for figures.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import pi, sin
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from benchmarks.webp import write_webp
from engine.frame import Frame, Pixels
from stream.cli.factories import load_model, tracker_maker
from stream.enroll.person import enroll
from stream.files.bundled import ASSETS
from stream.files.clip_writer import clip_writer
from stream.files.clips import Clip
from stream.files.portrait_file import save_portrait
from stream.render.job import RenderJob, render
from training.heads import facekit, performance
from training.heads.bundled import SPREAD, Sitter, studio_light
from training.heads.factors import VISEMES, Expression, Shapes, Weights
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.quality import CLIP
from training.heads.renderer import Renderer
from training.heads.scene import Shot
from training.heads.sitters import SINGER

DRIVING = ASSETS / "driving.mp4"
PER_SECOND = 10
"""Frames that are rendered, and shown: a head takes a second of a CPU."""
FILMED_S = 15.0
SHOWN_S = (0.5, 9.9)
"""Of the driver's performance."""
SIZE, SIDE = 512, 320
"""Of what is rendered, and of each head in the picture, in pixels."""
FACE = slice(96, 456), slice(76, 436)
"""Rows and columns that are shown of what is rendered: the face, and where it goes."""
QUALITY = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the person is asked to do for a while."""

    begin_s: float
    end_s: float
    lips: Weights | None = None
    brows: Weights | None = None
    emotion: Weights | None = None
    blink: float = 0.0
    yaw_deg: float = 0.0

    def amount(self, second: float) -> float:
        """0 before and after, 1 in its middle."""
        share = (second - self.begin_s) / (self.end_s - self.begin_s)
        return sin(pi * share) ** 2 if 0.0 < share < 1.0 else 0.0


PROMPTS = (
    Prompt(begin_s=1.2, end_s=2.8, emotion={"mouthSmile": 0.9, "cheekSquint": 0.5}),
    Prompt(
        begin_s=2.8,
        end_s=4.2,
        emotion={"mouthSmile": 0.7},
        lips={"mouthUpperUp": 0.4, "mouthLowerDown": 0.4},
    ),
    Prompt(begin_s=4.2, end_s=5.4, lips=VISEMES["EE"]),
    Prompt(begin_s=5.4, end_s=6.9, lips=VISEMES["AA"]),
    Prompt(begin_s=6.9, end_s=8.1, lips=VISEMES["OH"]),
    Prompt(begin_s=8.1, end_s=9.2, lips={"mouthPucker": 1.0, "mouthFunnel": 0.3}),
    Prompt(begin_s=9.2, end_s=10.6, blink=1.0),
    Prompt(begin_s=10.6, end_s=12.0, brows={"browInnerUp": 0.95, "browOuterUp": 0.95}),
    Prompt(begin_s=12.0, end_s=13.2, brows={"browDown": 0.9}),
    Prompt(begin_s=13.2, end_s=14.1, yaw_deg=12.0),
    Prompt(begin_s=14.1, end_s=15.0, yaw_deg=-12.0),
)
"""As the page asks for them; see docs/live.md."""


def filmed(second: float) -> tuple[Pose, Expression]:
    """What the person does for the enrolment at a time."""
    amounts = [(prompt, prompt.amount(second)) for prompt in PROMPTS]

    def weighed(weights: Callable[[Prompt], Weights | None]) -> Shapes:
        found: Weights = {}
        for prompt, amount in amounts:
            for name, weight in (weights(prompt) or {}).items():
                found[name] = found.get(name, 0.0) + amount * weight
        return Shapes(weights=found)

    blink = sum(prompt.blink * amount for prompt, amount in amounts)
    yaw = sum(prompt.yaw_deg * amount for prompt, amount in amounts)
    expression = Expression(
        lips=weighed(lambda prompt: prompt.lips),
        brows=weighed(lambda prompt: prompt.brows),
        emotion=weighed(lambda prompt: prompt.emotion),
        blink=(blink, blink),
    )
    sway = Pose(yaw=float(np.radians(yaw + 0.5 * sin(0.9 * second))), shift_x=0.1 * sin(second))
    return sway, expression


def performed(second: float) -> tuple[Pose, Expression]:
    """What the bundled driver does at a time."""
    return performance.pose_at(second), performance.expression_at(second)


def rendered(
    renderer: Renderer, sitter: Sitter, acts: list[tuple[Pose, Expression]]
) -> Iterator[Pixels]:
    """The sitter doing these."""
    actor = renderer.actor(sample_identity(renderer.mesh, sitter.identity, SPREAD), sitter.looks)
    shot = Shot(
        framing=sitter.framing,
        light=studio_light(sitter.key_azimuth_deg),
        backdrop=sitter.backdrop(renderer.quality.size_px),
        pose=sitter.pose,
        expression=sitter.expression,
        occluder=None,
    )
    for pose, expression in acts:
        yield renderer.render(actor, replace(shot, pose=pose, expression=expression)).picture


def times(begin_s: float, end_s: float) -> list[float]:
    """The moments that are rendered."""
    return [begin_s + index / PER_SECOND for index in range(round((end_s - begin_s) * PER_SECOND))]


def write(path: Path, pictures: Iterator[Pixels]) -> None:
    """A clip of some pictures."""
    with clip_writer(path, width=SIZE, height=SIZE, rate=Fraction(PER_SECOND), force=True) as out:
        for index, picture in enumerate(pictures):
            out.write(Frame(pixels=picture, captured_ns=index * 1_000_000_000 // PER_SECOND))
        out.finish(whole=True)


def shown(clip: Path, begin_s: float) -> list[Pixels]:
    """The frames of a clip at the moments that are shown, in the size of a cell."""
    opened = Clip(clip)
    last = times(*SHOWN_S)
    wanted = [round((second - begin_s) * float(opened.rate)) for second in last]
    found = dict(opened.numbered(set(wanted).__contains__))
    return [
        np.asarray(
            cv2.resize(found[number].pixels[FACE], (SIDE, SIDE), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
        for number in wanted
        if number in found
    ]


def columns(folder: Path, head: Path) -> list[list[Pixels]]:
    """Driver, portrait from a still, portrait from the clip, truth; clips there are kept."""
    film, truth = folder / "filmed.mp4", folder / "truth.mp4"
    if not (film.exists() and truth.exists()):
        renderer = Renderer(facekit.load(head), replace(CLIP, size_px=SIZE))
        write(film, rendered(renderer, SINGER, [filmed(second) for second in times(0, FILMED_S)]))
        acts = [performed(second) for second in times(*SHOWN_S)]
        write(truth, rendered(renderer, SINGER, acts))
    model, make_tracker = load_model("rig", mouth="auto"), tracker_maker("mesh")
    enrolment = enroll([film], make_tracker())
    assert enrolment is not None
    still, portrait = folder / "still.png", folder / "singer.portrait"
    Image.fromarray(enrolment.portrait.picture).save(still)
    save_portrait(portrait, enrolment.portrait, force=True)
    found = [shown(DRIVING, 0.0)]
    for source in (still, portrait):
        out = folder / f"{source.suffix[1:]}.mp4"
        job = RenderJob(portrait=source, driving=DRIVING, out=out, size=SIZE, force=True)
        render(job, model=model, make_tracker=make_tracker)
        found.append(shown(out, 0.0))
    return [*found, shown(truth, SHOWN_S[0])]


def main(arguments: list[str] | None = None) -> int:
    """Render, enrol, animate, and write the result as an animated WebP."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--facekit", type=Path, required=True, help="the FaceKit arrays")
    parser.add_argument("--out", type=Path, required=True, help=".webp")
    parser.add_argument("--folder", type=Path, help="keep the clips there, and use them again")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        rows = list(zip(*columns(folder, options.facekit), strict=True))
    write_webp(options.out, rows, duration_ms=round(1000 / PER_SECOND), quality=QUALITY)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
