"""PD-FGC's bundle: its four graphs, and what their tensors must be by the unfolded networks."""

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.pdfgc.layout import MEL_BANDS, MEL_FRAMES, MOTION, PARTS, SIZE
from engine.pdfgc.nets.folded import Encode, Generate, modulated, parts_of
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.stylegan.folded import halve
from export.bundle import Origin, Report, Source, write_graphs
from export.exact import example_pictures
from export.plans import Plan

TOLERANCE = {"fp32": 1e-4, "fp16": 0.05}
"""Largest error that is written, relative to an output's range. In fp32 the authors' own modules
are within 5e-6 of float64; fp16 is the generator's convolutions alone."""

AUTHORS = Origin(
    licence="none of their own; the user's download, not to be passed on",
    trained_on="VoxCeleb2, 224 x 224",
)


def write_pdfgc(
    model: PDFGC,
    out: Path,
    *,
    origin: Origin = AUTHORS,
    precision: str = "fp32",
    force: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Write a bundle; `tell` gets a line for each graph that is done.

    Raises:
        BundleError: a written graph does not compute what PyTorch does.
        OutputError: the folder exists, or cannot be written.
    """
    widths = model.widths
    source = Source(
        family="pdfgc",
        sizes={
            "picture": SIZE,
            "code": widths.code,
            "motion": MOTION,
            "channels": list(widths.generator),
            "stems": [widths.appearance, widths.motion, widths.sound],
            "lips_from_pictures": int(model.lips_from_pictures),
        },
        exact=partial(exact_tensors, model),
        plans=partial(plans, model),
        tolerance=TOLERANCE,
    )
    return write_graphs(source, out, origin=origin, precision=precision, force=force, tell=tell)


def exact_tensors(model: PDFGC) -> dict[str, Tensor]:
    """All inputs and outputs of the graphs, float64, batch 1."""
    exact = copy.deepcopy(model).double()
    pictures = example_pictures(SIZE)
    window = example_pictures(MEL_BANDS, count=1, seed=8)[:, :1, :, :MEL_FRAMES].abs()
    portrait, driving = pictures[:1], pictures[1:]
    with torch.inference_mode():
        code, start = exact.appearance(portrait)
        codes = exact.motion(driving)
        heard = exact.speech(window)
        motion = torch.cat([codes.get(part, heard) for part in PARTS], dim=1)
        drawn = exact.render((code, start), **parts_of(motion))
        appearance = torch.cat([code, torch.zeros(1, MOTION, dtype=torch.float64)], dim=1)
        modulation = torch.cat([c.modulation(appearance) for c in modulated(exact)], dim=1)
    return {
        "portrait": portrait,
        "driving": driving,
        "window": window,
        "map": start,
        "modulation": modulation,
        "motion": motion,
        "heard": heard,
        "drawn": drawn,
        **codes,
    }


def plans(model: PDFGC, precision: str) -> Iterator[Plan]:
    """The graphs one after the other, so that only one copy of the weights is alive at a time."""
    yield Plan(
        name="encode",
        module=Encode(model).eval(),
        inputs={"picture": "portrait"},
        outputs={"map": "map", "modulation": "modulation"},
    )
    yield Plan(
        name="read",
        module=_single(model.motion_encoder),
        inputs={"picture": "driving"},
        outputs={part: part for part in model.motion_encoder.parts},
    )
    yield Plan(
        name="hear",
        module=_single(model.sound_encoder),
        inputs={"window": "window"},
        outputs={"lips": "heard"},
    )
    generate = Generate(model).eval()
    if precision == "fp16":
        halve(generate)
    yield Plan(
        name="generate",
        module=generate,
        inputs={name: name for name in ("map", "modulation", "motion")},
        outputs={"picture": "drawn"},
    )


def _single(module: nn.Module) -> nn.Module:
    """A copy in float32, as a graph computes."""
    return copy.deepcopy(module).float().eval()
