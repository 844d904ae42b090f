"""The release's four files: taken as they are, and refused in words where they are not whole."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.seeded_pdfgc import TINY, seeded_states, write_release
from engine.errors import BundleError
from engine.pdfgc.nets.layout import widths_of
from engine.pdfgc.nets.official import FILES, GENERATOR, MOTION, SOUND
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.pdfgc.widths import RELEASED


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release", TINY)


def rewritten(folder: Path, file: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    state = torch.load(folder / file)
    change(state)
    torch.save(state, folder / file)
    return folder


def test_what_nobody_runs_is_not_loaded(release: Path) -> None:
    model = PDFGC.from_official(release)
    names = set(model.state_dict())
    assert model.widths == TINY
    assert model.lips_from_pictures
    linear = {name for name in names if name.endswith("model.fc.weight")}
    assert linear == {"motion_encoder.model.fc.weight", "sound_encoder.model.fc.weight"}
    unused = ("appearance_encoder.fc", "generator.style", "generator.input")
    assert not any(name.startswith(unused) for name in names)
    assert not any(value.requires_grad for value in model.parameters())


def test_the_released_widths_are_read_off_the_released_shapes() -> None:
    with torch.device("meta"):
        model = PDFGC()
    states = [module.state_dict() for module in model.by_file()]
    assert widths_of(*states) == RELEASED
    counted = [sum(value.numel() for value in m.parameters()) / 1e6 for m in model.by_file()]
    assert counted == pytest.approx([24.0, 9.04, 7.63, 37.3], rel=5e-3)


def test_without_mouth_embed_lips_come_from_sound_only_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "release"
    write_release(folder, TINY)
    rewritten(
        folder, MOTION, lambda state: [state.pop(f"mouth_embed.1.{n}") for n in ("weight", "bias")]
    )
    # The head before it alone gives no code: it stays in the file, and is passed over.
    with caplog.at_level(logging.WARNING):
        model = PDFGC.from_official(folder)
    assert not model.lips_from_pictures
    assert "lips can come from sound only" in caplog.text
    assert set(model.motion(torch.zeros(1, 3, 224, 224))) == {"emotion", "eyes", "pose"}


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(file: str, release: Path) -> None:
    (release / file).unlink()
    with pytest.raises(BundleError, match=rf"lacks {file}\. .*unpack"):
        PDFGC.from_official(release)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no folder"):
        PDFGC.from_official(tmp_path / "gone")


def test_names_and_shapes_that_differ_are_listed(release: Path) -> None:
    def change(state: dict[str, torch.Tensor]) -> None:
        del state["conv1.noise.weight"]
        state["to_rgb1.bias"] = torch.zeros(1, 4, 1, 1)
        state["surplus"] = torch.zeros(2)

    rewritten(release, GENERATOR, change)
    with pytest.raises(BundleError) as caught:
        PDFGC.from_official(release)
    message = str(caught.value)
    for part in ("missing: conv1.noise.weight", "unknown: surplus", "wrong shape: to_rgb1.bias"):
        assert part in message
    assert "\n" not in message


def test_a_file_of_another_width_is_refused_in_words(release: Path) -> None:
    rewritten(release, SOUND, lambda s: s.update({"model.conv1.weight": torch.zeros(3, 1, 3, 3)}))
    with pytest.raises(BundleError, match=r"audio_model.pth is no .* wrong shape"):
        PDFGC.from_official(release)


class Burglar:
    """Its unpickling makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_a_file_that_would_run_code_is_refused_and_does_not_run(release: Path) -> None:
    target = release / "was here"
    torch.save({"a": Burglar(target)}, release / SOUND)
    with pytest.raises(BundleError, match="would run code"):
        PDFGC.from_official(release)
    assert not target.exists()


def test_numbers_that_are_not_finite_are_refused(release: Path) -> None:
    rewritten(release, MOTION, lambda s: s["eye_embed.1.bias"].fill_(float("inf")))
    with pytest.raises(BundleError, match=r"not finite: eye_embed\.1\.bias"):
        PDFGC.from_official(release)


def test_seeded_weights_are_the_same_every_time() -> None:
    one, other = seeded_states(TINY, 3), seeded_states(TINY, 3)
    assert all(torch.equal(one[f][n], other[f][n]) for f in FILES for n in one[f])
