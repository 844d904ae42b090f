"""The PD-FGC family behind the model protocol: portraits, drivers, rest, sound, what it says."""

import logging
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import BundleError, InputError
from engine.faces.face import Face
from engine.families import BUNDLED, find_family
from engine.frame import Frame, Pixels
from engine.model import Driver, Model, Portrait, ReadsAhead
from engine.motion import FACTORS, MODES, Edit, Factor
from engine.pdfgc import model as module
from engine.pdfgc.alignment import aligned
from engine.pdfgc.graphs import Appearance, PdfgcGraphs, to_network
from engine.pdfgc.hearing import windows_of
from engine.pdfgc.layout import INDICES, MOTION
from engine.pdfgc.model import PdfgcModel, load_bundle
from engine.pdfgc.motion import PdfgcMotion
from engine.pdfgc.nets.folded import parts_of
from engine.reenactor import Look, Reenactor
from engine.runtimes.base import Array
from engine.runtimes.registry import OPENVINO
from tests.faces_made import made_face, textured
from tests.pdfgc_made import tiny_pdfgc

SQUARE = 160
"""Side of the picture in which the made face, scaled, is framed as by `--frame face`."""
FRAME_NS = 40_000_000


def square(seed: int = 3) -> tuple[Pixels, Face]:
    return textured(SQUARE, seed), made_face(SQUARE, scale=1.25)


def whole() -> tuple[Pixels, Face]:
    """240 x 320, a rolled face right of the middle."""
    face = made_face(160, roll=20.0).moved(1.0, (120.0, 30.0))
    return np.ascontiguousarray(textured(320)[:240]), face


class Counting(PdfgcGraphs):
    """The graphs, and how often each was asked."""

    def __init__(self, graphs: PdfgcGraphs) -> None:
        super().__init__(graphs._graphs, reads_lips=graphs.reads_lips)
        self.asked = dict.fromkeys(("encode", "read", "hear", "draw"), 0)

    def encode(self, picture: Array) -> Appearance:
        self.asked["encode"] += 1
        return super().encode(picture)

    def read(self, picture: Array) -> Array:
        self.asked["read"] += 1
        return super().read(picture)

    def hear(self, window: Array) -> Array:
        self.asked["hear"] += 1
        return super().hear(window)

    def draw(self, appearance: Appearance, codes: Array) -> Array:
        self.asked["draw"] += 1
        return super().draw(appearance, codes)


@pytest.fixture(scope="module")
def loaded(pdfgc_bundle: Path) -> PdfgcModel:
    return load_bundle(pdfgc_bundle, OPENVINO.name, threads=1)


@pytest.fixture
def counting(loaded: PdfgcModel) -> Counting:
    return Counting(loaded.graphs)


@pytest.fixture
def model(counting: Counting) -> PdfgcModel:
    return PdfgcModel(counting)


@pytest.fixture(scope="module")
def motion(loaded: PdfgcModel) -> PdfgcMotion:
    return loaded.driver().read(*square(seed=8), 0)


def test_it_keeps_the_protocol(loaded: PdfgcModel) -> None:
    kept: Model[PdfgcMotion] = loaded
    driver: Driver[PdfgcMotion] = kept.driver()
    portrait: Portrait[PdfgcMotion] = kept.enroll(*square())
    assert isinstance(loaded, ReadsAhead)
    assert portrait.still().shape == (SQUARE, SQUARE, 3)
    assert portrait.for_stream() is portrait
    assert driver.neutral == "none"
    driver.recalibrate()
    driver.calibrate(*square())


def test_the_registry_finds_it_by_its_bundle(pdfgc_bundle: Path) -> None:
    family = find_family(str(pdfgc_bundle))
    assert family.name == "pdfgc"
    assert family.can.named_factors
    assert not family.can.neutral
    assert "pdfgc" in BUNDLED


