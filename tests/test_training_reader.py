"""The reader's samples repeat to the bit, and what is learned from them reads faces."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.errors import InputError
from engine.faces.mesh_tracker import MeshTracker
from engine.motion import ARKIT_NAMES
from engine.rig.driver.driver import RigDriver
from engine.rig.motion.arkit_reader import UNREAD, load_reader, parse_reader
from tests.heads_here import FACEKIT, NEEDS_HEADS
from training.cli import app
from training.heads import facekit
from training.heads.appearance import sample_appearance
from training.heads.factors import Expression, Shapes
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import sample_shot
from training.heads.seeds import Seeds
from training.reader import run as reading
from training.reader import samples
from training.reader.faces import faces_of, neutral_face, probes_of
from training.reader.features import OTHER_SIDE, Rows, exact_twins, mirror_of_basis, rows_of
from training.reader.learn import Recipe, learned_reader
from training.reader.measure import GROUPS, members, scores

UNSEEN = samples.HELD_OUT + 500
QUICK = Recipe(components=60, steps=300, hidden=(16, 16))


def drawn(people: int, faces: int = 30) -> Rows:
    """Faces as the rig's own shapes move them, nothing rendered."""
    random = np.random.default_rng(people)
    count = people * faces
    truth = random.uniform(0, 1, (count, 52)) * (random.uniform(0, 1, (count, 52)) < 0.1)
    truth[:, [ARKIT_NAMES.index(name) for name in UNREAD]] = 0.0
    nothing = Rows(
        offsets=np.zeros((count, 478, 3), np.float32),
        aperture=np.ones((count, 2), np.float32),
        truth=truth.astype(np.float32),
        probe=np.full(count, -1, np.int16),
        person=np.repeat(np.arange(people, dtype=np.int32), faces),
    )
    return exact_twins(nothing)


def some_person(seed: int) -> samples.PersonSamples:
    rows = drawn(seed + 1, 3)
    return samples.PersonSamples(
        offsets=rows.offsets,
        aperture=rows.aperture,
        coefficients=rows.truth,
        probe=rows.probe,
    )


def test_a_seed_draws_the_same_faces_again_and_another_seed_others() -> None:
    assert faces_of(3) == faces_of(3)
    assert neutral_face(3) == neutral_face(3)
    assert faces_of(3) != faces_of(4)
    names = [name for name, _ in probes_of(3)]
    assert len(set(names)) == len(names)


def test_every_group_has_its_own_coefficients_and_all_are_in_one() -> None:
    grouped = [ARKIT_NAMES[k] for group in GROUPS for k in members(group)]
    assert sorted([*grouped, *UNREAD]) == sorted(ARKIT_NAMES)


def test_facekits_weights_get_arkits_names() -> None:
    names = ("browInnerUp_L", "browInnerUp_R", "eyeBlink_L", "jawOpen")
    values = samples.arkit_of(np.array([0.4, 0.6, 0.3, 1.1], np.float32), names)
    found = {name: float(v) for name, v in zip(ARKIT_NAMES, values, strict=True) if v > 0}
    assert found == pytest.approx({"browInnerUp": 0.5, "eyeBlinkLeft": 0.3, "jawOpen": 1.0})


