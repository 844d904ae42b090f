"""The networks equal the authors': on golden outputs of theirs, and on our own slow twin."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import engine.nets.pdfgc as door
from benchmarks.authors_pdfgc import synthesis
from engine.pdfgc.layout import INDICES, MOTION, PARTS
from engine.pdfgc.nets.folded import Encode, Generate, parts_of
from engine.pdfgc.nets.motion import Hourglass
from engine.pdfgc.nets.pdfgc import PDFGC
from tests.pdfgc_made import motions, pictures, tiny_pdfgc, windows

PARITY = Path(__file__).parents[2] / "shared" / "pdfgc_parity"

needs_parity = pytest.mark.skipif(not PARITY.exists(), reason=f"no {PARITY} on this machine")


def relative_error(result: Tensor, reference: Tensor | np.ndarray) -> float:
    """Largest difference over the reference's range."""
    wanted = np.asarray(reference, np.float64)
    return float(np.abs(result.double().numpy() - wanted).max() / np.ptp(wanted))


@needs_parity
@pytest.mark.slow
def test_in_float64_codes_and_pictures_equal_the_authors_golden_outputs(tmp_path: Path) -> None:
    """Through the public door; lips from sound, the rest from three pictures, as the demo mixes."""
    seeded: dict[str, Any] = runpy.run_path(str(PARITY / "seeded.py"))
    seeded["save"](tmp_path)
    model = door.PDFGC.from_official(tmp_path).double()
    golden = np.load(PARITY / "golden.npz")
    people = {"source": 0, "eyes": 2, "pose": 3, "emotion": 4}  # rows of the golden arrays
    shown = {who: torch.from_numpy(seeded["picture"](who)).double() for who in people}
    code, start = model.appearance(shown["source"])
    assert relative_error(code, golden["appearance_code"]) < 1e-6
    assert relative_error(start, golden["appearance_map"]) < 1e-6
    found = {who: model.motion(shown[who]) for who in ("eyes", "pose", "emotion")}
    for who, codes in found.items():
        for part, number in codes.items():
            assert relative_error(number, golden[part][people[who]][None]) < 1e-6
    window = torch.from_numpy(golden["mel"][40:60].T.copy()).double()[None, None]
    lips = model.speech(window)
    assert relative_error(lips, golden["speech_lips"][10:11]) < 1e-6
    codes = {part: found[part][part] for part in ("emotion", "eyes", "pose")}
    drawn = model.render((code, start), lips, **codes)
    assert relative_error(drawn, golden["image_mixed"]) < 1e-6


def test_the_static_generator_draws_what_the_grouped_one_draws() -> None:
    model = tiny_pdfgc()
    code, start = model.appearance(pictures(2))
    motion = motions(2)
    drawn = model.render((code, start), **parts_of(motion))
    style = torch.cat([code, motion], dim=1)
    wanted = synthesis(style, start, model.generator.state_dict())
    assert relative_error(drawn, wanted) < 1e-12
    assert 0.2 < float(wanted.std()) < 0.9  # a picture, far from the ends of tanh


def test_a_folded_portrait_and_motion_draw_the_same_picture() -> None:
    model = tiny_pdfgc()
    picture, motion = pictures(1), motions(1)
    wanted = model.render(model.appearance(picture), **parts_of(motion))
    with torch.inference_mode():
        start, modulation = Encode(model)(picture.float())
        drawn = Generate(model)(start, modulation, motion.float())
    assert relative_error(drawn, wanted) < 1e-5


def test_a_batch_is_what_its_pictures_are_one_by_one() -> None:
    model = tiny_pdfgc()
    both = model.motion(pictures(2))
    for row in range(2):
        alone = model.motion(pictures(2)[row : row + 1])
        for part, length in PARTS.items():
            assert both[part].shape == (2, length)
            assert relative_error(both[part][row : row + 1], alone[part]) < 1e-12
    heard = model.speech(windows(2))
    assert relative_error(heard[1:], model.speech(windows(2)[1:])) < 1e-12


def test_noise_is_the_same_at_every_picture() -> None:
    """The release draws it at random once; here it is what the file has."""
    model = tiny_pdfgc()
    appearance, codes = model.appearance(pictures(1)), parts_of(motions(1))
    first = model.render(appearance, **codes)
    assert torch.equal(model.render(appearance, **codes), first)
    noise = model.generator.noises.get_buffer("noise_9")
    kept = noise.clone()
    noise.zero_()
    other = model.render(appearance, **codes)
    noise.copy_(kept)
    assert not torch.equal(other, first)


def test_the_hourglass_returns_to_sizes_that_are_no_doubling() -> None:
    with torch.no_grad():
        assert Hourglass(4, 16).eval()(torch.zeros(1, 16, 56, 56)).shape == (1, 16, 56, 56)


def test_the_factors_share_all_numbers_of_a_motion_among_them() -> None:
    numbers = sorted(number for indices in INDICES.values() for number in indices)
    assert numbers == list(range(MOTION)) == list(range(sum(PARTS.values())))
    start = PARTS["lips"] + PARTS["emotion"]
    assert [number - start for number in INDICES["gaze"]] == [2, 3]
    assert [number - start for number in INDICES["blink"]] == [0, 1, 4, 5]


def test_the_door_is_the_class_itself() -> None:
    assert door.PDFGC is PDFGC