def test_what_is_drawn_is_what_the_pytorch_networks_draw(
    loaded: PdfgcModel, motion: PdfgcMotion
) -> None:
    """Through alignment, graphs, what is kept of the portrait, and the demo's gains."""
    picture, face = square()
    portrait = loaded.enroll(picture, face)
    edited = motion.edited(Edit()).over(portrait._own)
    drawn = portrait._drawn(edited)
    reference = tiny_pdfgc()
    crop = torch.from_numpy(to_network(aligned(face).cut(picture))).double()
    wanted = reference.render(
        reference.appearance(crop), **parts_of(torch.from_numpy(edited)[None].double())
    ).numpy()
    assert np.abs(drawn - wanted).max() < 1e-3 * np.ptp(wanted)
    driving, driving_face = square(seed=8)
    read = reference.motion(
        torch.from_numpy(to_network(aligned(driving_face).cut(driving))).double()
    )
    found = np.concatenate([code[0].numpy() for code in read.values()])
    assert np.abs(motion.codes - found).max() < 1e-3 * np.ptp(found)


@pytest.mark.parametrize("mode", MODES)
def test_a_face_square_stands_alone_in_every_mode(
    mode: str, loaded: PdfgcModel, motion: PdfgcMotion
) -> None:
    portrait = loaded.enroll(*square())
    assert portrait.modes == frozenset(MODES)
    result = portrait.render(motion, Edit(mode=mode))  # type: ignore[arg-type]
    assert result.shape == (SQUARE, SQUARE, 3)
    assert not np.array_equal(result, portrait.still())


def test_an_expression_goes_back_into_the_whole_picture_turned_as_it_lay(
    loaded: PdfgcModel, motion: PdfgcMotion
) -> None:
    picture, face = whole()
    portrait = loaded.enroll(picture, face)
    result = portrait.render(motion, Edit(mode="expression"))
    assert result.shape == picture.shape
    changed = (result != picture).any(axis=2)
    to_crop = aligned(face).to_crop
    y, x = np.mgrid[:240, :320]
    place = np.stack([x, y], axis=2) @ to_crop[:, :2].T + to_crop[:, 2]
    inside = ((place > -1) & (place < 224)).all(axis=2)
    assert changed[inside].mean() > 0.3
    assert not changed[~inside].any()
    left, top, right, bottom = (round(edge) for edge in face.box)
    assert changed[top:bottom, left:right].mean() > 0.9
    with pytest.raises(InputError, match="PD-FGC cannot put a moved head back"):
        portrait.render(motion, Edit(mode="both"))


def test_motion_eased_to_the_end_shows_the_still_picture(
    loaded: PdfgcModel, motion: PdfgcMotion
) -> None:
    portrait = loaded.enroll(*whole())
    eased = portrait.render(motion.eased(1.0), Edit(mode="expression"))
    np.testing.assert_array_equal(eased, portrait.still())


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_moves_the_picture(
    factor: Factor, loaded: PdfgcModel, motion: PdfgcMotion
) -> None:
    """On seeded weights: that it does shows the path, not what it looks like."""
    portrait = loaded.enroll(*square())
    own = PdfgcMotion.of(portrait._own)
    before = portrait._drawn(own.over(portrait._own))
    after = portrait._drawn(own.with_factor(factor, motion).over(portrait._own))
    assert np.abs(after - before).max() > 0.01 * np.ptp(before)


def test_a_portrait_is_encoded_and_read_once(model: PdfgcModel, counting: Counting) -> None:
    portrait = model.enroll(*square())
    portrait.prepare()
    portrait.still()
    for seed in range(3):
        portrait.render(PdfgcMotion.of(np.full(MOTION, 0.1 * seed, np.float32)), Edit())
    assert counting.asked == {"encode": 1, "read": 1, "hear": 0, "draw": 4}


def test_the_same_driving_picture_is_read_once(model: PdfgcModel, counting: Counting) -> None:
    driver = model.driver()
    picture, face = square(seed=8)
    first = driver.read(picture, face, 0)
    again = driver.read(picture.copy(), face, FRAME_NS)
    np.testing.assert_array_equal(again.codes, first.codes)
    assert counting.asked["read"] == 1
    driver.read(square(seed=9)[0], face, 2 * FRAME_NS)
    assert counting.asked["read"] == 2