def test_in_a_mirror_left_is_right_and_twice_is_nothing() -> None:
    rows = drawn(2)
    mirrored = rows.mirrored(mirror_of_basis())
    left, right = (ARKIT_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    np.testing.assert_array_equal(mirrored.truth[:, left], rows.truth[:, right])
    np.testing.assert_array_equal(OTHER_SIDE[OTHER_SIDE], np.arange(52))
    twin = exact_twins(mirrored)
    np.testing.assert_allclose(mirrored.offsets, twin.offsets, atol=1e-4)
    np.testing.assert_allclose(mirrored.aperture, twin.aperture, atol=1e-5)


def test_a_reader_is_learned_the_same_way_twice_and_reads_people_it_never_saw(
    tmp_path: Path,
) -> None:
    learned, fresh = drawn(20), drawn(5)
    first, again = (learned_reader(learned, QUICK) for _ in range(2))
    np.testing.assert_array_equal(first.direct, again.direct)
    np.testing.assert_array_equal(first.weights[2], again.weights[2])
    of = scores(first.read(fresh.offsets, fresh.aperture), fresh)
    assert min(of[group].correlation for group in ("lips", "emotion", "gaze")) > 0.8
    path = tmp_path / "reader.npz"
    reading.write(first, path, reading.Run(facekit=FACEKIT, folder=tmp_path, recipe=QUICK))
    written = parse_reader(path.read_bytes())
    np.testing.assert_allclose(
        written.read(fresh.offsets, fresh.aperture),
        first.read(fresh.offsets, fresh.aperture),
        atol=0.01,
    )


def test_a_person_on_disk_comes_back_and_is_not_made_again(tmp_path: Path) -> None:
    class Counting:
        made: list[int] = []  # noqa: RUF012

        def make(self, seed: int, *, probed: bool = False) -> samples.PersonSamples:
            self.made.append(seed)
            assert probed == (seed >= samples.HELD_OUT)
            return some_person(seed % 7)

    maker = Counting()
    for _ in range(2):
        samples.fill(maker, tmp_path, [1, 2, samples.HELD_OUT], lambda done: None)  # type: ignore[arg-type]
    assert maker.made == [1, 2, samples.HELD_OUT]
    assert not list(tmp_path.glob("*.part"))
    found = rows_of(samples.people(tmp_path, range(3)))
    np.testing.assert_array_equal(found.truth[:3], some_person(1).coefficients[:3])
    with pytest.raises(InputError, match="understudy train reader"):
        reading.rows(tmp_path, range(50, 60))


@pytest.fixture(scope="module")
def maker() -> Iterator[samples.SampleMaker]:
    renderer = Renderer(facekit.load(FACEKIT), samples.QUALITY)
    yield samples.SampleMaker(renderer, MeshTracker())
    renderer.context.release()


@pytest.mark.slow
@NEEDS_HEADS
class TestRendered:
    def test_a_seed_gives_the_same_samples_to_the_bit(self, maker: samples.SampleMaker) -> None:
        first = maker.make(5)
        maker.make(6)  # another person in between
        again = maker.make(5)
        assert first is not None
        assert again is not None
        assert len(first) >= 20
        np.testing.assert_array_equal(first.offsets, again.offsets)
        np.testing.assert_array_equal(first.aperture, again.aperture)
        np.testing.assert_array_equal(first.coefficients, again.coefficients)
        assert first.coefficients.max() > 0.5

    def test_an_opening_jaw_is_read_as_opening(self) -> None:
        renderer, tracker = Renderer(facekit.load(FACEKIT), samples.QUALITY), MeshTracker()
        driver = RigDriver()
        actor = renderer.actor(
            sample_identity(renderer.mesh, UNSEEN), sample_appearance(UNSEEN).plain()
        )
        still = replace(
            sample_shot(Seeds.all(3), 256), pose=Pose(), expression=Expression(), occluder=None
        )
        jaws: list[float] = []
        smiles: list[float] = []
        for opened in (0.0, 0.25, 0.5, 0.75, 1.0):
            face = Expression(lips=Shapes(weights={"jawOpen": opened}))
            picture = renderer.render(actor, replace(still, expression=face)).picture
            tracker.reset()
            found = tracker.find(picture)
            assert found is not None
            if not jaws:
                driver.calibrate(picture, found)
            motion = driver.read(picture, found, 0)
            read = load_reader().read(motion.offsets[None], motion.aperture[None])[0]
            jaws.append(float(read[ARKIT_NAMES.index("jawOpen")]))
            smiles.append(float(read[ARKIT_NAMES.index("mouthSmileLeft")]))
        renderer.context.release()
        assert jaws == sorted(jaws)
        assert jaws[0] < 1e-5
        assert jaws[-1] > 0.6
        assert max(smiles) < 0.2

    def test_the_command_makes_a_reader(self, tmp_path: Path) -> None:
        out = tmp_path / "reader.npz"
        asked = ["train", "reader", "--out", str(out), "--samples", str(tmp_path / "samples")]
        asked += ["--facekit", str(FACEKIT), "--people", "4", "--held-out", "1", "--steps", "20"]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 0, done.output
        assert "held-out people: lips" in done.output
        assert parse_reader(out.read_bytes()).directions.shape[1] > 30
        assert len(list((tmp_path / "samples").glob("person_*.npz"))) == 5