def test_a_recording_replays_without_a_network_and_comes_to_rest(
    model: PdfgcModel, counting: Counting
) -> None:
    reader = model.reader()
    motions: list[PdfgcMotion | None] = [
        reader.read(*square(seed=20 + index), index * FRAME_NS) for index in range(3)
    ]
    times = np.arange(4, dtype=np.int64) * FRAME_NS
    performed = model.performed(times, [*motions, None], Fraction(25))
    asked = dict(counting.asked)
    assert performed.motion(3) is None
    shown = performed.motion(1)
    assert shown is not None
    poses = [motion.part("pose") for motion in motions if motion is not None]
    np.testing.assert_allclose(shown.part("pose"), np.mean(poses, axis=0), atol=1e-5)
    assert motions[1] is not None
    np.testing.assert_array_equal(shown.part("lips"), motions[1].part("lips"))
    assert counting.asked == asked


def test_windows_stand_where_their_picture_is_heard() -> None:
    mel = np.arange(40, dtype=np.float32)[:, None].repeat(80, axis=1) + 1
    windows = windows_of(mel)
    assert windows.shape == (10, 80, 20)
    for picture in (2, 5):
        begin = 4 * (picture - 2)  # to 4 (picture + 3) - 1: from -150 to +120 ms
        np.testing.assert_array_equal(windows[picture][0], mel[begin : begin + 20, 0])
    assert (windows[0][:, :8] == 0).all()
    assert windows[0][0, 8] == 1
    assert (windows[9][:, 12:] == 0).all()
    assert windows_of(np.zeros((0, 80), np.float32)).shape == (1, 80, 20)
    with pytest.raises(ValueError, match="log-mel"):
        windows_of(np.zeros((5, 40), np.float32))


def test_a_sound_moves_the_lips_alone(model: PdfgcModel, counting: Counting) -> None:
    mel = np.random.default_rng(4).uniform(0, 1, (40, 80)).astype(np.float32)
    performed = model.heard(mel)
    assert performed.frames == counting.asked["hear"] == 10
    heard = [counting.hear(window) for window in windows_of(mel)[3:6]]
    near = np.exp([-0.5, 0.0, -0.5])
    wanted = sum(w * code for w, code in zip(near / near.sum(), heard, strict=True))
    np.testing.assert_allclose(performed.codes[4][INDICES["lips"]], wanted, atol=1e-5)
    others = [n for n in range(MOTION) if n not in INDICES["lips"]]
    assert not performed.codes[:, others].any()


def test_the_step_reenacts_and_a_mixer_takes_its_part(loaded: PdfgcModel) -> None:
    class Fixed:
        def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
            return made_face(SQUARE, scale=1.25)

        def reset(self) -> None:
            pass

    results = []
    for source in (None, "zero"):
        reenactor = Reenactor(model=loaded, tracker=Fixed())
        mixer = loaded.mixer()
        if source:
            mixer.switch_off("lips")
            mixer.restart()
        reenactor.set_portrait(*square())
        reenactor.look = Look(portrait=reenactor.look.portrait, mixer=mixer)
        frames = [Frame(pixels=textured(SQUARE, 8 + i), captured_ns=i * FRAME_NS) for i in range(2)]
        results.append([reenactor.step(frame).pixels for frame in frames])
    assert not np.array_equal(results[0][0], results[0][1])
    assert not np.array_equal(results[0][1], results[1][1])


def test_a_slow_machine_is_told_how_slow_before_anything_starts(
    loaded: PdfgcModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(PdfgcModel, "_seconds_per_picture", lambda self: 0.4)
    with caplog.at_level(logging.INFO):
        loaded.tell_rate("openvino")
    assert "draws about 2.5 pictures a second here, by openvino" in caplog.text
    assert "takes about 10 minutes" in caplog.text
    caplog.clear()
    monkeypatch.setattr(PdfgcModel, "_seconds_per_picture", lambda self: 0.01)
    with caplog.at_level(logging.INFO):
        loaded.tell_rate("cuda")
    assert [record.levelno for record in caplog.records] == [logging.INFO]


def test_loading_measures_the_rate(loaded: PdfgcModel) -> None:
    assert 0 < loaded._seconds_per_picture() < 60
    assert module.LIVE_RATE == 20


def test_another_familys_bundle_is_refused(dpe_bundle: Path) -> None:
    with pytest.raises(BundleError, match="not of PD-FGC"):
        load_bundle(dpe_bundle, OPENVINO.name)
